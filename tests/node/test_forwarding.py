"""What is sent on to whom, and what becomes of it."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.trial.unittest import SynchronousTestCase

from tests.node.doubles import PlayedDestinations, PlayedNode, instance
from txdicomtls.archive.payloads import forward_task, forwarded_uid
from txdicomtls.errors import (
    AssociationLost,
    DamagedInstance,
    DestinationUnknown,
    DicomTLSError,
    IndexUnavailable,
    NoPresentationContext,
    PeerUnreachable,
    UnknownInstance,
)
from txdicomtls.index import InstanceRecord, Task
from txdicomtls.instance import OutgoingInstance
from txdicomtls.node.delivery import Delivery
from txdicomtls.node.forwarding import Forwarder, Forwarding, Rule
from txdicomtls.node.sending import send_instances
from txdicomtls.node.service_sections import ForwardSection
from txdicomtls.scu import Sent

CT, MR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"


def record(*, source: str = "CT1", sop_class: str = CT, modality: str = "CT") -> InstanceRecord:
    """What the index is told of an instance."""
    return InstanceRecord(
        attributes={
            "StudyInstanceUID": "1.2.3",
            "SeriesInstanceUID": "1.2.4",
            "Modality": modality,
        },
        sop_class_uid=sop_class,
        sop_instance_uid="1.2.5",
        transfer_syntax_uid="1.2.840.10008.1.2",
        path="objects/00/1.2.5.dcm",
        size=2,
        sha256="00",
        received_at=datetime(2026, 1, 1, tzinfo=UTC),
        source_ae=source,
    )


class RuleTests(SynchronousTestCase):
    def assertSentTo(self, expected: list[str], rules: list[Rule], what: InstanceRecord) -> None:
        tasks = Forwarding(rules)(what)
        self.assertEqual(expected, [task.destination for task in tasks])
        self.assertTrue(all(task == forward_task(task.destination, "1.2.5") for task in tasks))

    def test_a_rule_without_conditions_is_about_everything(self) -> None:
        rules = [Rule(to=("A", "B"))]
        self.assertSentTo(["A", "B"], rules, record())
        self.assertSentTo(["A", "B"], rules, record(source="", sop_class=MR, modality=""))

    def test_every_condition_of_a_rule_has_to_hold(self) -> None:
        rules = [
            Rule(
                to=("A",),
                calling=frozenset(("CT1",)),
                sop_classes=frozenset((CT,)),
                modalities=frozenset(("CT",)),
            )
        ]
        self.assertSentTo(["A"], rules, record(modality="CT "))
        self.assertSentTo([], rules, record(source="CT2"))
        self.assertSentTo([], rules, record(sop_class=MR))
        self.assertSentTo([], rules, record(modality="MR"))
        self.assertSentTo([], rules, record(modality=""))

    def test_one_rule_is_enough_and_two_are_not_twice(self) -> None:
        rules = [Rule(to=("B", "A")), Rule(to=("B",), modalities=frozenset(("CT",)))]
        self.assertSentTo(["A", "B"], rules, record())

    def test_nothing_goes_back_to_who_sent_it(self) -> None:
        self.assertSentTo(["B"], [Rule(to=("CT1", "B"))], record(source="CT1"))

    def test_a_section_is_a_rule(self) -> None:
        section = ForwardSection.model_validate({"to": "A", "from": ["B"], "modalities": "CT"})
        self.assertEqual(
            Rule(to=("A",), calling=frozenset(("B",)), modalities=frozenset(("CT",))),
            Rule.of(section),
        )


class Destination(PlayedNode):
    """A node that instances can be sent to."""

    def send(self, instances: Any) -> Any:
        return send_instances(self.association, instances)


def tasks_for(*uids: str) -> list[Task]:
    """Tasks as the queue gives them out."""
    return [
        Task(
            key=number,
            kind="forward",
            destination="THERE",
            name=None,
            sequence="",
            payload=forward_task("THERE", uid).payload,
            created_at=datetime(2026, 1, 1, tzinfo=UTC),
            attempts=1,
            error="",
        )
        for number, uid in enumerate(uids)
    ]


class ForwarderTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.node = Destination()
        self.missing: dict[str, DicomTLSError] = {}

    def find(self, uid: str) -> Awaitable[OutgoingInstance]:
        return fail(self.missing[uid]) if uid in self.missing else succeed(instance(uid))

    def deliver(self, *uids: str, name: str = "THERE") -> Deferred[dict[str, Delivery]]:
        destinations: Any = PlayedDestinations(self.node)
        forwarder = Forwarder(destinations, self.find)

        async def deliver() -> dict[str, Delivery]:
            return {
                forwarded_uid(each.task): each
                async for each in forwarder.deliver(name, tasks_for(*uids))
            }

        return Deferred.fromCoroutine(deliver())

    def answered(
        self, *, status: int | None = None, error: DicomTLSError | None = None
    ) -> Delivery:
        """What becomes of a task whose instance is answered like this."""
        self.node.answer = lambda each: Sent(
            sop_instance_uid=each.sop_instance_uid, status=status, error=error
        )
        return self.successResultOf(self.deliver("1.1"))["1.1"]

    def test_what_the_peer_has_is_done(self) -> None:
        found = self.successResultOf(self.deliver("1.1", "1.2"))
        self.assertEqual(["", ""], [each.error for each in found.values()])
        self.assertEqual(1, len(self.node.associations))
        for status in (0x0000, 0xB000, 0xB007):
            delivery = self.answered(status=status)
            self.assertEqual("", delivery.error)

    def test_a_peer_without_room_may_have_some_later(self) -> None:
        for status, lasting in ((0xA700, False), (0xA7FF, False), (0xA900, True), (0xC000, True)):
            delivery = self.answered(status=status)
            self.assertIn(f"{status:04X}H", delivery.error)
            self.assertEqual(lasting, delivery.lasting, hex(status))

    def test_a_lost_association_passes_and_a_missing_context_lasts(self) -> None:
        for error, lasting in (
            (AssociationLost("gone"), False),
            (NoPresentationContext(CT), True),
            (DamagedInstance("is not what was received"), True),
        ):
            delivery = self.answered(error=error)
            self.assertEqual((str(error), lasting), (delivery.error, delivery.lasting))

    def test_an_instance_that_is_not_kept_any_more_harms_no_other(self) -> None:
        self.missing["1.2"] = UnknownInstance("it is not kept any more")
        found = self.successResultOf(self.deliver("1.1", "1.2", "1.3"))
        self.assertEqual(["1.1", "1.3"], [uid for uid, each in found.items() if not each.error])
        self.assertTrue(found["1.2"].lasting)

    def test_two_tasks_for_one_instance_are_both_done(self) -> None:
        # As when it was replaced while its destination was away.
        destinations: Any = PlayedDestinations(self.node)
        forwarder = Forwarder(destinations, self.find)
        tasks = tasks_for("1.1", "1.2", "1.1")

        async def deliver() -> list[int]:
            return [each.task.key async for each in forwarder.deliver("THERE", tasks)]

        keys = self.successResultOf(Deferred.fromCoroutine(deliver()))
        self.assertEqual([0, 1, 2], keys)

    def test_an_index_that_is_away_is_told_as_such(self) -> None:
        self.missing["1.1"] = IndexUnavailable("the index", "it is away")
        self.failureResultOf(self.deliver("1.1"), IndexUnavailable)

    def test_where_there_is_nobody_nothing_is_sent(self) -> None:
        self.failureResultOf(self.deliver("1.1", name="ELSEWHERE"), DestinationUnknown)
        self.node.unreachable = PeerUnreachable("there", 104, "nobody answers")
        self.failureResultOf(self.deliver("1.1"), PeerUnreachable)
