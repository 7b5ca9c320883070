"""Tests of :mod:`txdicomtls.index.statement`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone

from sqlalchemy import Connection, bindparam, select, update

from tests.index.databases import IndexCase, InPostgres
from tests.index.records import record, uid_of
from txdicomtls.errors import IndexUnavailable
from txdicomtls.index.schema import instances
from txdicomtls.index.statement import KEYS, Statement, one_of

_UID = instances.c.sop_instance_uid

_MOVED = (
    update(instances)
    .where(bindparam("uid") == _UID)
    .values(received_at=bindparam("when", type_=instances.c.received_at.type))
)


def _nothing(_row: Iterable[object]) -> None:
    """Nothing is returned."""


class StatementTests(IndexCase):
    def setUp(self) -> None:
        super().setUp()
        self.index.add([record(instance=number) for number in range(5)])

    def test_a_value_is_written_as_sqlalchemy_would_write_it(self) -> None:
        move = Statement(_MOVED, _MOVED, row=_nothing)
        when = datetime(2026, 11, 25, 1, 2, 3, 4, timezone(timedelta(hours=2)))
        self.index._database.write(
            lambda connection: move.for_each(
                connection, [{"uid": uid_of(instance=3), "when": when}]
            )
        )
        times = {row["sop_instance_uid"]: row["received_at"] for row in self.rows("instances")}
        self.assertEqual(when.astimezone(UTC), times[uid_of(instance=3)])
        self.assertNotEqual(when, times[uid_of(instance=2)])
        with self.index._database.reading(10) as connection:
            same = select(_UID).where(instances.c.received_at == when)
            self.assertEqual([uid_of(instance=3)], list(connection.execute(same).scalars()))

    def test_rows_are_what_the_caller_makes_of_them(self) -> None:
        def keys(connection: Connection, *uids: str) -> object:
            return json.dumps(uids) if connection.dialect.name == "sqlite" else list(uids)

        look_up = Statement(
            select(_UID).where(one_of(_UID)),
            select(_UID).where(_UID.in_(bindparam(KEYS, expanding=True))),
            row=lambda row: next(iter(row))[::-1],
        )
        with self.index._database.reading(10) as connection:
            found = look_up(
                connection, keys=keys(connection, "1.2.1.1.4", "1.2.1.1.1", "1.2.77", "'")
            )
        self.assertEqual(["1.1.1.2.1", "4.1.1.2.1"], sorted(found))


class StatementInPostgresTests(InPostgres, StatementTests):
    pass


class ErrorTests(IndexCase):
    def test_an_error_of_sqlite_is_one_of_the_index_and_nothing_is_written(self) -> None:
        self.index.add([record()])
        emptied = update(instances).values(path=bindparam("path"))
        broken = Statement(emptied, emptied, row=_nothing)

        def work(connection: Connection) -> None:
            broken(connection, path="elsewhere")
            broken(connection, path=None)

        with self.assertRaises(IndexUnavailable):
            self.index._database.write(work)
        self.assertNotEqual("elsewhere", self.rows("instances")[0]["path"])
