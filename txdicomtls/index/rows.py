"""A record as rows of the tables, and rows as what was kept.

Values come from peers and may be anything.  They are cut to a length that the database
can bear, and rid of what a text in a database cannot hold: NUL, and halves of surrogate
pairs.  Spaces at both ends mean nothing (PS3.5 6.2), save at the beginning of long texts.

So that the database finds all that matches: of attributes that it finds rows by, and that
have one value by the standard, only the first one is kept; and dates all have one form.
"""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import Row, Select, select

from txdicomtls.dataset.names import name_groups
from txdicomtls.dataset.text import EXTENDED_VRS, UNSPLIT_VRS
from txdicomtls.index.attributes import BY_LEVEL, BY_TAG, SEARCHED_NAMES, Attribute
from txdicomtls.index.levels import Level
from txdicomtls.index.record import Flaw, InstanceRecord, KeptInstance
from txdicomtls.index.schema import GROUPS, group_columns, instances, patients, series, studies
from txdicomtls.index.sequences import items_of, sequence_text

#: Characters of a value that the database finds rows by, and of any other.  The former is
#: more than the standard allows, and less than a page of an index of PostgreSQL.
LONGEST_INDEXED = 256
LONGEST = 10240

#: As ACR-NEMA wrote dates (PS3.5 6.2, DA).
_OLD_DATE = re.compile(r"([0-9]{4})\.([0-9]{2})\.([0-9]{2})")

_PATIENT_NAME = 0x00100010
_PATIENT_ID = Level.PATIENT.unique_key
_ISSUER = 0x00100021

#: Cannot be in a value, so it joins two of them without doubt.
_BETWEEN = "\\"


def cleaned(text: str, longest: int = LONGEST) -> str:
    """Give a text as a database can hold it."""
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode("utf-8")
    return text.replace("\0", "")[:longest]


def value_of(record: InstanceRecord, attribute: Attribute) -> str:
    """Give the value of an attribute as it is kept; the empty text where there is none."""
    text = record.attributes.get(attribute.keyword)
    if not text:
        return ""
    if attribute.inner:
        items = (
            {tag: _inner_value(item.get(tag, ""), vr) for tag, vr in attribute.inner.items()}
            for item in items_of(text)
        )
        return sequence_text(items, longest=LONGEST)
    if attribute.vr in UNSPLIT_VRS:
        return cleaned(text).rstrip(" ")
    if attribute.indexed and not attribute.many:
        text = text.partition("\\")[0]
    text = cleaned(text, LONGEST_INDEXED if attribute.indexed else LONGEST).strip(" ")
    if attribute.vr == "DA" and (date := _OLD_DATE.fullmatch(text)):
        return "".join(date.groups())
    return _answerable(text, attribute.vr)


def _inner_value(text: str, vr: str) -> str:
    return _answerable(cleaned(text, LONGEST_INDEXED).strip(" "), vr)


def _answerable(text: str, vr: str) -> str:
    if vr not in EXTENDED_VRS and not text.isascii():
        # No response could hold it (PS3.5 6.1.2.3).
        return text.encode("ascii", "replace").decode("ascii")
    return text


def identity_of(record: InstanceRecord) -> str:
    """Give the text by which the patient of a record is told from others."""
    patient_id = value_of(record, BY_TAG[_PATIENT_ID])
    issuer = value_of(record, BY_TAG[_ISSUER])[:LONGEST_INDEXED]
    if patient_id:
        return patient_id + _BETWEEN + issuer
    return _BETWEEN + issuer + _BETWEEN + study_uid_of(record)


def study_uid_of(record: InstanceRecord) -> str:
    """Give the Study Instance UID of a record."""
    return value_of(record, BY_TAG[Level.STUDY.unique_key])


def series_uid_of(record: InstanceRecord) -> str:
    """Give the Series Instance UID of a record."""
    return value_of(record, BY_TAG[Level.SERIES.unique_key])


def searched_groups(name: str) -> list[str]:
    """Give the component groups of a name as they are searched; empty where it has none."""
    groups = [group[:LONGEST_INDEXED] for group in name_groups(name)]
    return groups + [""] * (len(GROUPS) - len(groups))


def searched_name_of(record: InstanceRecord) -> str:
    """Give the alphabetic group of the name of the patient, as it is searched."""
    name = value_of(record, BY_TAG[_PATIENT_NAME])
    return searched_groups(name)[0]


def level_row(level: Level, record: InstanceRecord) -> dict[str, Any]:
    """Give the attributes of a level as columns."""
    row = {attribute.column: value_of(record, attribute) for attribute in BY_LEVEL[level]}
    for name in SEARCHED_NAMES:
        if name.level is level:
            row |= zip(group_columns(name), searched_groups(row[name.column]), strict=True)
    return row


def patient_row(record: InstanceRecord) -> dict[str, Any]:
    """Give the row of the patient of a record."""
    return {"identity": identity_of(record), **level_row(Level.PATIENT, record)}


def study_row(record: InstanceRecord, patients_key: int) -> dict[str, Any]:
    """Give the row of the study of a record."""
    return {"patients_key": patients_key, **level_row(Level.STUDY, record)}


def series_row(record: InstanceRecord, studies_key: int) -> dict[str, Any]:
    """Give the row of the series of a record."""
    return {"studies_key": studies_key, **level_row(Level.SERIES, record)}


def instance_row(record: InstanceRecord, series_key: int) -> dict[str, Any]:
    """Give the row of an instance; what the protocol says goes before what the data set says."""
    return {
        **level_row(Level.IMAGE, record),
        "series_key": series_key,
        "sop_class_uid": cleaned(record.sop_class_uid),
        "sop_instance_uid": record.sop_instance_uid,
        "transfer_syntax_uid": cleaned(record.transfer_syntax_uid),
        "path": record.path,
        "size": record.size,
        "sha256": record.sha256,
        "received_at": record.received_at,
        "source_ae": cleaned(record.source_ae).strip(" "),
        "flaw": Flaw.NONE.value,
    }


#: All that a :class:`KeptInstance` has, and the key of the row before it.
KEPT: Select[Any] = (
    select(
        instances.c.key,
        instances.c.sop_class_uid,
        instances.c.sop_instance_uid,
        instances.c.transfer_syntax_uid,
        studies.c.study_instance_uid,
        series.c.series_instance_uid,
        patients.c.patient_id,
        instances.c.path,
        instances.c.size,
        instances.c.sha256,
        instances.c.received_at,
        instances.c.source_ae,
        instances.c.flaw,
    )
    .select_from(instances)
    .join(series, instances.c.series_key == series.c.key)
    .join(studies, series.c.studies_key == studies.c.key)
    .join(patients, studies.c.patients_key == patients.c.key)
)


#: Their names, without that of the key.
_FIELDS = tuple(KEPT.selected_columns.keys()[1:])


def kept_instance(row: Row[Any]) -> KeptInstance:
    """Make a value of a row of :data:`KEPT`, which may have more behind."""
    values: dict[str, Any] = dict(zip(_FIELDS, row[1:], strict=False))
    return KeptInstance(**{**values, "flaw": Flaw(row.flaw)})
