"""The rules of performed procedure steps: states, and what is required when (PS3.4 F.7.2).

What the standard requires to be there but lets be empty (type 2) is not insisted on: many
modalities leave it out, and nothing is lost by that.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any

from pydicom.dataset import Dataset

from txdicomtls.dimse import MAY_NO_LONGER_BE_UPDATED
from txdicomtls.errors import (
    InvalidAttributeValue,
    MissingAttribute,
    MissingAttributeValue,
    ProcessingFailure,
)

STATUS = 0x00400252


class StepState(Enum):
    """Performed Procedure Step Status (0040,0252)."""

    IN_PROGRESS = "IN PROGRESS"
    COMPLETED = "COMPLETED"
    DISCONTINUED = "DISCONTINUED"


#: The final states: nothing leads out of them (PS3.4 F.7.2.2).
FINAL = frozenset((StepState.COMPLETED, StepState.DISCONTINUED))

_SCHEDULED_STEP_ATTRIBUTES = 0x00400270
_STUDY_INSTANCE_UID = 0x0020000D
_PERFORMED_SERIES = 0x00400340
_SERIES_INSTANCE_UID = 0x0020000E

#: What a new step must have, with a value (type 1 of PS3.4 Table F.7.2-1).
REQUIRED = (
    _SCHEDULED_STEP_ATTRIBUTES,
    0x00400253,  # Performed Procedure Step ID
    0x00400241,  # Performed Station AE Title
    0x00400244,  # Performed Procedure Step Start Date
    0x00400245,  # Performed Procedure Step Start Time
    STATUS,
    0x00080060,  # Modality
)

#: What N-SET may not change: what is done was begun for this patient, then, there.
FIXED = (
    _SCHEDULED_STEP_ATTRIBUTES,
    0x00100010,  # Patient's Name
    0x00100020,  # Patient ID
    0x00100030,  # Patient's Birth Date
    0x00100040,  # Patient's Sex
    0x00400253,
    0x00400241,
    0x00400244,
    0x00400245,
    0x00080060,
    0x00200010,  # Study ID
)

#: What a step must have, with a value, once it is in a final state (PS3.4 F.7.2.2.2).
REQUIRED_AT_END = (
    0x00400250,  # Performed Procedure Step End Date
    0x00400251,  # Performed Procedure Step End Time
)


def check_creation(attributes: Dataset) -> None:
    """Check what a new step is to be.

    :raises ProviderError: it breaks a rule.
    """
    missing = [tag for tag in REQUIRED if tag not in attributes]
    if missing:
        raise MissingAttribute("attributes of the step are missing", tags=missing)
    _require_values(attributes, REQUIRED)
    without = _items_without(attributes, _SCHEDULED_STEP_ATTRIBUTES, _STUDY_INSTANCE_UID)
    if without:
        raise MissingAttribute("a scheduled step names no study", tags=(_STUDY_INSTANCE_UID,))
    if state_of(attributes) is not StepState.IN_PROGRESS:
        raise InvalidAttributeValue("a new step is IN PROGRESS", tags=(STATUS,))


def check_change(current: Dataset, modifications: Dataset) -> None:
    """Check what a step is to become.

    :param current: the step.
    :param modifications: what takes the place of it.
    :raises ProviderError: it breaks a rule.
    """
    if state_of(current) in FINAL:
        raise ProcessingFailure(
            "the step may no longer be updated", error_id=MAY_NO_LONGER_BE_UPDATED
        )
    fixed = [tag for tag in FIXED if tag in modifications]
    if fixed:
        raise InvalidAttributeValue("these attributes may not be changed", tags=fixed)
    if STATUS not in modifications:
        return
    state = state_of(modifications)
    if state not in FINAL:
        return
    after = Dataset()
    for tag in (*REQUIRED_AT_END, _PERFORMED_SERIES):
        source = modifications if tag in modifications else current
        if tag in source:
            after[tag] = source[tag]
    _require_values(after, REQUIRED_AT_END)
    if state is StepState.COMPLETED:  # what is discontinued may have come to nothing
        _require_values(after, (_PERFORMED_SERIES,))
    if _items_without(after, _PERFORMED_SERIES, _SERIES_INSTANCE_UID):
        raise MissingAttributeValue("a series has no UID", tags=(_SERIES_INSTANCE_UID,))


def state_of(attributes: Dataset) -> StepState:
    """Read the state of a step.

    :raises InvalidAttributeValue: it is none.
    """
    value: Any = attributes[STATUS].value if STATUS in attributes else ""
    try:
        return StepState(str(value or "").strip())
    except ValueError as error:
        raise InvalidAttributeValue("there is no such state of a step", tags=(STATUS,)) from error


def _require_values(attributes: Dataset, tags: Iterable[int]) -> None:
    empty = [tag for tag in tags if not _has_value(attributes, tag)]
    if empty:
        raise MissingAttributeValue("attributes of the step have no value", tags=empty)


def _has_value(attributes: Dataset, tag: int) -> bool:
    if tag not in attributes:
        return False
    value: Any = attributes[tag].value
    return value is not None and str(value).strip(" \0") != "" and value != []


def _items_without(attributes: Dataset, sequence: int, tag: int) -> bool:
    """Whether an item of the sequence has no value of the element."""
    if sequence not in attributes or attributes[sequence].VR != "SQ":
        return False
    return any(not _has_value(item, tag) for item in attributes[sequence].value or ())
