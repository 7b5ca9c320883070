"""Records for tests: an instance of a study, with whatever is to be different about it."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256

from txdicomtls.index import InstanceRecord

CT = "1.2.840.10008.5.1.4.1.1.2"
MR = "1.2.840.10008.5.1.4.1.1.4"
EXPLICIT = "1.2.840.10008.1.2.1"
IMPLICIT = "1.2.840.10008.1.2"

RECEIVED = datetime(2026, 1, 2, 3, 4, 5, 678_901, UTC)

#: Not part of any data set: parameters of a record.
_FACTS = ("sop_class_uid", "transfer_syntax_uid", "path", "source_ae")


def record(
    study: int = 1,
    series: int = 1,
    instance: int = 1,
    *,
    content: str = "",
    **more: str,
) -> InstanceRecord:
    """Make a record.

    :param study: a number; its UID is 1.2.study.
    :param series: a number in the study.
    :param instance: a number in the series.
    :param content: stands for the data set, where it is to be another one.
    :param more: attributes by keyword, and parameters of the record but its hash.
    """
    uid = uid_of(study, series, instance)
    attributes = {
        "PatientID": "P1",
        "PatientName": "Doe^Jane",
        "StudyInstanceUID": f"1.2.{study}",
        "SeriesInstanceUID": f"1.2.{study}.{series}",
        "Modality": "CT",
        "InstanceNumber": str(instance),
    }
    facts: dict[str, str] = {name: more.pop(name) for name in _FACTS if name in more}
    return InstanceRecord(
        attributes=attributes | more,
        sop_class_uid=facts.get("sop_class_uid", CT),
        sop_instance_uid=uid,
        transfer_syntax_uid=facts.get("transfer_syntax_uid", EXPLICIT),
        path=facts.get("path", f"objects/{uid}.dcm"),
        size=1000 + instance,
        sha256=sha256(f"{uid} {content}".encode()).hexdigest(),
        received_at=RECEIVED,
        source_ae=facts.get("source_ae", "CT_ROOM_1"),
    )


def uid_of(study: int = 1, series: int = 1, instance: int = 1) -> str:
    """The SOP Instance UID that a record gets."""
    return f"1.2.{study}.{series}.{instance}"
