"""What goes into the index, and what comes out of it: values without a database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from txdicomtls.errors import InvalidInstance, MismatchedInstance
from txdicomtls.uids import is_valid_uid

_LONGEST_UID = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceRecord:
    """An instance that is to be indexed.

    :param attributes: decoded values by keyword, as ``{"PatientID": "4711"}``; several values
        have a backslash between them; of those that the index does not keep, none is looked at.
    :param sop_class_uid: SOP Class UID.
    :param sop_instance_uid: SOP Instance UID.
    :param transfer_syntax_uid: of the file.
    :param path: of the file, relative to the root of the archive.
    :param size: bytes of the data set.
    :param sha256: of the data set, in hexadecimal.
    :param received_at: when it was complete, with a time zone.
    :param source_ae: AE title of the sender.
    :raises InvalidInstance: the SOP Instance UID is not a valid UID.
    :raises MismatchedInstance: the data set does not say to which study and series it belongs.
        UIDs of these that are invalid, but no longer than a UID, are taken as they are.
    """

    attributes: Mapping[str, str] = field(repr=False)
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    path: str
    size: int
    sha256: str
    received_at: datetime
    source_ae: str = ""

    def __post_init__(self) -> None:
        if not is_valid_uid(self.sop_instance_uid):
            raise InvalidInstance(
                f"the SOP Instance UID {self.sop_instance_uid[:64]!a} is not a valid UID"
            )
        for keyword in ("StudyInstanceUID", "SeriesInstanceUID"):
            uid = self.attributes.get(keyword, "").partition("\\")[0].strip(" \0")
            if not 0 < len(uid) <= _LONGEST_UID:
                raise MismatchedInstance(f"the data set has no {keyword} that could be one")
        if self.received_at.tzinfo is None:
            raise ValueError("received_at has no time zone")


class Flaw(Enum):
    """What the archive has found wrong with the file of an instance that is indexed."""

    NONE = ""
    MISSING = "missing"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptInstance:
    """An instance that is indexed; the parameters that are not explained are as received.

    :param path: of the file, relative to the root of the archive.
    :param size: bytes of the data set.
    :param sha256: of the data set, in hexadecimal.
    :param received_at: when it was complete, in UTC.
    :param flaw: what is wrong with its file.
    """

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    study_instance_uid: str
    series_instance_uid: str
    patient_id: str = field(repr=False)
    path: str
    size: int
    sha256: str
    received_at: datetime
    source_ae: str
    flaw: Flaw


class Outcome(Enum):
    """What became of a record."""

    ADDED = "added"
    ALREADY = "already"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What became of one record.

    :param outcome: ADDED; ALREADY, where an instance with this UID and the same data set is
        indexed; CONFLICT, where it has another data set, and nothing was changed.
    :param sop_instance_uid: of the record.
    :param path: the file that is indexed under this UID now.
    :param sha256: of its data set.
    :param flaw: what is known to be wrong with that file: one that is missing or damaged
        should be replaced by what has just come.
    :param remarks: what is odd: the study is kept under another patient, say.  Without
        values of elements.
    """

    outcome: Outcome
    sop_instance_uid: str
    path: str
    sha256: str
    flaw: Flaw = Flaw.NONE
    remarks: tuple[str, ...] = ()
