"""The databases that the same tests run over: each test case gets an empty one."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select
from twisted.trial.unittest import SynchronousTestCase

from tests.index.postgres import new_database
from txdicomtls.index import Index, open_index
from txdicomtls.index.schema import METADATA


class IndexCase(SynchronousTestCase):
    """A test case with an index, in a file of SQLite."""

    where: str | Path

    def setUp(self) -> None:
        super().setUp()
        self.where = self.make_database()
        self.index = self.open()

    def make_database(self) -> str | Path:
        """Make an empty database."""
        return Path(self.mktemp())

    def open(self) -> Index:
        """Open the index once more, until the test ends."""
        index = open_index(self.where)
        self.addCleanup(index.close)
        return index

    def rows(self, table: str) -> list[dict[str, object]]:
        """All rows of a table, in the order of their keys."""
        found = METADATA.tables[table]
        with self.index._database.reading(10) as connection:
            rows = connection.execute(select(found).order_by(*found.primary_key)).mappings()
            return [dict(row) for row in rows]

    def numbers(self, table: str, *names: str) -> list[tuple[object, ...]]:
        """Some columns of all rows of a table."""
        return [tuple(row[name] for name in names) for row in self.rows(table)]


class InPostgres(IndexCase):
    """The same tests over a database on a server of the tests' own.

    To be named before the case whose tests are to be run again.
    """

    def make_database(self) -> str | Path:
        """Make an empty database."""
        return new_database()
