"""Events out of the queue, told on associations of their own."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import Any

from pydicom.dataset import Dataset
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.archive.doubles import at_once
from tests.node.doubles import PlayedDestinations, PlayedNode
from txdicomtls import uids
from txdicomtls.archive.payloads import report_task
from txdicomtls.errors import DestinationUnknown, OperationFailed
from txdicomtls.index import Task
from txdicomtls.interfaces import EventReport
from txdicomtls.node.delivery import Delivery
from txdicomtls.node.reports import Reporter
from txdicomtls.scu import Contexts, Done, Instance


def event(transaction: str, own: str = "US") -> EventReport:
    """A storage commitment that succeeded."""
    information = Dataset()
    information.TransactionUID = transaction
    return EventReport(
        ae_title="THERE",
        own_ae_title=own,
        sop_class_uid=uids.STORAGE_COMMITMENT,
        sop_instance_uid=uids.STORAGE_COMMITMENT_INSTANCE,
        event_type_id=1,
        information=information,
    )


def task_of(key: int, told: EventReport) -> Task:
    """As the queue gives it out."""
    return Task(
        key=key,
        kind="report",
        destination="THERE",
        name=None,
        sequence="",
        payload=report_task(told).payload,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        attempts=1,
        error="",
    )


class Listening:
    """An association on which events are heard."""

    def __init__(self, contexts: Contexts, refused: set[str]) -> None:
        self.contexts = contexts
        self.heard: list[tuple[Instance, int, str]] = []
        self._refused = refused

    async def event_report(self, about: Instance, event_type: int, information: Dataset) -> Done:
        transaction = str(information.TransactionUID)
        if transaction in self._refused:
            raise OperationFailed("n-event-report", 0x0110, "processing failure")
        self.heard.append((about, event_type, transaction))
        return Done(status=0)


class ReporterTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.refused: set[str] = set()
        self.broken: list[int] = []
        self.in_threads: list[str] = []
        self.node = PlayedNode()
        self.node.make = lambda contexts: Listening(contexts, self.refused)

    def in_thread(self, function: Any, *arguments: Any) -> Any:
        self.in_threads.append(function.__name__)
        return at_once(function, *arguments)

    def deliver(self, *events: EventReport, name: str = "THERE") -> Deferred[list[Delivery]]:
        destinations: Any = PlayedDestinations(self.node)
        in_thread: Any = self.in_thread
        reporter = Reporter(destinations, in_thread)
        tasks = [task_of(key, each) for key, each in enumerate(events)]
        for key in self.broken:
            payload = {**tasks[key].payload, "information": {"x": {}}}
            tasks[key] = dataclasses.replace(tasks[key], payload=payload)

        async def deliver() -> list[Delivery]:
            return [each async for each in reporter.deliver(name, tasks)]

        return Deferred.fromCoroutine(deliver())

    def test_several_events_are_told_on_one_association(self) -> None:
        found = self.successResultOf(self.deliver(event("1.1"), event("1.2")))
        self.assertEqual([(0, ""), (1, "")], [(each.task.key, each.error) for each in found])
        (association,) = self.node.associations
        self.assertEqual(["1.1", "1.2"], [transaction for _, _, transaction in association.heard])
        about, event_type, _ = association.heard[0]
        self.assertEqual(1, event_type)
        self.assertEqual(uids.STORAGE_COMMITMENT_INSTANCE, about.sop_instance_uid)
        self.assertFalse(association.is_open)

    def test_we_are_its_scp_there(self) -> None:
        self.successResultOf(self.deliver(event("1.1")))
        roles = self.node.associations[0].contexts.roles_of(uids.STORAGE_COMMITMENT)
        self.assertEqual((False, True), (roles.scu, roles.scp))

    def test_the_requestor_is_called_under_the_name_that_it_called(self) -> None:
        found = self.successResultOf(
            self.deliver(event("1.1", "US"), event("1.2", "US TOO"), event("1.3", "US"))
        )
        self.assertEqual(3, len(found))
        self.assertEqual(["US", "US TOO"], self.node.callings)

    def test_one_that_is_refused_harms_no_other(self) -> None:
        self.refused.add("1.1")
        found = self.successResultOf(self.deliver(event("1.1"), event("1.2")))
        self.assertEqual([True, False], [each.lasting for each in found])
        self.assertIn("0110H", found[0].error)
        self.assertEqual("", found[1].error)

    def test_one_that_cannot_be_read_harms_no_other(self) -> None:
        self.broken.append(0)
        found = self.successResultOf(self.deliver(event("1.1"), event("1.2")))
        self.assertEqual([True, False], [each.lasting for each in found])

    def test_each_is_read_in_a_thread_when_it_is_its_turn(self) -> None:
        self.successResultOf(self.deliver(event("1.1"), event("1.2")))
        self.assertEqual(["reported_event"] * 2, self.in_threads)

    def test_a_requestor_that_cannot_be_called_is_told_nothing(self) -> None:
        self.failureResultOf(self.deliver(event("1.1"), name="ELSEWHERE"), DestinationUnknown)
