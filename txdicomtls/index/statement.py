"""The statements that every arrival of an instance needs, compiled once.

Theory of operation.  SQLAlchemy looks at a statement anew each time that it is executed, which
takes several times as long as SQLite needs to do it.  Where instances arrive one by one, that
is most of what the index costs.  So for SQLite each of these statements is written out once, as
text, and later goes to the connection of SQLAlchemy's transaction directly.  PostgreSQL, where
the way to the server costs more than that, gets it from SQLAlchemy.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Generic, TypeVar

from sqlalchemy import Column, Connection, bindparam, func, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql import ClauseElement, ColumnElement, Executable

#: What a row becomes.
Found = TypeVar("Found")

_DIALECT = sqlite.dialect(paramstyle="named")

#: The parameter of :func:`one_of`.
KEYS = "keys"


class Statement(Generic[Found]):
    """A statement that is executed within a transaction.

    :param in_sqlite: the statement; every value is a parameter with a name.
    :param in_postgresql: the same for PostgreSQL.
    :param row: makes what is returned of the columns of a row.
    :param inserted: names of the columns that an insertion gives values to; none where these
        stand in the statement.
    """

    def __init__(
        self,
        in_sqlite: ClauseElement,
        in_postgresql: Executable,
        *,
        row: Callable[[Iterable[Any]], Found],
        inserted: Sequence[str] = (),
    ) -> None:
        self._in_sqlite = in_sqlite
        self._in_postgresql = in_postgresql
        self._row = row
        self._inserted = list(inserted) or None

    def __call__(self, connection: Connection, **parameters: object) -> list[Found]:
        """Execute it once.

        :param connection: in a transaction.
        :param parameters: by their names.
        :return: the rows.
        """
        if connection.dialect.name == "sqlite":
            return self._direct(raw_sqlite(connection), parameters)
        return list(map(self._row, connection.execute(self._in_postgresql, parameters)))

    def for_each(self, connection: Connection, many: Sequence[Mapping[str, Any]]) -> list[Found]:
        """Execute it for each of these parameters.

        :param connection: in a transaction.
        :return: the rows of all of them; in PostgreSQL, none.
        """
        if connection.dialect.name == "sqlite":
            raw = raw_sqlite(connection)
            return [row for parameters in many for row in self._direct(raw, parameters)]
        connection.execute(self._in_postgresql, many)
        return []

    def _direct(self, raw: sqlite3.Connection, parameters: Mapping[str, Any]) -> list[Found]:
        if self._processors:
            changed = {name: process(parameters[name]) for name, process in self._processors}
            parameters = {**parameters, **changed}
        return list(map(self._row, raw.execute(self._text, parameters)))

    @cached_property
    def _compiled(self) -> Any:  # noqa: ANN401  # its type is none of the public ones
        return self._in_sqlite.compile(dialect=_DIALECT, column_keys=self._inserted)

    @cached_property
    def _text(self) -> str:
        return str(self._compiled)

    @cached_property
    def _processors(self) -> list[tuple[str, Callable[[Any], Any]]]:
        """What SQLAlchemy does to a value before SQLite gets it, where it does anything."""
        found = []
        for name, parameter in self._compiled.binds.items():
            process = parameter.type.dialect_impl(_DIALECT).bind_processor(_DIALECT)
            if process is not None:
                found.append((name, process))
        return found


def one_of(column: Column[Any]) -> ColumnElement[bool]:
    """A condition of SQLite whose text does not depend on how many keys there are.

    :return: true where the column is one of :data:`KEYS`, which is a document of JSON.
    """
    value = func.json_each(bindparam(KEYS)).table_valued("value").c.value
    return column.in_(select(value))


def raw_sqlite(connection: Connection) -> sqlite3.Connection:
    """The connection of :mod:`sqlite3` behind one of SQLAlchemy."""
    raw = connection.connection.dbapi_connection
    assert isinstance(raw, sqlite3.Connection)
    return raw
