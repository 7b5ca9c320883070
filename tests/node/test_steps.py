"""Procedure steps out of the queue, told to other nodes."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import Any

from pydicom.dataset import Dataset
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.archive.doubles import at_once
from tests.node.doubles import PlayedDestinations, PlayedNode
from txdicomtls.archive.payloads import StepMessage, StepOperation, step_task
from txdicomtls.errors import DestinationUnknown, OperationFailed
from txdicomtls.index import Task
from txdicomtls.node.delivery import Delivery
from txdicomtls.node.steps import StepTeller
from txdicomtls.scu import Done


def task_of(key: int, operation: StepOperation, uid: str = "1.2.3") -> Task:
    """As the queue gives it out."""
    attributes = Dataset()
    attributes.PerformedProcedureStepID = operation.value
    message = StepMessage(operation=operation, sop_instance_uid=uid, attributes=attributes)
    return Task(
        key=key,
        kind="procedure step",
        destination="THERE",
        name=None,
        sequence=uid,
        payload=step_task("THERE", message).payload,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        attempts=1,
        error="",
    )


class Listening:
    """An association on which steps are heard."""

    def __init__(self, statuses: dict[str, int]) -> None:
        self.heard: list[tuple[str, str, str]] = []
        self._statuses = statuses

    async def create_procedure_step(self, attributes: Dataset, uid: str) -> str:
        self._hear("create", uid, attributes)
        return uid

    async def set_procedure_step(self, uid: str, modifications: Dataset) -> Done:
        self._hear("set", uid, modifications)
        return Done(status=0)

    def _hear(self, what: str, uid: str, attributes: Dataset) -> None:
        if what in self._statuses:
            raise OperationFailed("procedure-step", self._statuses[what], "refused")
        self.heard.append((what, uid, str(attributes.PerformedProcedureStepID)))


class StepTellerTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.statuses: dict[str, int] = {}
        self.node = PlayedNode()
        self.node.make = lambda _: Listening(self.statuses)

    def deliver(self, *tasks: Task, name: str = "THERE") -> Deferred[list[Delivery]]:
        destinations: Any = PlayedDestinations(self.node)
        teller = StepTeller(destinations, at_once)

        async def deliver() -> list[Delivery]:
            return [each async for each in teller.deliver(name, tasks)]

        return Deferred.fromCoroutine(deliver())

    def test_each_is_told_as_it_was_told_here(self) -> None:
        found = self.successResultOf(
            self.deliver(
                task_of(0, StepOperation.CREATE, "1.1"), task_of(1, StepOperation.SET, "1.2")
            )
        )
        self.assertEqual(["", ""], [each.error for each in found])
        (association,) = self.node.associations
        self.assertEqual([("create", "1.1", "create"), ("set", "1.2", "set")], association.heard)

    def test_one_that_is_there_already_was_told_before(self) -> None:
        self.statuses["create"] = 0x0111
        (delivery,) = self.successResultOf(self.deliver(task_of(0, StepOperation.CREATE)))
        self.assertEqual("", delivery.error)

    def test_what_cannot_be_read_harms_no_other(self) -> None:
        broken = dataclasses.replace(
            task_of(0, StepOperation.CREATE, "1.1"),
            payload={"operation": "create", "sop_instance_uid": "1.1", "attributes": {"x": {}}},
        )
        found = self.successResultOf(self.deliver(broken, task_of(1, StepOperation.CREATE, "1.2")))
        self.assertEqual([True, False], [each.lasting for each in found])
        self.assertEqual("", found[1].error)

    def test_what_is_refused_lasts_and_harms_no_other(self) -> None:
        self.statuses["create"] = 0x0106
        found = self.successResultOf(
            self.deliver(
                task_of(0, StepOperation.CREATE, "1.1"), task_of(1, StepOperation.SET, "1.2")
            )
        )
        self.assertEqual([True, False], [each.lasting for each in found])
        self.assertEqual([True, False], [bool(each.error) for each in found])

    def test_where_there_is_nobody_nothing_is_told(self) -> None:
        waiting = self.deliver(task_of(0, StepOperation.SET), name="ELSEWHERE")
        self.failureResultOf(waiting, DestinationUnknown)
