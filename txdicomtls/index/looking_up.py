"""What is indexed already of that which arrives: rows found by their unique keys."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Generic, NamedTuple, TypeVar

from sqlalchemy import Column, Connection, FromClause, bindparam, select

from txdicomtls.index.database import Overtaken
from txdicomtls.index.schema import instances, patients, series, studies
from txdicomtls.index.statement import KEYS, Statement, one_of

#: So many keys at most are looked for with one statement.
MOST_KEYS = 1000


class KnownInstance(NamedTuple):
    """An instance that is indexed."""

    sop_instance_uid: str
    path: str
    sha256: str
    flaw: str


class KnownSeries(NamedTuple):
    """A series that is indexed, and what it belongs to."""

    series_instance_uid: str
    key: int
    studies_key: int
    study_instance_uid: str
    patients_key: int
    identity: str
    patient_name_alphabetic: str


class KnownStudy(NamedTuple):
    """A study that is indexed."""

    study_instance_uid: str
    key: int
    patients_key: int


class KnownPatient(NamedTuple):
    """A patient that is indexed."""

    identity: str
    key: int


Known = TypeVar("Known", KnownInstance, KnownSeries, KnownStudy, KnownPatient)


class LookUp(Generic[Known]):
    """Finds rows by a unique key, which is the first column.

    :param columns: what is found, in the order of the fields.
    :param known: the fields.
    :param joined: what they are of, where that is more than one table.
    """

    def __init__(
        self, known: type[Known], *columns: Column[Any], joined: FromClause | None = None
    ) -> None:
        statement = select(*columns)
        if joined is not None:
            statement = statement.select_from(joined)
        self._statement: Statement[Known] = Statement(
            statement.where(one_of(columns[0])),
            statement.where(columns[0].in_(bindparam(KEYS, expanding=True))),
            row=known._make,
        )

    def __call__(
        self, connection: Connection, keys: Iterable[str], *, every: bool = False
    ) -> dict[str, Known]:
        """Find those that are there.

        :raises Overtaken: every one should be there, and another node has just removed one.
        """
        ordered = sorted(keys)
        found: dict[str, Known] = {}
        for start in range(0, len(ordered), MOST_KEYS):
            some: object = ordered[start : start + MOST_KEYS]
            if connection.dialect.name == "sqlite":
                some = json.dumps(some, ensure_ascii=False)
            found.update((row[0], row) for row in self._statement(connection, keys=some))
        if every and len(found) < len(ordered):
            raise Overtaken
        return found


find_instances = LookUp(
    KnownInstance,
    instances.c.sop_instance_uid,
    instances.c.path,
    instances.c.sha256,
    instances.c.flaw,
)
find_series = LookUp(
    KnownSeries,
    series.c.series_instance_uid,
    series.c.key,
    series.c.studies_key,
    studies.c.study_instance_uid,
    studies.c.patients_key,
    patients.c.identity,
    patients.c.patient_name_alphabetic,
    joined=series.join(studies, series.c.studies_key == studies.c.key).join(
        patients, studies.c.patients_key == patients.c.key
    ),
)
find_studies = LookUp(
    KnownStudy, studies.c.study_instance_uid, studies.c.key, studies.c.patients_key
)
find_patients = LookUp(KnownPatient, patients.c.identity, patients.c.key)
