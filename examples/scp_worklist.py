"""Tells stations what they have to do, and is told what they did.

python examples/scp_worklist.py "dicomtls:2762:certificate=node.crt:key=node.key:trust=ca.crt"
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator

from pydicom.dataset import Dataset
from twisted.internet import defer, endpoints, task
from zope.interface import implementer

from txdicomtls.access import AnyPeer
from txdicomtls.dataset import matches, project
from txdicomtls.errors import DuplicateInstance
from txdicomtls.interfaces import (
    IProcedureStepProvider,
    IReactor,
    IWorklistProvider,
    NormalizedRequest,
    WorklistQuery,
)
from txdicomtls.net import AssociationFactory
from txdicomtls.scp import ProcedureStep, Verification, Worklist, means_of


def scheduled() -> Dataset:
    """One item; a real source asks its own database."""
    step = Dataset()
    step.ScheduledStationAETitle, step.ScheduledProcedureStepID = "CT1", "S1"
    step.ScheduledProcedureStepStartDate, step.Modality = "20260131", "CT"
    item = Dataset()
    item.PatientName, item.PatientID, item.StudyInstanceUID = "Doe^Jane", "P1", "1.2.3"
    item.ScheduledProcedureStepSequence = [step]
    return item


@implementer(IWorklistProvider, IProcedureStepProvider)
class Department:
    """What is to be done, and what was."""

    def __init__(self) -> None:
        self._steps: dict[str, Dataset] = {}

    async def worklist(self, query: WorklistQuery) -> AsyncIterator[Dataset]:
        """What is scheduled and matches."""
        item = scheduled()
        if matches(query.keys, item):
            yield project(query.keys, item)

    def get(self, request: NormalizedRequest) -> Dataset | None:
        """A step; None where there is no such step."""
        return self._steps.get(request.sop_instance_uid)

    def create(self, request: NormalizedRequest, attributes: Dataset) -> None:
        """A step has begun; what it must have has been checked."""
        if request.sop_instance_uid in self._steps:
            raise DuplicateInstance("there is such a step")
        self._steps[request.sop_instance_uid] = attributes
        print("begun by", request.association.calling_ae_title, flush=True)

    def set(self, request: NormalizedRequest, modifications: Dataset) -> None:
        """A step goes on; that it may has been checked."""
        step = self._steps[request.sop_instance_uid]
        step.update(modifications)
        print(step.PerformedProcedureStepStatus, flush=True)


def main(reactor: IReactor, endpoint: str) -> defer.Deferred[None]:
    """Listen until interrupted."""
    department, means = Department(), means_of(reactor)
    services = [Verification(), Worklist(department, means), ProcedureStep(department, means)]
    factory = AssociationFactory(reactor, services=services, access=AnyPeer())
    listening = endpoints.serverFromString(reactor, endpoint).listen(factory)
    listening.addCallback(lambda port: print(f"port {port.getHost().port}", flush=True))
    forever: defer.Deferred[None] = defer.Deferred()
    return listening.addCallback(lambda _: forever)  # type: ignore[no-any-return]  # Twisted has not typed it


if __name__ == "__main__":
    task.react(main, sys.argv[1:])
