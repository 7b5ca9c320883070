"""Inserts rows, but for those that are there already.

SQLite gets them one by one.  For PostgreSQL, to which the way is longer, they are one parameter
of one statement, a document of JSON: psycopg would look through a text with thousands of
parameters each time, which takes longer than the rest.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Table,
    Text,
    bindparam,
    cast,
    column,
    func,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert

from txdicomtls.index.attributes import COUNTS
from txdicomtls.index.schema import UtcTime, instances, patients, series, studies
from txdicomtls.index.statement import Statement


class InsertedPatient(NamedTuple):
    """What is told of a patient that was inserted."""

    key: int


class InsertedStudy(NamedTuple):
    """What is told of a study that was inserted."""

    patients_key: int


class InsertedSeries(NamedTuple):
    """What is told of a series that was inserted."""

    studies_key: int


class InsertedInstance(NamedTuple):
    """What is told of an instance that was inserted."""

    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str


Inserted = TypeVar("Inserted", InsertedPatient, InsertedStudy, InsertedSeries, InsertedInstance)


class Insertion(Generic[Inserted]):
    """Inserts the rows of one table whose unique key is not there yet.

    :param table: which.
    :param unique: the column of that key.
    :param told: makes of the columns of that row, which have its names, what is told of it.
    """

    def __init__(self, table: Table, unique: Column[Any], told: type[Inserted]) -> None:
        self._unique = unique.name
        returned = [table.c[name] for name in told._fields]
        self._statement: Statement[Inserted] = Statement(
            sqlite.insert(table).on_conflict_do_nothing().returning(*returned),
            _in_postgresql(table, unique, returned),
            row=told._make,
            inserted=_given(table),
        )

    def __call__(self, connection: Connection, rows: Sequence[dict[str, Any]]) -> list[Inserted]:
        """Insert rows, in the order of their keys.

        Waits for other transactions that insert one of them at the same time.

        :param rows: all columns but the key and the numbers of related entities.
        :return: what the numbers need to know, of those that were inserted only.
        """
        ordered = sorted(rows, key=lambda row: row[self._unique])
        if connection.dialect.name == "sqlite":
            return self._statement.for_each(connection, ordered)
        document = json.dumps(ordered, default=datetime.isoformat, ensure_ascii=False)
        return self._statement(connection, rows=document)


def _given(table: Table) -> list[str]:
    """The columns that do not get their values by themselves."""
    by_itself = {"key"} | {count.column for count in COUNTS.values()}
    return [name for name in table.c.keys() if name not in by_itself]  # noqa: SIM118  # no dict


def _in_postgresql(
    table: Table, unique: Column[Any], returned: Sequence[Column[Any]]
) -> ReturningInsert[Any]:
    names = _given(table)
    typed = [column(name, _plain(table.c[name])) for name in names]
    document = cast(bindparam("rows", type_=Text), postgresql.JSONB)
    rows = func.jsonb_to_recordset(document).table_valued(*typed)
    rows = rows.render_derived(name="rows", with_types=True)
    ordered = select(*(rows.c[name] for name in names)).order_by(rows.c[unique.name])
    insert = postgresql.insert(table).from_select(names, ordered, include_defaults=False)
    return insert.on_conflict_do_nothing().returning(*returned)


def _plain(kept: Column[Any]) -> type[Text | BigInteger] | UtcTime:
    """Give the type that a value has in the document."""
    if isinstance(kept.type, UtcTime):
        return kept.type
    return Text if isinstance(kept.type, Text) else BigInteger


insert_patients = Insertion(patients, patients.c.identity, InsertedPatient)
insert_studies = Insertion(studies, studies.c.study_instance_uid, InsertedStudy)
insert_series = Insertion(series, series.c.series_instance_uid, InsertedSeries)
insert_instances = Insertion(instances, instances.c.sop_instance_uid, InsertedInstance)
