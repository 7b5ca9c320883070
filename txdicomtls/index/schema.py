"""The tables: one schema for SQLite and PostgreSQL.

    patients <- studies <- series <- instances
                             ^
                             +- contents: how many instances of which SOP class and transfer syntax

Each row has a number of its own as its key, given in ascending order and never twice, so
that a page of results can go on where the last one ended.  The numbers of related
entities are kept in the rows and changed in the transaction that adds or removes
instances, by addition, which is right whoever else does so at the same time.

Two patients are the same where Patient ID and Issuer of Patient ID are the same.  Where
the Patient ID is empty nobody knows, so each such study has a patient of its own.

Texts are compared by their code points everywhere: PostgreSQL needs to be told so.

What stands here is the schema as it is now; how a database gets there is told by the
migrations, and a test holds the two together.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
)
from sqlalchemy.dialects import postgresql

from txdicomtls.index.attributes import BY_LEVEL, COUNTS, SEARCHED_NAMES, Attribute
from txdicomtls.index.levels import Level

METADATA = MetaData()

#: What the component groups of a name are called, in their order (PS3.5 6.2.1).
GROUPS = ("alphabetic", "ideographic", "phonetic")

#: Text whose order is that of its code points.
TEXT = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")

#: SQLite gives numbers by itself to a column of exactly this type only.
KEY = BigInteger().with_variant(Integer(), "sqlite")


class UtcTime(TypeDecorator[datetime]):
    """A point in time; SQLite knows no time zones, so what it keeps is in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the time to the database."""
        return value.astimezone(UTC) if value is not None else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Take the time from the database."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _key() -> Column[int]:
    return Column("key", KEY, Identity(), primary_key=True)


def _parent(table: str) -> Column[int]:
    return Column(f"{table}_key", KEY, ForeignKey(f"{table}.key"), nullable=False)


def _text(name: str, *, unique: bool = False) -> Column[Any]:
    return Column(name, TEXT, nullable=False, unique=unique)


def group_columns(attribute: Attribute) -> tuple[str, ...]:
    """The columns in which the component groups of a name are searched."""
    return tuple(f"{attribute.column}_{group}" for group in GROUPS)


def _level_columns(level: Level) -> list[Column[Any]]:
    """The attributes of a level, as columns; the unique key of a patient needs its issuer too."""
    columns: list[Column[Any]] = []
    for attribute in BY_LEVEL[level]:
        if attribute.inner:
            columns.append(Column(attribute.column, TEXT, nullable=False, server_default=""))
            continue
        unique = attribute.tag == level.unique_key and level is not Level.PATIENT
        columns.append(_text(attribute.column, unique=unique))
        if attribute in SEARCHED_NAMES:
            columns += [_text(name) for name in group_columns(attribute)]
    columns += [
        Column(count.column, BigInteger, nullable=False, server_default="0")
        for count in COUNTS.values()
        if count.level is level
    ]
    return columns


def _indexes(level: Level, table: Table) -> None:
    for attribute in BY_LEVEL[level]:
        names = group_columns(attribute) if attribute in SEARCHED_NAMES else (attribute.column,)
        if attribute.indexed and not table.c[attribute.column].unique:
            for name in names:
                Index(f"ix_{table.name}_{name}", table.c[name])


patients = Table(
    "patients",
    METADATA,
    _key(),
    _text("identity", unique=True),
    *_level_columns(Level.PATIENT),
    sqlite_autoincrement=True,
)

studies = Table(
    "studies",
    METADATA,
    _key(),
    _parent("patients"),
    *_level_columns(Level.STUDY),
    sqlite_autoincrement=True,
)

series = Table(
    "series",
    METADATA,
    _key(),
    _parent("studies"),
    *_level_columns(Level.SERIES),
    sqlite_autoincrement=True,
)

instances = Table(
    "instances",
    METADATA,
    _key(),
    _parent("series"),
    *_level_columns(Level.IMAGE),
    _text("transfer_syntax_uid"),
    _text("path"),
    _text("sha256"),
    _text("source_ae"),
    Column("size", BigInteger, nullable=False),
    Column("received_at", UtcTime, nullable=False),
    Column("flaw", TEXT, nullable=False, server_default=""),
    sqlite_autoincrement=True,
)

contents = Table(
    "contents",
    METADATA,
    Column("series_key", KEY, ForeignKey("series.key"), primary_key=True, autoincrement=False),
    Column("sop_class_uid", TEXT, primary_key=True),
    Column("transfer_syntax_uid", TEXT, primary_key=True),
    Column("number_of_instances", BigInteger, nullable=False),
)

#: The table of each level.
TABLES = {
    Level.PATIENT: patients,
    Level.STUDY: studies,
    Level.SERIES: series,
    Level.IMAGE: instances,
}

for _level, _table in TABLES.items():
    _indexes(_level, _table)
for _table, _column in (
    (studies, studies.c.patients_key),
    (series, series.c.studies_key),
    (instances, instances.c.series_key),
):
    Index(f"ix_{_table.name}_{_column.name}", _column)
Index("ix_contents_sop_class_uid", contents.c.sop_class_uid)
Index(
    "ix_instances_flaw",
    instances.c.series_key,
    sqlite_where=instances.c.flaw != "",
    postgresql_where=instances.c.flaw != "",
)
