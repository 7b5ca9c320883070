"""Adds instances, and removes them: what happens inside one transaction.

A batch is added with a few statements, however many instances it has: which of them are
known; which of their series; the rows that are missing, from the top down; the numbers.

Several nodes may add at once, even the same instance.  Every insertion leaves a row alone
that another transaction has made, after waiting for the end of that one; so it is the
database that decides who was first, and each of them is told what is there then.  Rows
are inserted in the order of their unique keys, so that no two transactions wait for each
other.

A study stays with the patient that it came with first, and a series with its study, whatever
later instances say; that they say otherwise is remarked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete

from txdicomtls.index.counting import Changes, Place, prune
from txdicomtls.index.insertion import (
    insert_instances,
    insert_patients,
    insert_series,
    insert_studies,
)
from txdicomtls.index.looking_up import (
    KnownInstance,
    KnownSeries,
    find_instances,
    find_patients,
    find_series,
    find_studies,
)
from txdicomtls.index.record import Added, Flaw, InstanceRecord, KeptInstance, Outcome
from txdicomtls.index.rows import (
    KEPT,
    identity_of,
    instance_row,
    kept_instance,
    patient_row,
    searched_name_of,
    series_row,
    series_uid_of,
    study_row,
    study_uid_of,
)
from txdicomtls.index.schema import instances, patients, series, studies

OTHER_PATIENT = "its study is kept under another patient"
OTHER_STUDY = "its series is kept under another study"
OTHER_NAME = "its patient is kept under another name"


@dataclass(frozen=True, slots=True)
class _Placed:
    place: Place
    remarks: tuple[str, ...]


def add(connection: Connection, records: Sequence[InstanceRecord]) -> list[Added]:
    """Add instances; one whose SOP Instance UID is known changes nothing.

    :param records: may have the same instance twice; the first one counts.
    :return: what became of each, in their order.
    """
    firsts: dict[str, InstanceRecord] = {}
    for record in sorted(records, key=lambda record: record.sop_instance_uid):
        firsts.setdefault(record.sop_instance_uid, record)
    known = find_instances(connection, firsts)
    fresh = {uid: record for uid, record in firsts.items() if uid not in known}
    placed: dict[str, _Placed] = {}
    inserted: set[str] = set()
    if fresh:
        changes = Changes()
        # In the order in which they came: the first one of a study says what the study is.
        came = [record for record in records if fresh.get(record.sop_instance_uid) is record]
        placed = _place(connection, came, changes)
        inserted = _insert_instances(connection, fresh, placed, changes)
        changes.apply(connection)
        if len(inserted) < len(fresh):  # another node was quicker
            lost = fresh.keys() - inserted
            known |= find_instances(connection, lost, every=True)
            prune(connection, sorted({placed[uid].place.series for uid in lost}))
    added = []
    for record in records:
        uid = record.sop_instance_uid
        if uid in inserted and firsts[uid] is record:
            added.append(_added(record, Outcome.ADDED, record, remarks=placed[uid].remarks))
        else:
            kept = firsts[uid] if uid in inserted else known[uid]
            same = kept.sha256 == record.sha256
            outcome = Outcome.ALREADY if same else Outcome.CONFLICT
            flaw = Flaw.NONE if uid in inserted else Flaw(known[uid].flaw)
            added.append(_added(record, outcome, kept, flaw=flaw))
    return added


def remove(connection: Connection, sop_instance_uid: str) -> KeptInstance | None:
    """Remove an instance, and what becomes empty by that.

    :return: what was removed; None where there was nothing.
    """
    columns = (series.c.key, studies.c.key, patients.c.key)
    names = ("at_series", "at_study", "at_patient")
    keys = [column.label(name) for column, name in zip(columns, names, strict=True)]
    row = connection.execute(
        KEPT.add_columns(*keys).where(instances.c.sop_instance_uid == sop_instance_uid)
    ).one_or_none()
    if row is None:
        return None
    gone = delete(instances).where(instances.c.key == row.key)
    if not connection.execute(gone).rowcount:  # another node was quicker
        return None
    place = Place(series=row.at_series, study=row.at_study, patient=row.at_patient)
    changes = Changes()
    changes.instance(place, row.sop_class_uid, row.transfer_syntax_uid, -1)
    changes.apply(connection)
    prune(connection, [place.series])
    return kept_instance(row)


def _added(
    record: InstanceRecord,
    outcome: Outcome,
    kept: InstanceRecord | KnownInstance,
    *,
    flaw: Flaw = Flaw.NONE,
    remarks: tuple[str, ...] = (),
) -> Added:
    return Added(
        outcome=outcome,
        sop_instance_uid=record.sop_instance_uid,
        path=kept.path,
        sha256=kept.sha256,
        flaw=flaw,
        remarks=remarks,
    )


def _place(
    connection: Connection, records: list[InstanceRecord], changes: Changes
) -> dict[str, _Placed]:
    """Find the series of each instance; make what is missing."""
    wanted = _firsts(records, series_uid_of)
    found = find_series(connection, wanted)
    missing = [record for uid, record in wanted.items() if uid not in found]
    if missing:
        _make_series(connection, missing, changes)
        found |= find_series(connection, map(series_uid_of, missing), every=True)
    return {
        record.sop_instance_uid: _placed(record, found[series_uid_of(record)]) for record in records
    }


def _placed(record: InstanceRecord, row: KnownSeries) -> _Placed:
    remarks = []
    if row.study_instance_uid != study_uid_of(record):
        remarks.append(OTHER_STUDY)
    elif row.identity != identity_of(record):
        remarks.append(OTHER_PATIENT)
    elif (name := searched_name_of(record)) and name != row.patient_name_alphabetic:
        remarks.append(OTHER_NAME)
    place = Place(series=row.key, study=row.studies_key, patient=row.patients_key)
    return _Placed(place, tuple(remarks))


def _make_series(connection: Connection, records: list[InstanceRecord], changes: Changes) -> None:
    wanted = _firsts(records, study_uid_of)
    found = find_studies(connection, wanted)
    missing = [record for uid, record in wanted.items() if uid not in found]
    if missing:
        _make_studies(connection, missing, changes)
        found |= find_studies(connection, map(study_uid_of, missing), every=True)
    rows = [series_row(record, found[study_uid_of(record)].key) for record in records]
    patient_of = {row.key: row.patients_key for row in found.values()}
    for row in insert_series(connection, rows):
        changes.series(row.studies_key, patient_of[row.studies_key], 1)


def _make_studies(connection: Connection, records: list[InstanceRecord], changes: Changes) -> None:
    wanted = _firsts(records, identity_of)
    found = find_patients(connection, wanted)
    missing = [patient_row(record) for identity, record in wanted.items() if identity not in found]
    if missing:
        insert_patients(connection, missing)
        found |= find_patients(connection, wanted, every=True)
    rows = [study_row(record, found[identity_of(record)].key) for record in records]
    for row in insert_studies(connection, rows):
        changes.studies(row.patients_key, 1)


def _insert_instances(
    connection: Connection,
    records: dict[str, InstanceRecord],
    placed: dict[str, _Placed],
    changes: Changes,
) -> set[str]:
    """Give the UIDs of those that were not there yet."""
    rows = [instance_row(record, placed[uid].place.series) for uid, record in records.items()]
    inserted = set()
    for row in insert_instances(connection, rows):
        uid = row.sop_instance_uid
        inserted.add(uid)
        changes.instance(placed[uid].place, row.sop_class_uid, row.transfer_syntax_uid, 1)
    return inserted


def _firsts(
    records: Iterable[InstanceRecord], of: Callable[[InstanceRecord], str]
) -> dict[str, InstanceRecord]:
    """The first record of each patient, study or series, in their order."""
    firsts: dict[str, InstanceRecord] = {}
    for record in records:
        firsts.setdefault(of(record), record)
    return firsts
