"""The index made anew from the files: what is kept lies in those, and can always be read again.

Theory of operation.  First everything that has to be read is planned (:mod:`.rebuild_plan`): all
files, and what the old index knew of them, if there is one that can be read.  Then the instances
are removed from the index, and each file is read to its end, checked as it was when it arrived, and
added.  Each step leaves its mark in the plan once it is durable; a rebuild that was interrupted
goes on from there.

What the files do not say comes from the old index: when an instance was received; and, if the
bytes of a file are not those that were received, that it is damaged.  Which of several files is
the instance, where there are other bytes of it, is likewise known from the old index.  Without one
it is the file that has the usual name, so a file that has the name of other bytes waits for the
second round, and is the instance only if there is no other.

What waits in the queue and the performed procedure steps are in no file, and are left alone.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import islice
from pathlib import Path, PurePosixPath

from txdicomtls.archive.directories import Directories
from txdicomtls.archive.disk import Disk, reason_of
from txdicomtls.archive.names import Layout
from txdicomtls.archive.objects import is_beside, look_at_object, object_files, read_record
from txdicomtls.archive.rebuild_plan import RebuildPlan
from txdicomtls.archive.root import Root
from txdicomtls.errors import NotADicomFile, StorageError
from txdicomtls.index import Added, Flaw, Index, InstanceRecord, Outcome

#: Files that are read, and then indexed in one transaction.
BATCH = 200

_PAGE = 500
_ROUNDS = (1, 2)


class RebuildProblem(Enum):
    """Why something is not in the new index as it should be."""

    NOT_INDEXED = "cannot be indexed"
    DAMAGED = "is indexed, and damaged"
    LOST = "was in the old index, and its file is not there or cannot be read"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotRebuilt:
    """Something that is not as it should be.

    :param kind: in which way.
    :param path: the file, relative to the root of the archive.
    :param sop_instance_uid: of the instance, where it is known.
    :param problem: more about it.
    """

    kind: RebuildProblem
    path: str
    sop_instance_uid: str = ""
    problem: str = ""


class Rebuild:
    """Rebuilds the index of an archive that nobody uses meanwhile.  Everything blocks.

    :param root: of the archive.
    :param index: gets the instances.
    :param layout: says what the usual names are.
    :param disk: the system calls.
    :param stop: whether to come to an end before everything was done.
    :param sync: makes all that the system has in memory durable.
    :ivar total: files that there are to read; None before it is known.
    :ivar done: how many of them were read.
    :ivar beside: how many hold other bytes of an instance, and are in no index.
    """

    def __init__(
        self,
        root: Path,
        index: Index,
        layout: Layout,
        *,
        disk: Disk,
        stop: Callable[[], bool] = lambda: False,
        sync: Callable[[], None] = os.sync,
    ) -> None:
        self._sync = sync
        self._path = root
        self._index = index
        self._layout = layout
        self._disk = disk
        self._stop = stop
        self.total: int | None = None
        self.done = 0
        self.beside = 0

    def __call__(self) -> Generator[NotRebuilt | None, None, None]:
        """Rebuild; or go on, where an earlier run was interrupted.

        :return: what is not as it should be; None now and then, so that whoever asked can say how
            far it is.
        :raises ArchiveInUse: a node uses the archive.
        :raises StorageError: the archive is not there.
        :raises txdicomtls.errors.IndexUnavailable: the index cannot be used.
        :raises OSError: the disk failed.
        """
        root = Root(self._path, node="", disk=self._disk, sync=True)
        try:
            root.prepare(
                self._layout,
                Directories(self._path, disk=self._disk, sync=True),
                is_new=False,
            )
            yield from self._rebuild()
        finally:
            root.close()

    def _rebuild(self) -> Iterator[NotRebuilt | None]:
        plan = RebuildPlan(self._path)
        try:
            yield from self._make_plan(plan)
            if not self._stop() and not plan.is_done("cleared"):
                self._index.clear()
                plan.done("cleared")
            self.total = plan.count()
            for number in _ROUNDS:
                while not self._stop() and (paths := plan.next_files(number, BATCH)):
                    yield from self._index_files(plan, paths, last=number == _ROUNDS[-1])
            if self._stop():
                return
            # What is indexed is promised to be kept, and nobody knows whether these files were ever
            # synced: they may come from a backup.
            self._sync()
            for uid, path in plan.lost():
                yield NotRebuilt(kind=RebuildProblem.LOST, path=path, sop_instance_uid=uid)
            plan.remove()
        finally:
            plan.close()

    def _make_plan(self, plan: RebuildPlan) -> Iterator[None]:
        if not plan.is_done("known"):
            after = ""
            while not self._stop() and (page := self._index.paths(after, _PAGE)):
                plan.add_known(page)
                after = page[-1].sop_instance_uid
                yield
            if self._stop():
                return
            plan.done("known")
        if not plan.is_done("files"):
            files = object_files(self._path)
            while not self._stop() and (some := list(islice(files, _PAGE))):
                plan.add_files(some)
                yield
            if not self._stop():
                plan.done("files")

    def _index_files(
        self, plan: RebuildPlan, paths: list[PurePosixPath], *, last: bool
    ) -> Iterator[NotRebuilt | None]:
        """Read some files, and index what is in them in one transaction."""
        done: list[PurePosixPath] = []
        put_off: list[PurePosixPath] = []
        records: list[tuple[InstanceRecord, bool]] = []
        for path in paths:
            if self._stop():
                break
            try:
                record = self._read(path)
            except (StorageError, NotADicomFile) as error:
                problem = error.problem if isinstance(error, NotADicomFile) else str(error)
                yield _not_indexed(path, problem)
            except OSError as error:
                yield _not_indexed(path, reason_of(error))
            else:
                if record is not None and not last and self._waits(plan, record):
                    put_off.append(path)
                    continue
                if record is not None:
                    records.append(_as_known(plan, record))
            done.append(path)
            self.done += 1
            yield None
        found = []
        added = self._index.add([record for record, _ in records]) if records else []
        for (record, damaged), each in zip(records, added, strict=True):
            found.append((record.sop_instance_uid, record.sha256))
            yield self._added(record, each, damaged=damaged)
        plan.settle(done, put_off, found)

    def _read(self, path: PurePosixPath) -> InstanceRecord | None:
        """What is in a file; None if it has vanished."""
        file = look_at_object(self._path, path)
        return None if file is None else read_record(self._path, file, disk=self._disk)

    def _waits(self, plan: RebuildPlan, record: InstanceRecord) -> bool:
        """Whether another file may be the instance rather than this one."""
        known = plan.known(record.sop_instance_uid)
        if known is not None:
            return known.path != record.path
        usual = self._layout.path(record.sop_instance_uid, record.attributes)
        return is_beside(PurePosixPath(record.path), usual, record.sha256)

    def _added(self, record: InstanceRecord, added: Added, *, damaged: bool) -> NotRebuilt | None:
        if added.path != record.path:
            if added.outcome is Outcome.ALREADY and added.flaw is not Flaw.NONE and not damaged:
                # What was known to be the instance is damaged, and here are its bytes.
                self._index.replace(record)
            else:
                self.beside += 1
            return None
        if not damaged:
            return None
        self._index.mark(record.sop_instance_uid, Flaw.DAMAGED)
        return NotRebuilt(
            kind=RebuildProblem.DAMAGED,
            path=record.path,
            sop_instance_uid=record.sop_instance_uid,
            problem="its data set is not what was received",
        )


def _as_known(plan: RebuildPlan, record: InstanceRecord) -> tuple[InstanceRecord, bool]:
    """The record with what only the old index knew; and whether the file is damaged."""
    known = plan.known(record.sop_instance_uid)
    if known is None:
        return record, False
    if known.sha256 == record.sha256:
        return dataclasses.replace(record, received_at=known.received_at), False
    if known.path != record.path:
        return record, False  # other bytes of it, which always lay beside
    was = dataclasses.replace(
        record, size=known.size, sha256=known.sha256, received_at=known.received_at
    )
    return was, True


def _not_indexed(path: PurePosixPath, problem: str) -> NotRebuilt:
    return NotRebuilt(kind=RebuildProblem.NOT_INDEXED, path=str(path), problem=problem)
