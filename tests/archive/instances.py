"""Instances to be received: data sets that are whole and right, unless a test wants otherwise."""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from tests.archive.doubles import INSTANCE, UID
from tests.datasets import element
from txdicomtls import uids
from txdicomtls.index.record import Added, Flaw, InstanceRecord, KeptInstance, Outcome
from txdicomtls.instance import IncomingInstance

STUDY = "1.2.3.4"
SERIES = "1.2.3.4.5"
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def instance(number: int) -> IncomingInstance:
    """One of many."""
    return dataclasses.replace(INSTANCE, sop_instance_uid=f"{UID}.{number}")


def data_set(
    what: IncomingInstance = INSTANCE,
    *,
    study: str = STUDY,
    series: str = SERIES,
    study_date: str = "20261125",
    patient: str = "Lindgren^Astrid",
    step: str = "",
    pixels: bytes = bytes(100),
) -> bytes:
    """The data set of an instance; what is empty is left out."""
    return b"".join(
        element(group, number, vr, value, what.transfer_syntax_uid)
        for group, number, vr, value in (
            (0x0008, 0x0016, b"UI", what.sop_class_uid.encode()),
            (0x0008, 0x0018, b"UI", what.sop_instance_uid.encode()),
            (0x0008, 0x0020, b"DA", study_date.encode()),
            (0x0010, 0x0010, b"PN", patient.encode()),
            (0x0020, 0x000D, b"UI", study.encode()),
            (0x0020, 0x000E, b"UI", series.encode()),
            (0x0028, 0x0010, b"US", b"\x01\x02"),
            (0x0040, 0x0275, b"SQ", _requests(step, what.transfer_syntax_uid)),
            (0x7FE0, 0x0010, b"OB", pixels),
        )
        if value
    )


def _requests(step: str, transfer_syntax_uid: str) -> bytes:
    """The one item of a sequence that says which scheduled step it was made for."""
    if not step:
        return b""
    order = ">" if transfer_syntax_uid == uids.EXPLICIT_VR_BIG_ENDIAN else "<"
    value = element(0x0040, 0x0009, b"SH", step.encode(), transfer_syntax_uid)
    return struct.pack(f"{order}HHL", 0xFFFE, 0xE000, len(value)) + value


class FakeIndex:
    """An index in memory, which fails when the test says so.

    :ivar failing: raised instead of an answer.
    :ivar not_taken: a UID that it cannot take, for whatever reason.
    :ivar batches: how many records came at once, each time.
    """

    def __init__(self) -> None:
        self.rows: dict[str, KeptInstance] = {}
        self.failing: Exception | None = None
        self.failing_after: Exception | None = None
        self.not_taken = ""
        self.batches: list[int] = []

    def _call(self) -> None:
        if self.failing is not None:
            raise self.failing

    def add(self, records: Sequence[InstanceRecord]) -> list[Added]:
        self._call()
        if self.not_taken in [record.sop_instance_uid for record in records]:
            raise ValueError("not this one")
        self.batches.append(len(records))
        added = [self._add(record) for record in records]
        if self.failing_after is not None:
            raise self.failing_after
        return added

    def _add(self, record: InstanceRecord) -> Added:
        row = self.rows.get(record.sop_instance_uid)
        outcome = Outcome.ADDED
        if row is not None:
            outcome = Outcome.ALREADY if row.sha256 == record.sha256 else Outcome.CONFLICT
        else:
            row = self.rows[record.sop_instance_uid] = kept(record)
        return Added(
            outcome=outcome,
            sop_instance_uid=record.sop_instance_uid,
            path=row.path,
            sha256=row.sha256,
            flaw=row.flaw,
        )

    def replace(self, record: InstanceRecord) -> tuple[KeptInstance | None, Added]:
        self._call()
        before = self.rows.pop(record.sop_instance_uid, None)
        return before, self._add(record)

    def get(self, sop_instance_uids: Sequence[str]) -> dict[str, KeptInstance]:
        self._call()
        return {uid: self.rows[uid] for uid in sop_instance_uids if uid in self.rows}

    def mark(self, sop_instance_uid: str, flaw: Flaw) -> bool:
        self._call()
        row = self.rows.get(sop_instance_uid)
        if row is not None:
            self.rows[sop_instance_uid] = dataclasses.replace(row, flaw=flaw)
        return row is not None

    def count(self) -> int:
        self._call()
        return len(self.rows)


def kept(record: InstanceRecord) -> KeptInstance:
    """What an index says of a record that it has taken."""
    attributes: Mapping[str, str] = record.attributes
    return KeptInstance(
        sop_class_uid=record.sop_class_uid,
        sop_instance_uid=record.sop_instance_uid,
        transfer_syntax_uid=record.transfer_syntax_uid,
        study_instance_uid=attributes["StudyInstanceUID"],
        series_instance_uid=attributes["SeriesInstanceUID"],
        patient_id=attributes.get("PatientID", ""),
        path=record.path,
        size=record.size,
        sha256=record.sha256,
        received_at=record.received_at,
        source_ae=record.source_ae,
        flaw=Flaw.NONE,
    )
