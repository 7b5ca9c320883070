"""Work that is to be done later, and must not be forgotten: a durable queue.

Theory of operation.  A task is a row.  Whoever is about to do some *leases* them: in one
transaction they are read, get an owner, and are not due again until the lease ends.  So several
nodes on one database never do the same task at once, and what a node had begun when it
stopped is due again by itself, without anybody finding out that it stopped.  A task that is done
is removed; one that failed is due again at a later time, or is given up, and then stays until
somebody has it tried again or discards it.

An owner that has lost its lease, because it took too long, changes nothing: each of its calls
says whether the task was still its own.  So a task may be done twice, and is never lost.

Tasks of one sequence are done in the order in which they were put, each after the one before it
is gone: one that was given up holds up those behind it.

Times are given by the caller.  Nodes that share a database have to have about the same time:
a lease has to be longer than their difference.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert

from txdicomtls.index.database import Database
from txdicomtls.index.rows import LONGEST_INDEXED, cleaned
from txdicomtls.index.service_schema import tasks
from txdicomtls.index.task import Backlog, NewTask, Task, TaskState

#: Tasks that are leased at once, where nothing else is said.
AT_ONCE = 100

#: Characters of the text that says why a task failed.
_LONGEST_ERROR = 500

#: Seconds that the database may work on one question.
_SECONDS = 30.0


def insert_tasks(connection: Connection, new: Iterable[NewTask], now: datetime) -> list[int]:
    """Put tasks, within a transaction that does something else as well.

    One whose name is taken is left out.

    :return: the keys of those that were put.
    """
    rows = [
        {
            "kind": str(task.kind),
            "destination": cleaned(task.destination, LONGEST_INDEXED),
            "name": task.name,
            "sequence": task.sequence,
            "payload": json.dumps(task.payload, separators=(",", ":")),
            "created_at": now,
            "due_at": task.due_at or now,
            "owner": "",
            "attempts": 0,
            "state": TaskState.WAITING.value,
            "error": "",
        }
        for task in new
    ]
    if not rows:
        return []
    inserted = connection.execute(_INSERTIONS[connection.dialect.name], rows)
    return list(inserted.scalars())


class TaskQueue:
    """What is to be done.  All methods block, and may be called by any number of threads.

    Each may raise :class:`~txdicomtls.errors.IndexUnavailable`.

    :param database: where the rows are.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, *new: NewTask, now: datetime) -> int:
        """Put tasks, all in one transaction; they are safe when this returns.

        :param now: with a time zone, as all times here.
        :return: how many were put: one whose name is taken is left out.
        """
        return len(self._database.write(lambda connection: insert_tasks(connection, new, now)))

    def put_leased(self, new: NewTask, *, now: datetime, owner: str) -> int | None:
        """Put a task that its owner begins at once, leased until it is due.

        :return: its key; None where its name is taken, and nothing was put.
        """

        def work(connection: Connection) -> int | None:
            keys = insert_tasks(connection, [new], now)
            if not keys:
                return None
            begun = {"owner": owner, "attempts": 1}
            connection.execute(update(tasks).where(tasks.c.key == keys[0]).values(begun))
            return keys[0]

        return self._database.write(work)

    def due(
        self,
        kind: str,
        *,
        now: datetime,
        owner: str,
        lease: timedelta,
        destination: str | None = None,
        limit: int = AT_ONCE,
    ) -> list[Task]:
        """Lease tasks that are due, those that have been due for longest first.

        :param kind: only these.
        :param owner: who is going to do them; not empty.
        :param lease: how long nobody else gets them.
        :param destination: only those for this one; None for all.
        :param limit: so many at most.
        """

        def work(connection: Connection) -> Sequence[Row[Any]]:
            found = (
                select(tasks.c.key)
                .where(*_due(kind, now, destination))
                .order_by(tasks.c.due_at, tasks.c.key)
                .limit(limit)
                .with_for_update(skip_locked=True)
            )
            keys = connection.execute(found).scalars().all()
            if not keys:
                return []
            leased = (
                update(tasks)
                .where(tasks.c.key.in_(keys))
                .values(owner=owner, due_at=now + lease, attempts=tasks.c.attempts + 1)
                .returning(*_TASK)
            )
            rows = {row.key: row for row in connection.execute(leased)}
            return [rows[key] for key in keys]

        return [_task(row) for row in self._database.write(work)]

    def destinations(self, kind: str, *, now: datetime) -> list[str]:
        """Give the destinations for which something is due, so that each gets its turn."""
        statement = (
            select(tasks.c.destination)
            .where(*_due(kind, now, None))
            .distinct()
            .order_by(tasks.c.destination)
        )
        with self._database.reading(_SECONDS) as connection:
            return list(connection.execute(statement).scalars())

    def next_due(self, kind: str) -> datetime | None:
        """Give the time at which the next task is due; None where none is waiting."""
        statement = select(func.min(tasks.c.due_at)).where(tasks.c.kind == kind, _WAITING)
        with self._database.reading(_SECONDS) as connection:
            found: datetime | None = connection.execute(statement).scalar_one()
            return found

    def renew(self, keys: Iterable[int], *, owner: str, until: datetime) -> int:
        """Keep tasks for longer.

        :return: how many of them are still the owner's.
        """
        return self._change(_held(keys, owner), due_at=until)

    def done(self, *keys: int, owner: str) -> int:
        """Remove tasks that are done.

        :return: how many of them were still the owner's.
        """
        statement = delete(tasks).where(_held(keys, owner))
        return self._database.write(lambda connection: connection.execute(statement).rowcount)

    def failed(self, key: int, *, owner: str, error: str, next_at: datetime | None) -> bool:
        """Note that a task could not be done.

        :param error: why, without values of elements.
        :param next_at: when it is to be tried again; None to give it up.
        :return: whether it was still the owner's.
        """
        changes: dict[str, Any] = {"owner": "", "error": cleaned(error, _LONGEST_ERROR)}
        if next_at is None:
            changes["state"] = TaskState.GIVEN_UP.value
        else:
            changes["due_at"] = next_at
        return self._change(_held([key], owner), **changes) > 0

    def postpone(self, kind: str, destination: str, *, until: datetime) -> int:
        """Let a destination that cannot be reached be, with all that waits for it.

        What is being done just now, and what is due later anyway, is left as it is.

        :return: how many tasks were put off.
        """
        return self._change(
            and_(_of(kind, destination), tasks.c.owner == "", tasks.c.due_at < until),
            due_at=until,
        )

    def release(self, owner: str, *, kind: str, now: datetime) -> int:
        """Give back all that an owner has leased: for an owner that was started again.

        :return: how many tasks.
        """
        held = and_(tasks.c.owner == owner, tasks.c.kind == str(kind))
        return self._change(held, owner="", due_at=now)

    def hasten(self, kind: str, *, latest: datetime, now: datetime) -> int:
        """Have what waits for longer than anything should be due at once.

        It was put off by a clock that was ahead, and would wait for that time to come.

        :param latest: when a task can be due that was put off just now.
        :return: how many tasks.
        """
        waiting = and_(tasks.c.kind == str(kind), tasks.c.owner == "", _WAITING)
        return self._change(and_(waiting, tasks.c.due_at > latest), due_at=now)

    def find(self, kind: str, destination: str, name: str) -> Task | None:
        """Give the task of this name without leasing it; None where there is none."""
        statement = select(*_TASK).where(_of(kind, destination), tasks.c.name == name)
        with self._database.reading(_SECONDS) as connection:
            row: Row[Any] | None = connection.execute(statement).one_or_none()
            return None if row is None else _task(row)

    def retry(self, kind: str, destination: str, *, now: datetime) -> int:
        """Have all that was given up for a destination tried again, as if it had been put now.

        :return: how many tasks.
        """
        of_these = and_(_of(kind, destination), _GIVEN_UP)
        anew = {"state": TaskState.WAITING.value, "created_at": now, "due_at": now, "attempts": 0}
        return self._change(of_these, **anew)

    def discard(self, kind: str, destination: str) -> int:
        """Remove all that was given up for a destination.

        :return: how many tasks.
        """
        statement = delete(tasks).where(_of(kind, destination), _GIVEN_UP)
        return self._database.write(lambda connection: connection.execute(statement).rowcount)

    def backlog(self) -> list[Backlog]:
        """Say how much is to be done, by kind and destination."""
        given_up = func.count().filter(_GIVEN_UP)
        statement = (
            select(
                tasks.c.kind,
                tasks.c.destination,
                func.count().label("all"),
                given_up.label("given_up"),
                func.min(tasks.c.created_at).label("oldest"),
            )
            .group_by(tasks.c.kind, tasks.c.destination)
            .order_by(tasks.c.kind, tasks.c.destination)
        )
        with self._database.reading(_SECONDS) as connection:
            return [
                Backlog(
                    kind=row.kind,
                    destination=row.destination,
                    waiting=row.all - row.given_up,
                    given_up=row.given_up,
                    oldest=row.oldest,
                )
                for row in connection.execute(statement)
            ]

    def _change(self, condition: ColumnElement[bool], **values: Any) -> int:  # noqa: ANN401 - columns
        statement = update(tasks).where(condition).values(values)
        return self._database.write(lambda connection: connection.execute(statement).rowcount)


_WAITING = tasks.c.state == TaskState.WAITING.value
_GIVEN_UP = tasks.c.state == TaskState.GIVEN_UP.value

#: All that a :class:`Task` has.
_TASK: tuple[ColumnElement[Any], ...] = (
    tasks.c.key,
    tasks.c.kind,
    tasks.c.destination,
    tasks.c.name,
    tasks.c.sequence,
    tasks.c.payload,
    tasks.c.created_at,
    tasks.c.attempts,
    tasks.c.error,
)

_earlier = tasks.alias("earlier")
_IS_FIRST = or_(
    tasks.c.sequence == "",
    ~select(_earlier.c.key)
    .where(
        _earlier.c.kind == tasks.c.kind,
        _earlier.c.destination == tasks.c.destination,
        _earlier.c.sequence == tasks.c.sequence,
        _earlier.c.key < tasks.c.key,
    )
    .correlate(tasks)
    .exists(),
)


def _of(kind: str, destination: str) -> ColumnElement[bool]:
    return and_(
        tasks.c.kind == str(kind),
        tasks.c.destination == cleaned(destination, LONGEST_INDEXED),
    )


def _due(kind: str, now: datetime, destination: str | None) -> tuple[ColumnElement[bool], ...]:
    which = tasks.c.kind == str(kind) if destination is None else _of(kind, destination)
    return which, _WAITING, tasks.c.due_at <= now, _IS_FIRST


def _held(keys: Iterable[int], owner: str) -> ColumnElement[bool]:
    return and_(tasks.c.key.in_(sorted(keys)), tasks.c.owner == owner)


def _task(row: Row[Any]) -> Task:
    fields: dict[str, Any] = dict(row._mapping)  # noqa: SLF001 - public, so that no column can hide it
    return Task(**{**fields, "payload": json.loads(row.payload)})


def _insertion(insert: Any) -> ReturningInsert[Any]:  # noqa: ANN401 - two functions without a base
    statement: ReturningInsert[Any] = insert(tasks).on_conflict_do_nothing().returning(tasks.c.key)
    return statement


_INSERTIONS = {
    "postgresql": _insertion(postgresql.insert),
    "sqlite": _insertion(sqlite.insert),
}
