"""What tasks of the durable queue say, as values: so that who puts one and who does it agree."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum

from pydicom.dataset import Dataset

from txdicomtls.archive.json_model import from_json, to_json
from txdicomtls.index import NewTask, Task, TaskKind
from txdicomtls.interfaces import EventReport


def forward_task(destination: str, sop_instance_uid: str) -> NewTask:
    """Send an instance that is kept to a node.

    :param destination: name of the node.
    """
    return NewTask(
        kind=TaskKind.FORWARD,
        destination=destination,
        payload={"sop_instance_uid": sop_instance_uid},
    )


def forwarded_uid(task: Task) -> str:
    """SOP Instance UID of the instance that is to be sent."""
    return str(task.payload["sop_instance_uid"])


def report_task(event: EventReport) -> NewTask:
    """Tell a node what happened.

    :raises MalformedDataSet: a value cannot be kept.
    """
    return NewTask(
        kind=TaskKind.REPORT,
        destination=event.ae_title,
        payload={
            "ae_title": event.ae_title,
            "own_ae_title": event.own_ae_title,
            "sop_class_uid": event.sop_class_uid,
            "sop_instance_uid": event.sop_instance_uid,
            "event_type_id": event.event_type_id,
            "information": json.loads(to_json(event.information)),
        },
    )


def report_caller(task: Task) -> str:
    """The AE title by which the node that is to be told called us."""
    return str(task.payload["own_ae_title"])


def reported_event(task: Task) -> EventReport:
    """What a node is to be told.  Blocks, where it is about thousands of instances.

    :raises MalformedDataSet: what was kept cannot be read.
    """
    payload = task.payload
    return EventReport(
        ae_title=payload["ae_title"],
        own_ae_title=payload["own_ae_title"],
        sop_class_uid=payload["sop_class_uid"],
        sop_instance_uid=payload["sop_instance_uid"],
        event_type_id=payload["event_type_id"],
        information=from_json(payload["information"]),
    )


class StepOperation(StrEnum):
    """What a node is told of a procedure step."""

    CREATE = "create"
    SET = "set"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepMessage:
    """A performed procedure step as it is told to another node.

    :param operation: N-CREATE or N-SET.
    :param sop_instance_uid: of the step.
    :param attributes: what the modality sent.
    """

    operation: StepOperation
    sop_instance_uid: str
    attributes: Dataset = field(repr=False)


def step_task(destination: str, message: StepMessage) -> NewTask:
    """Tell a node of a procedure step; all that is said of one step is told in its order.

    :param destination: name of the node.
    :raises MalformedDataSet: a value cannot be kept.
    """
    return NewTask(
        kind=TaskKind.PROCEDURE_STEP,
        destination=destination,
        sequence=message.sop_instance_uid,
        payload={
            "operation": message.operation,
            "sop_instance_uid": message.sop_instance_uid,
            "attributes": json.loads(to_json(message.attributes)),
        },
    )


def step_message(task: Task) -> StepMessage:
    """What a node is to be told of a procedure step.  Blocks, where that is much.

    :raises MalformedDataSet: what was kept cannot be read.
    """
    payload = task.payload
    return StepMessage(
        operation=StepOperation(payload["operation"]),
        sop_instance_uid=payload["sop_instance_uid"],
        attributes=from_json(payload["attributes"]),
    )
