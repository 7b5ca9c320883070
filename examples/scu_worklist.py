"""Asks what a station has to do, and reports that it was done.

python examples/scu_worklist.py "dicomtls:ris:certificate=c.crt:key=c.key:trust=ca.crt" CT1
"""

from __future__ import annotations

import sys

from pydicom.dataset import Dataset
from twisted.internet import defer, task

from txdicomtls.interfaces import IReactor
from txdicomtls.scu import connect, procedure_step_contexts, worklist_contexts


def scheduled_for(station: str) -> Dataset:
    """The keys of a worklist query (PS3.4 K.6.1.2.2)."""
    step = Dataset()
    step.ScheduledStationAETitle = station
    step.ScheduledProcedureStepStartDate = step.ScheduledProcedureStepID = step.Modality = ""
    identifier = Dataset()
    identifier.PatientName = identifier.PatientID = identifier.StudyInstanceUID = ""
    identifier.ScheduledProcedureStepSequence = [step]
    return identifier


def begun(item: Dataset) -> Dataset:
    """The attributes of a step in progress (PS3.4 Table F.7.2-1)."""
    scheduled = item.ScheduledProcedureStepSequence[0]
    planned = Dataset()
    planned.StudyInstanceUID = item.StudyInstanceUID
    planned.ReferencedStudySequence = []
    planned.AccessionNumber = planned.RequestedProcedureID = ""
    planned.RequestedProcedureDescription = planned.ScheduledProcedureStepDescription = ""
    planned.ScheduledProcedureStepID = scheduled.ScheduledProcedureStepID
    planned.ScheduledProtocolCodeSequence = []
    step = Dataset()
    step.ScheduledStepAttributesSequence = [planned]
    step.PatientName, step.PatientID = item.PatientName, item.PatientID
    step.PatientBirthDate = step.PatientSex = ""
    step.ReferencedPatientSequence = []
    step.PerformedProcedureStepID = scheduled.ScheduledProcedureStepID or "1"
    step.PerformedStationAETitle = "CT1"
    step.PerformedStationName = step.PerformedLocation = ""
    step.PerformedProcedureStepStartDate, step.PerformedProcedureStepStartTime = "20260131", "1200"
    step.PerformedProcedureStepStatus = "IN PROGRESS"
    step.PerformedProcedureStepDescription = step.PerformedProcedureTypeDescription = ""
    step.ProcedureCodeSequence = []
    step.PerformedProcedureStepEndDate = step.PerformedProcedureStepEndTime = ""
    step.Modality = "CT"
    step.StudyID = ""
    step.PerformedProtocolCodeSequence = []
    step.PerformedSeriesSequence = []
    return step


def completed() -> Dataset:
    """What changes at its end (PS3.4 F.7.2.2)."""
    series = Dataset()
    series.PerformingPhysicianName = series.OperatorsName = series.SeriesDescription = ""
    series.ProtocolName = "Head"
    series.SeriesInstanceUID = "1.2.826.0.1.3680043.8.498.1"
    series.RetrieveAETitle = ""
    series.ReferencedImageSequence = series.ReferencedNonImageCompositeSOPInstanceSequence = []
    step = Dataset()
    step.PerformedProcedureStepStatus = "COMPLETED"
    step.PerformedProcedureStepEndDate, step.PerformedProcedureStepEndTime = "20260131", "1230"
    step.PerformedSeriesSequence = [series]
    return step


async def work(reactor: IReactor, endpoint: str, station: str) -> None:
    """Take the first item, begin it, complete it."""
    association = await connect(
        reactor,
        endpoint,
        called="RIS",
        calling=station,
        contexts=worklist_contexts() + procedure_step_contexts(),
    )
    async with association:
        items = await association.worklist(scheduled_for(station), limit=1).all()
        for item in items:
            print("to do:", item.PatientName)
            uid = await association.create_procedure_step(begun(item))
            print("in progress:", uid)
            await association.set_procedure_step(uid, completed())
            print("completed")


def main(reactor: IReactor, *arguments: str) -> defer.Deferred[None]:
    """Run it."""
    return defer.Deferred.fromCoroutine(work(reactor, *arguments))


if __name__ == "__main__":
    task.react(main, sys.argv[1:])
