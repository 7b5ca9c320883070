"""Inserts many rows with one statement, but for those that are there already.

SQLAlchemy writes as many lists of values as there are rows.  That suits SQLite.  For PostgreSQL
psycopg would look through all of that text for thousands of parameters each time, which takes
longer than the rest; there the rows are one parameter, a document of JSON.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Row,
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

#: By what each table knows a row that is there already.
_UNIQUE: dict[Table, Column[Any]] = {
    patients: patients.c.identity,
    studies: studies.c.study_instance_uid,
    series: series.c.series_instance_uid,
    instances: instances.c.sop_instance_uid,
}

#: What is told of each row that was inserted.
_TOLD: dict[Table, tuple[Column[Any], ...]] = {
    patients: (patients.c.key,),
    studies: (studies.c.patients_key,),
    series: (series.c.studies_key,),
    instances: (
        instances.c.sop_instance_uid,
        instances.c.sop_class_uid,
        instances.c.transfer_syntax_uid,
    ),
}


def insert_missing(
    connection: Connection, table: Table, rows: Sequence[dict[str, Any]]
) -> Sequence[Row[Any]]:
    """Insert the rows whose unique key is not there yet, in the order of these keys.

    Waits for other transactions that insert one of them at the same time.

    :param table: of patients, studies, series or instances.
    :param rows: all columns but the key and the numbers of related entities.
    :return: what the numbers need to know, of those that were inserted only.
    """
    unique = _UNIQUE[table].name
    ordered = sorted(rows, key=lambda row: row[unique])
    if connection.dialect.name == "sqlite":
        return connection.execute(_IN_SQLITE[table], ordered).all()
    document = json.dumps(ordered, default=datetime.isoformat, ensure_ascii=False)
    return connection.execute(_IN_POSTGRESQL[table], {"rows": document}).all()


def _in_sqlite(table: Table) -> ReturningInsert[Any]:
    return sqlite.insert(table).on_conflict_do_nothing().returning(*_TOLD[table])


def _in_postgresql(table: Table) -> ReturningInsert[Any]:
    by_itself = {"key"} | {count.column for count in COUNTS.values()}
    names = [name for name in table.c.keys() if name not in by_itself]  # noqa: SIM118  # no dict
    typed = [column(name, _plain(table.c[name])) for name in names]
    document = cast(bindparam("rows", type_=Text), postgresql.JSONB)
    rows = func.jsonb_to_recordset(document).table_valued(*typed)
    rows = rows.render_derived(name="rows", with_types=True)
    ordered = select(*(rows.c[name] for name in names)).order_by(rows.c[_UNIQUE[table].name])
    insert = postgresql.insert(table).from_select(names, ordered, include_defaults=False)
    return insert.on_conflict_do_nothing().returning(*_TOLD[table])


def _plain(kept: Column[Any]) -> type[Text | BigInteger] | UtcTime:
    """Give the type that a value has in the document."""
    if isinstance(kept.type, UtcTime):
        return kept.type
    return Text if isinstance(kept.type, Text) else BigInteger


_IN_SQLITE = {table: _in_sqlite(table) for table in _UNIQUE}
_IN_POSTGRESQL = {table: _in_postgresql(table) for table in _UNIQUE}
