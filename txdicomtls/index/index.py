"""The index as others see it: one object, whose methods block and are called in threads.

Any number of threads may use it at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset
from sqlalchemy import ColumnElement, Connection, Delete, delete, func, select, update

from txdicomtls.index import adding
from txdicomtls.index.attributes import BY_TAG
from txdicomtls.index.database import Database
from txdicomtls.index.levels import Level, Root
from txdicomtls.index.procedure_steps import StepTable
from txdicomtls.index.query import FindOptions, Search
from txdicomtls.index.record import Added, Flaw, InstanceRecord, KeptInstance, Outcome
from txdicomtls.index.rows import KEPT, cleaned, kept_instance
from txdicomtls.index.schema import TABLES, contents, instances, patients, series, studies
from txdicomtls.index.task import NewTask
from txdicomtls.index.tasks import TaskQueue, insert_tasks

#: Seconds that the database may work on one question, where nothing else is said.
SECONDS = 30.0

#: Rows that are read at once.
PAGE = 500

#: So many UIDs are looked for with one statement.
_CHUNK = 1000

#: Unique keys by level, as they choose what is retrieved: several values at one level mean
#: any of them, and all levels that are there must fit (PS3.4 C.4.2.2.1).
UniqueKeys = Mapping[Level, Sequence[str]]

#: Says what is to be done because an instance has arrived.  Has no other effect: it is called in
#: the transaction that adds the instance, and so perhaps more than once.
TasksFor = Callable[[InstanceRecord], Sequence[NewTask]]


class Index:
    """What instances there are.  All methods block.

    Each method may raise :class:`~txdicomtls.errors.IndexUnavailable`, and those that
    read :class:`~txdicomtls.errors.QueryTimeout`.

    :param database: where the rows are.
    :param monotonic: a clock, in seconds; for time limits.
    :param tasks_for: says what is to be done because of an instance that is new, or has got
        another data set: it is put into the queue in the transaction that adds it.
    :ivar tasks_for: may be set to another one at any time.
    :ivar tasks: the queue.
    :ivar procedure_steps: performed procedure steps.
    """

    def __init__(
        self,
        database: Database,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        tasks_for: TasksFor | None = None,
    ) -> None:
        self._database = database
        self._monotonic = monotonic
        self.tasks_for = tasks_for
        self.tasks = TaskQueue(database)
        self.procedure_steps = StepTable(database)

    def close(self) -> None:
        """Close all connections; nobody may be using it."""
        self._database.close()

    def add(self, records: Sequence[InstanceRecord]) -> list[Added]:
        """Add instances, all in one transaction; they are safe when this returns.

        An instance that is indexed already is left as it is, whatever the record says.
        To add the same records again is always right.

        :return: what became of each record, in their order.
        """

        def work(connection: Connection) -> list[Added]:
            added = adding.add(connection, records)
            for record, each in zip(records, added, strict=True):
                if each.outcome is Outcome.ADDED:
                    self._put_tasks(connection, record)
            return added

        return self._database.write(work)

    def replace(self, record: InstanceRecord) -> tuple[KeptInstance | None, Added]:
        """Put a record in the place of the one that has its SOP Instance UID, in one transaction.

        :return: what was there, if anything was; and what became of the record.
        """

        def work(connection: Connection) -> tuple[KeptInstance | None, Added]:
            before = adding.remove(connection, record.sop_instance_uid)
            (added,) = adding.add(connection, [record])
            if before is None or before.sha256 != record.sha256:
                self._put_tasks(connection, record)
            return before, added

        return self._database.write(work)

    def remove(self, sop_instance_uid: str) -> KeptInstance | None:
        """Remove an instance, and its series, study and patient where they have no other.

        :return: what was there; None if nothing was.
        """
        return self._database.write(
            lambda connection: adding.remove(connection, cleaned(sop_instance_uid))
        )

    def clear(self) -> None:
        """Remove all instances, for whoever adds them anew from their files.

        Nobody else may be writing.  It is done in parts, so that no transaction is large: if
        it is interrupted, it has to be called again.  The queue and the performed procedure steps
        stay: they are in no file.
        """
        for column in (
            contents.c.series_key,
            instances.c.key,
            series.c.key,
            studies.c.key,
            patients.c.key,
        ):
            some = delete(column.table).where(column.in_(select(column).limit(_CHUNK)))
            while self._database.write(partial(_rows_changed, some)):
                pass

    def mark(self, sop_instance_uid: str, flaw: Flaw) -> bool:
        """Note what is wrong with the file of an instance, or that nothing is any more.

        :return: whether there is such an instance.
        """
        statement = (
            update(instances)
            .where(instances.c.sop_instance_uid == cleaned(sop_instance_uid))
            .values(flaw=flaw.value)
        )
        return self._database.write(lambda connection: connection.execute(statement).rowcount > 0)

    def get(self, sop_instance_uids: Iterable[str]) -> dict[str, KeptInstance]:
        """Give those of these instances that are indexed, by SOP Instance UID."""
        uids = sorted({cleaned(uid) for uid in sop_instance_uids})
        found = {}
        for some in _chunks(uids):
            with self._database.reading(SECONDS) as connection:
                rows = connection.execute(KEPT.where(instances.c.sop_instance_uid.in_(some)))
                found.update({row.sop_instance_uid: kept_instance(row) for row in rows})
        return found

    def count(self, keys: UniqueKeys | None = None) -> int:
        """Count the instances that :meth:`locate` gives; without keys, all."""
        if not keys:
            statement: Any = select(func.coalesce(func.sum(patients.c.number_of_instances), 0))
            with self._database.reading(SECONDS) as connection:
                return int(connection.execute(statement).scalar_one())
        total = 0
        for conditions in _conditions(keys):
            statement = KEPT.with_only_columns(func.count()).where(*conditions)
            with self._database.reading(SECONDS) as connection:
                total += connection.execute(statement).scalar_one()
        return total

    def locate(self, keys: UniqueKeys, *, page: int = PAGE) -> Iterator[list[KeptInstance]]:
        """Give the instances that are to be retrieved, in the order in which they came.

        Each page is read by itself when it is asked for.

        :param page: instances at once.
        """
        for conditions in _conditions(keys):
            after = 0
            while True:
                statement = (
                    KEPT.where(*conditions, instances.c.key > after)
                    .order_by(instances.c.key)
                    .limit(page)
                )
                with self._database.reading(SECONDS) as connection:
                    rows = connection.execute(statement).all()
                if rows:
                    yield [kept_instance(row) for row in rows]
                if len(rows) < page:
                    break
                after = rows[-1].key

    def find(
        self, identifier: Dataset, *, root: Root, options: FindOptions | None = None
    ) -> Search:
        """Answer a query; nothing is read before the first page is asked for.

        :param identifier: the keys, with Query/Retrieve Level.
        :param root: the information model that it is asked in.
        :param options: how it is to be answered.
        :return: an iterator over pages of responses, whose every step blocks.
        :raises InvalidQuery: it cannot be answered.

        See PS3.4 C.4.1.
        """
        return Search(
            self._database,
            identifier,
            root=root,
            options=options or FindOptions(),
            monotonic=self._monotonic,
        )

    def paths(self, after: str = "", limit: int = PAGE) -> list[KeptInstance]:
        """Give instances in the order of their SOP Instance UIDs, for whoever checks the files.

        :param after: the SOP Instance UID that the last call ended with.
        :param limit: so many at most.
        """
        statement = (
            KEPT.where(instances.c.sop_instance_uid > after)
            .order_by(instances.c.sop_instance_uid)
            .limit(limit)
        )
        with self._database.reading(SECONDS) as connection:
            return [kept_instance(row) for row in connection.execute(statement)]

    def syntaxes(self, sop_class_uid: str) -> list[str]:
        """Give the transfer syntaxes of the instances of a SOP class, the commonest first."""
        number = func.sum(contents.c.number_of_instances)
        statement = (
            select(contents.c.transfer_syntax_uid)
            .where(contents.c.sop_class_uid == sop_class_uid, contents.c.number_of_instances > 0)
            .group_by(contents.c.transfer_syntax_uid)
            .order_by(number.desc(), contents.c.transfer_syntax_uid)
        )
        with self._database.reading(SECONDS) as connection:
            return list(connection.execute(statement).scalars())

    def _put_tasks(self, connection: Connection, record: InstanceRecord) -> None:
        tasks_for = self.tasks_for
        if tasks_for is not None:
            insert_tasks(connection, tasks_for(record), record.received_at)


def open_index(
    where: str | Path,
    *,
    monotonic: Callable[[], float] = time.monotonic,
    tasks_for: TasksFor | None = None,
    sync: bool = True,
) -> Index:
    """Open the index, and bring its schema up to date.  Blocks.

    :param where: the path of an SQLite file, which is made if it is missing, or a URL such
        as ``postgresql://user@host/name``.
    :param monotonic: a clock, in seconds; for time limits.
    :param tasks_for: as :class:`Index` has it.
    :param sync: False to leave it to the system when what SQLite commits reaches the disk.
    :raises IndexUnavailable: it cannot be opened.
    :raises IndexTooNew: its schema comes from a newer release.
    """
    database = Database(where, monotonic=monotonic, sync=sync)
    return Index(database, monotonic=monotonic, tasks_for=tasks_for)


def _rows_changed(statement: Delete, connection: Connection) -> int:
    return connection.execute(statement).rowcount


def _chunks(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]


def _conditions(keys: UniqueKeys) -> Iterator[list[ColumnElement[bool]]]:
    """Turn unique keys into conditions, in parts that have no instance in common."""
    if not keys:
        raise ValueError("no unique keys: that would be everything")
    columns = {level: TABLES[level].c[BY_TAG[level.unique_key].column] for level in keys}
    lowest = max(keys)
    above = [
        columns[level].in_([cleaned(value) for value in values])
        for level, values in keys.items()
        if level is not lowest
    ]
    for some in _chunks(sorted({cleaned(value) for value in keys[lowest]})):
        yield [*above, columns[lowest].in_(some)]
