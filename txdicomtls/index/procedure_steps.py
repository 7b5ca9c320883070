"""Performed procedure steps, kept: their attributes as text, whatever is in it (PS3.4 F.7).

A change reads, works out and writes in one transaction, and meanwhile nobody else changes the
same step: so of two nodes that are told to change it one comes first, and the other one sees what
that did.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert

from txdicomtls.index.database import Database
from txdicomtls.index.rows import cleaned
from txdicomtls.index.service_schema import procedure_steps
from txdicomtls.index.task import NewTask
from txdicomtls.index.tasks import insert_tasks

#: Seconds that the database may work on one question.
_SECONDS = 30.0


class StepTable:
    """Keeps steps.  All methods block, and may be called by any number of threads.

    Each may raise :class:`~txdicomtls.errors.IndexUnavailable`.

    :param database: where the rows are.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, sop_instance_uid: str) -> str | None:
        """Give the attributes of a step; None where there is none."""
        statement = select(procedure_steps.c.attributes).where(
            procedure_steps.c.sop_instance_uid == cleaned(sop_instance_uid)
        )
        with self._database.reading(_SECONDS) as connection:
            found: str | None = connection.execute(statement).scalar_one_or_none()
            return found

    def create(
        self,
        sop_instance_uid: str,
        attributes: str,
        *,
        now: datetime,
        tasks: Sequence[NewTask] = (),
    ) -> bool:
        """Keep a new step; it is safe when this returns.

        :param now: with a time zone.
        :param tasks: what is to be done then, put in the same transaction.
        :return: False where there is one of this UID already: nothing was changed.
        """

        def work(connection: Connection) -> bool:
            row = {
                "sop_instance_uid": cleaned(sop_instance_uid),
                "attributes": attributes,
                "created_at": now,
                "changed_at": now,
            }
            inserted = connection.execute(_INSERTIONS[connection.dialect.name], row)
            if inserted.one_or_none() is None:
                return False
            insert_tasks(connection, tasks, now)
            return True

        return self._database.write(work)

    def change(
        self,
        sop_instance_uid: str,
        change: Callable[[str], str],
        *,
        now: datetime,
        tasks: Sequence[NewTask] = (),
    ) -> bool:
        """Change a step; it is safe when this returns.

        :param change: makes the new attributes of the old ones; may be called more than once.
            What it raises undoes all.
        :param now: with a time zone.
        :param tasks: what is to be done then, put in the same transaction.
        :return: False where there is no such step.
        """
        same = procedure_steps.c.sop_instance_uid == cleaned(sop_instance_uid)

        def work(connection: Connection) -> bool:
            found = select(procedure_steps.c.attributes).where(same).with_for_update()
            before = connection.execute(found).scalar_one_or_none()
            if before is None:
                return False
            after = change(before)
            connection.execute(
                update(procedure_steps).where(same).values(attributes=after, changed_at=now)
            )
            insert_tasks(connection, tasks, now)
            return True

        return self._database.write(work)


def _insertion(insert: Any) -> ReturningInsert[Any]:  # noqa: ANN401 - two functions without a base
    statement: ReturningInsert[Any] = (
        insert(procedure_steps).on_conflict_do_nothing().returning(procedure_steps.c.key)
    )
    return statement


_INSERTIONS = {
    "postgresql": _insertion(postgresql.insert),
    "sqlite": _insertion(sqlite.insert),
}
