"""C-GET as SCP: sub-operations on the same association, counters, cancel, errors."""

from __future__ import annotations

from typing import Any

from pydicom.dataset import Dataset
from twisted.internet.defer import Deferred, fail
from twisted.logger import capturedLogs
from zope.interface.verify import verifyObject

from tests.association.pair import CT, EXPLICIT, IMPLICIT
from tests.scp.asking import Asking, ProviderCase, ask_for
from tests.scp.instances import Kept, Selecting, one_by_one, selecting
from txdicomtls import uids
from txdicomtls.association import MessageBegan
from txdicomtls.codes import Level, Root
from txdicomtls.dimse import CGetRQ, CGetRSP, CStoreRQ, Status, Suboperations
from txdicomtls.errors import (
    IndexUnavailable,
    InvalidQuery,
    NotADicomFile,
    NotAuthorized,
    OutOfResources,
)
from txdicomtls.interfaces import INegotiatingService, IRetrieveProvider, IUsingService
from txdicomtls.scp import Get, OperationLimits

GET, STORE, STORE_IMPLICIT = 1, 3, 5
JPEG = "1.2.840.10008.1.2.4.50"


def identifier(**more: Any) -> Dataset:
    """The identifier of a C-GET."""
    keys = Dataset()
    keys.QueryRetrieveLevel = "STUDY"
    keys.StudyInstanceUID = "1.2"
    for keyword, value in more.items():
        setattr(keys, keyword, value)
    return keys


def get(message_id: int = 7) -> CGetRQ:
    """A C-GET request."""
    return CGetRQ(affected_sop_class_uid=uids.STUDY_ROOT_GET, message_id=message_id)


def nothing(_sop_class: str) -> tuple[str, ...]:
    """No instance is stored in any transfer syntax."""
    return ()


class GetCase(ProviderCase):
    def getting(
        self,
        provider: Selecting,
        *,
        window: int = 1,
        receives: tuple[str, ...] = (CT,),
        extended: bytes = b"",
        **more: Any,
    ) -> Asking:
        """A peer that may ask for instances."""
        return self.asking(
            ask_for(
                (uids.STUDY_ROOT_GET, (EXPLICIT,)),
                (CT, (EXPLICIT,)),
                (CT, (IMPLICIT,)),
                receives=receives,
                window=window,
                extended={uids.STUDY_ROOT_GET: extended} if extended else None,
            ),
            Get(provider, self.means, stored_in=nothing, **more),
        )

    def got(self, provider: Selecting, **more: Any) -> Asking:
        """One that has asked."""
        asking = self.getting(provider, **more)
        asking.send(GET, get(), identifier())
        return asking

    def stores(self, asking: Asking) -> list[CStoreRQ]:
        """The C-STOREs that came."""
        return [message for message, _ in asking.heard if isinstance(message, CStoreRQ)]

    def answer(self, asking: Asking, status: int = 0, *, context_id: int = STORE) -> None:
        """Answer the oldest C-STORE that was not answered."""
        answered = getattr(asking, "answered", 0)
        message = self.stores(asking)[answered]
        asking.answered = answered + 1  # type: ignore[attr-defined]  # of this test
        asking.send(context_id, message.response(status))
        self.advance(0)

    def responses(self, asking: Asking) -> list[CGetRSP]:
        """The responses to the C-GET."""
        return [message for message, _ in asking.heard if isinstance(message, CGetRSP)]

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
        self.assertIsInstance(asking.last, CGetRSP)
        self.assertEqual(f"{status:04X}", f"{asking.last.status:04X}")
        self.assertEqual(
            Suboperations(remaining=remaining, completed=completed, failed=failed, warning=warning),
            asking.last.suboperations,
        )

    def failed_uids(self, asking: Asking) -> list[str]:
        """The Failed SOP Instance UID List of the final response."""
        listed = asking.data_sets()[-1].FailedSOPInstanceUIDList
        return [listed] if isinstance(listed, str) else list(listed)


class SubOperationTests(GetCase):
    def test_it_is_a_service_that_uses_the_storage_sop_classes_of_the_peer(self) -> None:
        service = Get(selecting(), self.means, stored_in=nothing)
        verifyObject(INegotiatingService, service)
        verifyObject(IUsingService, service)
        verifyObject(IRetrieveProvider, selecting())
        self.assertTrue(service.uses(CT))
        self.assertFalse(service.uses(uids.STUDY_ROOT_GET))
        self.assertFalse(service.accepts(CT))

    def test_each_instance_is_sent_and_then_success(self) -> None:
        kept = [Kept(1, b"first.", b"second"), Kept(2, b"other.")]
        asking = self.got(selecting(*kept))
        self.assertEqual(["1.2.3.1"], [m.affected_sop_instance_uid for m in self.stores(asking)])
        self.answer(asking)
        self.answer(asking)
        self.assertEqual([b"first.second", b"other."], [d for m, d in asking.heard if d])
        self.assert_final(asking, 0x0000, completed=2)
        self.assertEqual([1, 1], [each.opened[0][0].closed for each in kept])
        self.assertEqual(1, len(self.responses(asking)))

    def test_nothing_selected_is_a_success(self) -> None:
        self.assert_final(self.got(selecting()), 0x0000)

    def test_as_many_are_outstanding_as_the_window_allows(self) -> None:
        asking = self.got(selecting(*(Kept(n) for n in range(5))), window=3)
        self.assertEqual(3, len(self.stores(asking)))
        self.answer(asking)
        self.assertEqual(4, len(self.stores(asking)))
        for _ in range(4):
            self.answer(asking)
        self.assert_final(asking, 0x0000, completed=5)

    def test_statuses_of_the_peer_are_counted_and_what_failed_is_listed(self) -> None:
        asking = self.got(selecting(*(Kept(n) for n in range(5))))
        for status in (0x0000, 0xB007, 0xA700, 0x0122, 0xC123):
            self.answer(asking, status)
        self.assert_final(asking, 0xB000, completed=1, warning=1, failed=3)
        self.assertEqual(["1.2.3.2", "1.2.3.3", "1.2.3.4"], self.failed_uids(asking))

    def test_warnings_alone_are_a_warning_without_a_list(self) -> None:
        asking = self.got(selecting(Kept(1)))
        self.answer(asking, 0xB000)
        self.assert_final(asking, 0xB000, warning=1)
        self.assertEqual([], asking.data_sets())

    def test_where_all_failed_nothing_could_be_performed(self) -> None:
        asking = self.got(selecting(Kept(1), Kept(2)))
        self.answer(asking, 0xA700)
        self.answer(asking, 0xA700)
        self.assert_final(asking, 0xA702, failed=2)
        self.assertEqual(["1.2.3.1", "1.2.3.2"], self.failed_uids(asking))

    def test_an_instance_goes_in_the_syntax_it_is_kept_in_or_else_in_one_it_can_have(self) -> None:
        as_kept = Kept(1, syntaxes=(IMPLICIT, EXPLICIT))
        converted = Kept(2, syntaxes=(JPEG, EXPLICIT))
        cannot = Kept(3, syntaxes=(JPEG,))
        unknown = Kept(4, sop_class="1.2.840.10008.5.1.4.1.1.4")
        asking = self.got(selecting(as_kept, converted, cannot, unknown))
        self.answer(asking, context_id=STORE_IMPLICIT)
        self.answer(asking)
        self.assertEqual([IMPLICIT, EXPLICIT], [k.opened[0][1] for k in (as_kept, converted)])
        self.assert_final(asking, 0xB000, completed=2, failed=2)
        self.assertEqual(["1.2.3.3", "1.2.3.4"], self.failed_uids(asking))

    def test_blocks_are_asked_for_in_whole_fragments(self) -> None:
        kept = Kept(1)
        self.answer(self.got(selecting(kept)))
        self.assertEqual(16384 - 6, kept.opened[0][2])

    def test_a_peer_that_is_no_scp_gets_counters_and_nothing_else(self) -> None:
        asking = self.got(selecting(Kept(1)), receives=())
        self.assertEqual([], self.stores(asking))
        self.assert_final(asking, 0xA702, failed=1)

    def test_an_unknown_count_is_what_is_known_so_far(self) -> None:
        asking = self.got(one_by_one(Kept(1), Kept(2)))
        self.advance(2)
        pending = self.responses(asking)[-1]
        self.assertEqual(
            Suboperations(remaining=1, completed=0, failed=0, warning=0), pending.suboperations
        )
        self.answer(asking)
        self.answer(asking)
        self.assert_final(asking, 0x0000, completed=2)

    def test_fewer_instances_than_were_counted_are_no_failure(self) -> None:
        asking = self.got(one_by_one(Kept(1), count=5))
        self.answer(asking)
        self.assert_final(asking, 0x0000, completed=1)


class PendingTests(GetCase):
    def test_the_peer_hears_at_an_interval_how_far_it_is(self) -> None:
        asking = self.got(selecting(*(Kept(n) for n in range(4))), pending_every=5.0)
        self.answer(asking)
        self.answer(asking, 0xA700)
        self.assertEqual([], self.responses(asking))
        self.advance(5)
        self.answer(asking, 0xB000)
        self.advance(5)
        seen = [each.suboperations for each in self.responses(asking)]
        self.assertEqual(
            [
                Suboperations(remaining=2, completed=1, failed=1, warning=0),
                Suboperations(remaining=1, completed=1, failed=1, warning=1),
            ],
            seen,
        )
        self.answer(asking)
        self.assert_final(asking, 0xB000, completed=2, failed=1, warning=1)

    def test_the_counters_always_add_up(self) -> None:
        asking = self.got(selecting(*(Kept(n) for n in range(6))), window=2, pending_every=1.0)
        for status in (0, 0xA700, 0, 0xB000, 0, 0):
            self.advance(1)
            self.answer(asking, status)
        *pending, final = [each.suboperations for each in self.responses(asking)]
        self.assertEqual(6, len(pending))
        for each in pending:
            counts = (each.remaining, each.completed, each.failed, each.warning)
            self.assertEqual(6, sum(count or 0 for count in counts))
        self.assertIsNone(final.remaining)

    def test_while_an_instance_is_on_its_way_one_pending_response_waits_and_no_more(self) -> None:
        late: Deferred[bytes] = Deferred()
        asking = self.got(selecting(Kept(1, b"first.", late)), pending_every=1.0)
        for _ in range(10):
            self.advance(1)
        self.assertEqual([], self.responses(asking))
        late.callback(b"second")
        asking.wire.flush()
        self.assertEqual(1, len(self.responses(asking)))
        self.answer(asking)
        self.assert_final(asking, 0x0000, completed=1)


class CancelTests(GetCase):
    def test_no_more_is_begun_and_what_is_under_way_is_counted(self) -> None:
        asking = self.got(selecting(*(Kept(n) for n in range(9))), window=2)
        self.answer(asking)
        asking.cancel(GET, 7)
        self.assertEqual([], self.responses(asking))
        self.answer(asking)
        self.answer(asking, 0xA700)
        self.assertEqual(3, len(self.stores(asking)))
        self.assert_final(asking, 0xFE00, completed=2, failed=1, remaining=6)
        self.assertEqual(["1.2.3.2"], self.failed_uids(asking))

    def test_one_that_was_only_opened_is_taken_back(self) -> None:
        cancelled: list[Any] = []
        asking = self.got(selecting(Kept(1, opening=Deferred(cancelled.append)), Kept(2)))
        asking.cancel(GET, 7)
        self.assert_final(asking, 0xFE00, remaining=2)
        self.assertEqual(1, len(cancelled))

    def test_a_selection_that_is_waited_for_is_cancelled(self) -> None:
        cancelled: list[Any] = []
        asking = self.got(Selecting(lambda _: Deferred(cancelled.append)))
        asking.cancel(GET, 7)
        self.assertEqual(1, len(cancelled))
        self.assert_final(asking, 0xFE00, remaining=0)

    def test_a_slow_instance_is_waited_for_and_then_it_is_over(self) -> None:
        late: Deferred[bytes] = Deferred()
        asking = self.got(selecting(Kept(1, b"first.", late), Kept(2)))
        asking.cancel(GET, 7)
        self.advance(5)
        self.assertEqual([], self.responses(asking))
        late.callback(b"second")
        asking.wire.flush()
        self.answer(asking)
        self.assert_final(asking, 0xFE00, completed=1, remaining=1)

    def test_the_end_of_the_association_ends_everything_and_closes_it(self) -> None:
        kept = [Kept(n) for n in range(4)]
        asking = self.got(selecting(*kept), window=2)
        asking.peer.do(asking.peer.connection.abort())
        asking.wire.flush()
        self.assertEqual([1, 1, 0, 0], [len(each.opened) for each in kept])
        self.assertEqual([1, 1], [each.opened[0][0].closed for each in kept[:2]])


class FailureTests(GetCase):
    def test_an_instance_that_cannot_be_opened_fails_and_the_others_go_on(self) -> None:
        asking = self.got(
            selecting(
                Kept(1, opening=NotADicomFile("a.dcm", "it is missing")),
                Kept(2, opening=ZeroDivisionError("Doe^John")),
                Kept(3),
            )
        )
        self.answer(asking)
        self.assert_final(asking, 0xB000, completed=1, failed=2)
        self.assertEqual(["1.2.3.1", "1.2.3.2"], self.failed_uids(asking))

    def test_failures_are_one_line_of_the_log_and_bugs_one_without_text(self) -> None:
        with capturedLogs() as events:
            self.got(
                selecting(
                    Kept(1, opening=NotADicomFile("a.dcm", "it is missing")),
                    Kept(2, opening=ZeroDivisionError("Doe^John")),
                )
            )
        lines = self.logged(events)
        self.assertEqual(1, sum("2 of 2 instances were not sent" in line for line in lines))
        self.assertEqual(1, sum("ZeroDivisionError" in line for line in lines))
        self.assertNotIn("Doe", "".join(lines))

    def test_an_instance_that_takes_too_long_to_open_fails(self) -> None:
        self.limits = OperationLimits(patience=10)
        asking = self.got(selecting(Kept(1, opening=Deferred()), Kept(2)))
        self.advance(10)
        self.answer(asking)
        self.assert_final(asking, 0xB000, completed=1, failed=1)

    def test_a_data_set_that_breaks_off_ends_the_association(self) -> None:
        for broken in (NotADicomFile("a.dcm", "it became shorter"), ZeroDivisionError()):
            kept = [Kept(1, b"first.", broken), Kept(2)]
            asking = self.got(selecting(*kept))
            self.assertTrue(asking.peer.is_lost)
            self.assertEqual(1, len(asking.peer.told(MessageBegan)))
            for each in kept:
                self.assertEqual([1], [opened.closed for opened, *_ in each.opened])

    def test_a_data_set_that_does_not_go_on_ends_the_association(self) -> None:
        self.limits = OperationLimits(patience=10)
        asking = self.got(selecting(Kept(1, b"first.", Deferred())))
        self.advance(10)
        self.assertTrue(asking.peer.is_lost)

    def test_a_selection_that_breaks_down_leaves_the_rest_failed(self) -> None:
        for count, failed in ((5, 4), (None, 0)):
            provider = one_by_one(Kept(1), error=ZeroDivisionError("Doe^John"), count=count)
            asking = self.got(provider)
            self.answer(asking)
            status = 0xB000 if failed else 0x0000
            self.assert_final(asking, status, completed=1, failed=failed)

    def test_each_error_of_a_selection_has_its_status(self) -> None:
        for error, status in (
            (InvalidQuery("no"), 0xA900),
            (OutOfResources("no room"), 0xA701),
            (IndexUnavailable("sqlite", "locked"), 0xA701),
            (NotAuthorized("no"), 0x0124),
            (ZeroDivisionError("Doe^John"), 0xC000),
        ):
            for provider in (Selecting(_failing(error)), Selecting(_raising(error))):
                asking = self.got(provider)
                self.assertEqual(status, asking.last.status)
                self.assertIsNone(asking.last.number_of_completed_suboperations)

    def test_a_selection_that_takes_too_long_is_given_up(self) -> None:
        self.limits = OperationLimits(patience=10)
        asking = self.got(Selecting(lambda _: Deferred()))
        self.advance(10)
        self.assertEqual(0xA701, asking.last.status)


class IdentifierTests(GetCase):
    def asked(self, keys: Dataset, **more: Any) -> tuple[int, list[Any]]:
        provider = selecting()
        asking = self.getting(provider, **more)
        asking.send(GET, get(), keys)
        return asking.last.status, provider.retrievals

    def test_the_provider_is_told_the_unique_keys(self) -> None:
        keys = identifier(
            QueryRetrieveLevel="IMAGE",
            SeriesInstanceUID="1.3",
            SOPInstanceUID=["1.4", "1.5"],
            PatientName="Doe^John",
        )
        status, (retrieval,) = self.asked(keys)
        self.assertEqual(0, status)
        self.assertEqual((Root.STUDY, Level.IMAGE), (retrieval.root, retrieval.level))
        self.assertEqual(
            {Level.STUDY: ("1.2",), Level.SERIES: ("1.3",), Level.IMAGE: ("1.4", "1.5")},
            retrieval.keys,
        )

    def test_what_does_not_name_what_it_asks_for_is_refused(self) -> None:
        for keys in (
            identifier(StudyInstanceUID=""),
            identifier(QueryRetrieveLevel="SERIES"),
            identifier(QueryRetrieveLevel="IMAGE", SOPInstanceUID="1.4"),
            identifier(QueryRetrieveLevel="PATIENT", PatientID="1"),
            identifier(QueryRetrieveLevel=""),
        ):
            self.assertEqual((0xA900, []), self.asked(keys))

    def test_a_relational_retrieval_may_leave_out_what_is_above(self) -> None:
        keys = Dataset()
        keys.QueryRetrieveLevel = "IMAGE"
        keys.SOPInstanceUID = "1.4"
        status, (retrieval,) = self.asked(keys, extended=b"\1", relational=True)
        self.assertEqual((0, {Level.IMAGE: ("1.4",)}), (status, retrieval.keys))
        self.assertEqual((0xA900, []), self.asked(keys, extended=b"\1"))
        del keys.SOPInstanceUID
        self.assertEqual((0xA900, []), self.asked(keys, extended=b"\1", relational=True))


class ChoiceTests(GetCase):
    def test_a_storage_context_gets_what_instances_are_stored_in(self) -> None:
        stored = {CT: (JPEG, EXPLICIT)}
        service = Get(selecting(), self.means, stored_in=lambda uid: stored.get(uid, ()))
        self.assertEqual(EXPLICIT, service.choose(CT, (IMPLICIT, EXPLICIT)))
        self.assertEqual(JPEG, service.choose(CT, (IMPLICIT, EXPLICIT, JPEG)))
        self.assertEqual(IMPLICIT, service.choose("1.2.3", (IMPLICIT, EXPLICIT)))

    def test_without_any_stored_the_requestors_first_that_is_one(self) -> None:
        service = Get(selecting(), self.means, stored_in=nothing)
        self.assertEqual(IMPLICIT, service.choose(CT, ("1.2.3", IMPLICIT, EXPLICIT)))
        self.assertIsNone(service.choose(CT, ("1.2.3",)))

    def test_an_identifier_is_never_compressed(self) -> None:
        service = Get(selecting(), self.means, stored_in=lambda _: (JPEG,))
        self.assertEqual(IMPLICIT, service.choose(uids.STUDY_ROOT_GET, (JPEG, IMPLICIT)))

    def test_a_priority_that_is_none_is_medium(self) -> None:
        asking = self.getting(selecting(Kept(1)))
        message = CGetRQ(affected_sop_class_uid=uids.STUDY_ROOT_GET, message_id=7, priority=0x7777)
        asking.send(GET, message, identifier())
        self.assertEqual(0, self.stores(asking)[0].priority)
        self.answer(asking)
        self.assertEqual(Status.SUCCESS, asking.last.status)


def _raising(error: Exception) -> Any:
    def raises(_: Any) -> Any:
        raise error

    return raises


def _failing(error: Exception) -> Any:
    return lambda _: fail(error)
