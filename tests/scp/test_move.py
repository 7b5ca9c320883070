"""C-MOVE as SCP: configured destinations, counters, time limits, cancel."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

from pydicom.dataset import Dataset
from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.logger import capturedLogs
from zope.interface import implementer
from zope.interface.verify import verifyObject

from tests.association.pair import EXPLICIT
from tests.scp.asking import Asking, ProviderCase, ask_for
from tests.scp.instances import Kept, Selecting, one_by_one, selecting
from txdicomtls import uids
from txdicomtls.dimse import CMoveRQ, Suboperations
from txdicomtls.errors import (
    AssociationAborted,
    NotAuthorized,
    OutOfResources,
    PeerUnreachable,
)
from txdicomtls.instance import OutgoingInstance
from txdicomtls.interfaces import (
    IDestinations,
    INegotiatingService,
    ISender,
    Originator,
    Outcome,
)
from txdicomtls.scp import Move, OperationLimits

MOVE = 1


def move(destination: str = "ELSEWHERE") -> CMoveRQ:
    """A C-MOVE request."""
    return CMoveRQ(
        affected_sop_class_uid=uids.STUDY_ROOT_MOVE, message_id=7, move_destination=destination
    )


def identifier() -> Dataset:
    """The identifier of a C-MOVE."""
    keys = Dataset()
    keys.QueryRetrieveLevel = "STUDY"
    keys.StudyInstanceUID = "1.2"
    return keys


@implementer(ISender)
class Sender:
    """A destination that answers as the test says.

    :param answers: for each instance a status, an error to be raised, or a Deferred of a status.
    :ivar sent: SOP Instance UIDs of what was sent to it.
    :ivar ended: how it ended, where it was told to.
    """

    def __init__(self, *answers: Any) -> None:
        self.sent: list[str] = []
        self.originators: list[Originator] = []
        self.ended: list[type[BaseException]] = []
        self._answers = list(answers)

    async def send(
        self, instances: AsyncIterator[OutgoingInstance], originator: Originator
    ) -> AsyncGenerator[Outcome, None]:
        self.originators.append(originator)
        try:
            async for instance in instances:
                self.sent.append(instance.sop_instance_uid)
                answer = self._answers.pop(0) if self._answers else 0
                if isinstance(answer, Exception):
                    raise answer
                status = await answer if isinstance(answer, Deferred) else answer
                yield Outcome(instance=instance, status=status)
        except BaseException as error:
            self.ended.append(type(error))
            raise


@implementer(IDestinations)
class Destinations:
    """The nodes that are configured.

    :ivar asked: the AE titles that were.
    """

    def __init__(self, **senders: Any) -> None:
        self.asked: list[str] = []
        self._senders = senders

    def resolve(self, ae_title: str, retrieval: Any) -> Any:
        self.asked.append(ae_title)
        found = self._senders.get(ae_title)
        if isinstance(found, Exception):
            raise found
        return found


class MoveCase(ProviderCase):
    def moved(
        self, provider: Selecting, sender: Any, *, destination: str = "ELSEWHERE", **more: Any
    ) -> Asking:
        """A peer that has asked for a C-MOVE."""
        self.destinations = Destinations(ELSEWHERE=sender)
        asking = self.asking(
            ask_for((uids.STUDY_ROOT_MOVE, (EXPLICIT,))),
            Move(provider, self.destinations, self.means, **more),
        )
        asking.send(MOVE, move(destination), identifier())
        return asking

    def assert_final(
        self,
        asking: Asking,
        status: int,
        *,
        completed: int = 0,
        failed: int = 0,
        warning: int = 0,
        remaining: int | None = None,
    ) -> None:
        """The last message is the final response with these counters."""
        self.assertEqual(f"{status:04X}", f"{asking.last.status:04X}")
        self.assertEqual(
            Suboperations(remaining=remaining, completed=completed, failed=failed, warning=warning),
            asking.last.suboperations,
        )

    def failed_uids(self, asking: Asking) -> list[str]:
        """The Failed SOP Instance UID List of the final response."""
        listed = asking.data_sets()[-1].FailedSOPInstanceUIDList
        return [listed] if isinstance(listed, str) else list(listed)


class DestinationTests(MoveCase):
    def test_it_is_a_service(self) -> None:
        verifyObject(INegotiatingService, Move(selecting(), Destinations(), self.means))
        verifyObject(IDestinations, Destinations())
        verifyObject(ISender, Sender())

    def test_instances_go_to_the_configured_node_in_the_name_of_who_asks(self) -> None:
        sender = Sender()
        asking = self.moved(selecting(Kept(1), Kept(2)), sender)
        self.assertEqual(["1.2.3.1", "1.2.3.2"], sender.sent)
        self.assertEqual([Originator(ae_title="REQUESTOR", message_id=7)], sender.originators)
        self.assert_final(asking, 0x0000, completed=2)

    def test_a_node_that_is_not_configured_is_unknown_and_nothing_is_selected(self) -> None:
        provider = selecting(Kept(1))
        for destination in ("NOWHERE", "dicom://evil", "127.0.0.1:104"):
            asking = self.moved(provider, Sender(), destination=destination)
            self.assertEqual(0xA801, asking.last.status)
            self.assertIsNone(asking.last.number_of_completed_suboperations)
            self.assertEqual([destination], self.destinations.asked)
        self.assertEqual([], provider.retrievals)

    def test_a_destination_may_be_found_out_later(self) -> None:
        for sender in (succeed(Sender()), _coroutine(Sender())):
            self.assert_final(self.moved(selecting(Kept(1)), sender), 0x0000, completed=1)

    def test_a_destination_that_is_not_for_this_peer_is_refused(self) -> None:
        for sender in (NotAuthorized("not for you"), fail(NotAuthorized("not for you"))):
            self.assertEqual(0x0124, self.moved(selecting(Kept(1)), sender).last.status)

    def test_a_selection_that_fails_has_its_status(self) -> None:
        provider = Selecting(lambda _: fail(OutOfResources("no room")))
        self.assertEqual(0xA701, self.moved(provider, Sender()).last.status)


class CounterTests(MoveCase):
    def test_what_the_destination_answers_is_counted_and_what_failed_is_listed(self) -> None:
        sender = Sender(0x0000, 0xA700, 0xB000, 0x1234)
        asking = self.moved(selecting(*(Kept(n) for n in range(4))), sender)
        self.assert_final(asking, 0xB000, completed=1, failed=2, warning=1)
        self.assertEqual(["1.2.3.1", "1.2.3.3"], self.failed_uids(asking))

    def test_a_destination_that_is_down_fails_all_of_them(self) -> None:
        sender = Sender(PeerUnreachable("elsewhere", 104, "connection refused"))
        with capturedLogs() as events:
            asking = self.moved(selecting(Kept(1), Kept(2), Kept(3)), sender)
        self.assert_final(asking, 0xA702, failed=3)
        self.assertEqual(["1.2.3.1", "1.2.3.2", "1.2.3.3"], self.failed_uids(asking))
        lines = self.logged(events)
        self.assertEqual(1, sum("3 of 3" in line for line in lines))
        self.assertEqual(1, sum("refused" in line for line in lines))

    def test_a_destination_that_aborts_midway_fails_the_rest(self) -> None:
        sender = Sender(0, 0, AssociationAborted(2, 0))
        asking = self.moved(selecting(*(Kept(n) for n in range(5))), sender)
        self.assert_final(asking, 0xB000, completed=2, failed=3)
        self.assertEqual(["1.2.3.2", "1.2.3.3", "1.2.3.4"], self.failed_uids(asking))

    def test_a_sender_with_a_bug_fails_the_rest_and_its_text_stays_out_of_the_log(self) -> None:
        with capturedLogs() as events:
            asking = self.moved(
                selecting(Kept(1), Kept(2)), Sender(0, ZeroDivisionError("Doe^John"))
            )
        self.assert_final(asking, 0xB000, completed=1, failed=1)
        text = "".join(self.logged(events))
        self.assertIn("ZeroDivisionError", text)
        self.assertNotIn("Doe", text)

    def test_a_sender_that_cannot_even_begin_fails_all(self) -> None:
        class Broken:
            def send(self, *_: Any) -> Any:
                raise ZeroDivisionError

        asking = self.moved(selecting(Kept(1)), Broken())
        self.assert_final(asking, 0xA702, failed=1)

    def test_an_instance_without_an_outcome_has_failed(self) -> None:
        class Forgetful:
            async def send(
                self, instances: AsyncIterator[OutgoingInstance], _: Originator
            ) -> AsyncGenerator[Outcome, None]:
                async for instance in instances:
                    if instance.sop_instance_uid != "1.2.3.2":
                        yield Outcome(instance=instance, status=0)

        asking = self.moved(selecting(Kept(1), Kept(2), Kept(3)), Forgetful())
        self.assert_final(asking, 0xB000, completed=2, failed=1)
        self.assertEqual(["1.2.3.2"], self.failed_uids(asking))

    def test_an_outcome_of_nothing_that_was_sent_is_not_counted(self) -> None:
        class Talkative:
            async def send(
                self, instances: AsyncIterator[OutgoingInstance], _: Originator
            ) -> AsyncGenerator[Outcome, None]:
                async for instance in instances:
                    yield Outcome(instance=instance, status=0)
                    yield Outcome(instance=instance, status=0)
                    yield Outcome(instance=Kept(9).instance, status=0)

        asking = self.moved(selecting(Kept(1), Kept(2)), Talkative())
        self.assert_final(asking, 0x0000, completed=2)

    def test_a_selection_that_breaks_down_fails_what_was_counted_besides(self) -> None:
        provider = one_by_one(Kept(1), error=ZeroDivisionError("Doe^John"), count=10)
        self.assert_final(self.moved(provider, Sender()), 0xB000, completed=1, failed=9)

    def test_no_more_failed_instances_are_listed_than_a_value_has_room_for(self) -> None:
        kept = [Kept(n) for n in range(1500)]
        asking = self.moved(selecting(*kept), Sender(PeerUnreachable("elsewhere", 104, "down")))
        self.assert_final(asking, 0xA702, failed=1500)
        self.assertEqual(1000, len(self.failed_uids(asking)))

    def test_more_than_a_counter_can_say_is_as_much_as_it_can(self) -> None:
        answer: Deferred[int] = Deferred()
        provider = one_by_one(Kept(1), count=100_000)
        asking = self.moved(provider, Sender(answer))
        self.advance(2)
        self.assertEqual(0xFFFF, asking.last.number_of_remaining_suboperations)
        asking.cancel(MOVE, 7)


class TimeTests(MoveCase):
    def test_the_requestor_hears_at_an_interval_how_far_it_is(self) -> None:
        answer: Deferred[int] = Deferred()
        asking = self.moved(selecting(Kept(1), Kept(2)), Sender(0, answer), pending_every=3.0)
        for _ in range(4):
            self.advance(3)
        self.assertEqual([0xFF00] * 4, asking.statuses)
        self.assertEqual(
            Suboperations(remaining=1, completed=1, failed=0, warning=0), asking.last.suboperations
        )
        answer.callback(0)
        self.advance(0)
        self.assert_final(asking, 0x0000, completed=2)

    def test_a_destination_that_never_answers_is_given_up(self) -> None:
        self.limits = OperationLimits(patience=30)
        sender = Sender(0, Deferred())
        asking = self.moved(selecting(Kept(1), Kept(2), Kept(3)), sender, pending_every=60)
        self.advance(29)
        self.assertEqual([], asking.statuses)
        self.advance(1)
        self.advance(0)
        self.assertEqual([CancelledError], sender.ended)
        self.assert_final(asking, 0xB000, completed=1, failed=2)
        self.assertEqual(["1.2.3.2", "1.2.3.3"], self.failed_uids(asking))

    def test_each_sub_operation_has_its_own_time(self) -> None:
        self.limits = OperationLimits(patience=30)
        answers: list[Deferred[int]] = [Deferred() for _ in range(3)]
        asking = self.moved(selecting(*(Kept(n) for n in range(3))), Sender(*answers))
        for answer in answers:
            self.advance(20)
            answer.callback(0)
            self.advance(0)
        self.assert_final(asking, 0x0000, completed=3)

    def test_a_destination_that_is_never_found_out_is_given_up(self) -> None:
        self.limits = OperationLimits(patience=30)
        asking = self.moved(selecting(Kept(1)), Deferred())
        self.advance(30)
        self.assertEqual(0xA701, asking.last.status)


class CancelTests(MoveCase):
    def test_the_sender_sees_it_in_the_same_turn_and_the_counters_say_what_remains(self) -> None:
        sender = Sender(0, Deferred())
        asking = self.moved(selecting(*(Kept(n) for n in range(5))), sender)
        asking.cancel(MOVE, 7)
        self.assertEqual([CancelledError], sender.ended)
        self.assert_final(asking, 0xFE00, completed=1, remaining=4)

    def test_what_had_failed_by_then_is_listed(self) -> None:
        asking = self.moved(selecting(Kept(1), Kept(2)), Sender(0xA700, Deferred()))
        asking.cancel(MOVE, 7)
        self.assert_final(asking, 0xFE00, failed=1, remaining=1)
        self.assertEqual(["1.2.3.1"], self.failed_uids(asking))

    def test_a_sender_that_does_not_listen_is_left_after_a_second(self) -> None:
        late: Deferred[None] = Deferred()

        class Deaf(Sender):
            async def send(
                self, instances: AsyncIterator[OutgoingInstance], _: Originator
            ) -> AsyncGenerator[Outcome, None]:
                async for instance in instances:
                    try:
                        await Deferred()
                    except CancelledError:
                        await late
                    yield Outcome(instance=instance)

        asking = self.moved(selecting(Kept(1), Kept(2)), Deaf())
        asking.cancel(MOVE, 7)
        self.advance(1)
        self.assert_final(asking, 0xFE00, remaining=2)
        late.callback(None)
        self.advance(0)
        self.assertEqual([0xFE00], asking.statuses)

    def test_the_end_of_the_association_ends_it_for_the_destination_too(self) -> None:
        sender = Sender(Deferred())
        asking = self.moved(selecting(Kept(1), Kept(2)), sender)
        asking.peer.do(asking.peer.connection.abort())
        asking.wire.flush()
        self.assertEqual([CancelledError], sender.ended)
        self.assertEqual(["1.2.3.1"], sender.sent)


async def _coroutine(value: Any) -> Any:
    return value
