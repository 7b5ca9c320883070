"""An archive of files: one for each SOP instance, kept and indexed before it is acknowledged.

:mod:`txdicomtls.archive.root` says what lies in its directory, and
:mod:`txdicomtls.archive.commit` in which order an instance gets there.
"""

from __future__ import annotations

import itertools
import os
import re
import secrets
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from txdicomtls.archive.commit import Commit
from txdicomtls.archive.committer import MOST_AT_ONCE, Committer
from txdicomtls.archive.condition import ArchiveState, Condition
from txdicomtls.archive.description import described
from txdicomtls.archive.directories import Directories
from txdicomtls.archive.disk import Disk, reason_of
from txdicomtls.archive.draft import Draft, Identified
from txdicomtls.archive.events import ArchiveEvent, DuplicatePolicy
from txdicomtls.archive.inspection import Contents, Inspection
from txdicomtls.archive.look import Look
from txdicomtls.archive.names import Layout
from txdicomtls.archive.naming import Naming
from txdicomtls.archive.objects import first_instance
from txdicomtls.archive.outcome import INDEX_ERRORS, InstanceIndex, Settled
from txdicomtls.archive.reading import InstanceReader, Reading, Verified
from txdicomtls.archive.rebuild_plan import PLAN_FILE
from txdicomtls.archive.recovery import Recovery
from txdicomtls.archive.root import Root
from txdicomtls.archive.sink import FileSink
from txdicomtls.errors import OutOfResources, StorageError
from txdicomtls.index.attributes import WANTED
from txdicomtls.index.record import InstanceRecord
from txdicomtls.instance import IncomingInstance
from txdicomtls.interfaces import IInstanceReceiver
from txdicomtls.threads import InThread

_NODE = re.compile(r"[A-Za-z0-9_-]{0,64}")


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _random_name() -> str:
    return secrets.token_hex(8)


@implementer(IInstanceReceiver)
class FileArchive:
    """Keeps each instance in a file.

    A data set is checked to its exact end as it arrives.  An instance that is kept already is
    acknowledged again if its data set is the same, byte for byte; if it is not, a policy says
    what becomes of it, and the usual one is to refuse it.

    :param root: directory of the archive; its parent must exist.
    :param in_thread: calls what blocks, as ``partial(deferToThreadPool, reactor, pool)``.
    :param sync: False to acknowledge before the bytes are on the disk: faster, and what was
        acknowledged may be lost when the machine stops.
    :param disk: the system calls.
    :param index: knows every instance that is acknowledged; without one an instance is found
        by its SOP Instance UID only.
    :param layout: where files lie; one that depends on data sets needs an index.
    :param duplicates: what becomes of other bytes of an instance that is kept.
    :param node: name of this node, of letters, digits, ``_`` and ``-``, where several nodes
        share the archive and its index; empty to use it alone.
    :param largest: bytes of the largest data set that is taken; None for no limit.
    :param least_free: bytes that must be free in its file system for anything to be taken.
    :param on_event: told, in the reactor thread, what was decided or found.
    :param seconds: a monotonic clock.
    :param now: the time of day.
    :param random_name: makes names that are never made twice.
    :raises ValueError: the layout needs an index and there is none, this is no name of a node, or
        nodes that share an archive would replace instances.
    """

    log = Logger()

    def __init__(
        self,
        root: Path,
        *,
        in_thread: InThread,
        sync: bool = True,
        disk: Disk = os,
        index: InstanceIndex | None = None,
        layout: Layout | None = None,
        duplicates: DuplicatePolicy = DuplicatePolicy.REFUSE,
        node: str = "",
        largest: int | None = None,
        least_free: int = 0,
        on_event: Callable[[ArchiveEvent], None] = lambda _: None,
        seconds: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = _utc_now,
        random_name: Callable[[], str] = _random_name,
    ) -> None:
        layout = layout or Layout()
        if layout.needs_data_set and index is None:
            raise ValueError("only an index can find files that are named by more than their UID")
        if _NODE.fullmatch(node) is None:
            raise ValueError(f"{node!r} is no name of a node")
        if node and duplicates is DuplicatePolicy.REPLACE:
            # A node that removes what it replaced may meet another that has just made it the
            # instance again: between looking and removing nothing decides.
            raise ValueError("where several nodes share an archive, none may replace instances")
        self._in_thread = in_thread
        self._disk = disk
        self._sync = sync
        self._index = index
        self._layout = layout
        self._largest = largest
        self._on_event = on_event
        self._now = now
        self._wanted = WANTED if index is not None else frozenset()
        self._numbers = itertools.count(1)
        self._name = random_name()
        self._root = Root(root, node=node, disk=disk, sync=sync)
        self._temporary = self._root.incoming / self._name
        self._directories = Directories(root, disk=disk, sync=sync)
        self._commit = Commit(
            self._directories,
            Naming(disk=disk, index=index, duplicates=duplicates),
            disk=disk,
            sync=sync,
            index=index,
            most_at_once=MOST_AT_ONCE,
        )
        self._committer = Committer(self._commit, in_thread, self._settled)
        self._reading = Reading(self._root, self._directories, layout, index, disk=disk)
        self._look = Look(self._root, least_free=least_free, disk=disk)
        self._condition = Condition(self._look, in_thread, seconds)
        self._recovered: list[ArchiveEvent] = []

    @property
    def state(self) -> ArchiveState:
        """Whether it can take instances, as far as is known."""
        return self._condition.state

    @property
    def incoming(self) -> Path:
        """Where this node may make temporary files, in the file system of the archive."""
        return self._root.incoming

    def prepare(self) -> None:
        """Make the archive ready to receive.  Blocks: to be called in a thread.

        Makes the directories that are missing, makes sure that nobody else uses the archive
        who must not, and finishes or removes what a crash left.

        :raises StorageError: the archive is in use already, it is not there, or its
            directories or its index cannot be used.
        """
        try:
            is_new = self._index is None or not self._index.count()
            self._root.prepare(self._layout, self._directories, is_new=is_new)
            self._check_index(is_new=is_new)
            self._recovered = Recovery(
                self._commit,
                self._identify,
                self._wanted,
                disk=self._disk,
                indexed=self._index is not None,
                most_at_once=MOST_AT_ONCE,
            ).run(self._root.leftovers())
            self._condition.state = self._look(write=False)
        except OSError as error:
            self.close()
            place = error.filename or self._root.path
            raise StorageError(
                f"{place}: the archive cannot be used: {reason_of(error)}"
            ) from error
        except INDEX_ERRORS as error:
            self.close()
            raise StorageError(f"{self._root.path}: the archive cannot be used: {error}") from error
        except BaseException:
            self.close()
            raise

    def receive(self, instance: IncomingInstance) -> FileSink:
        """Begin to receive an instance; nothing is on the disk before its first bytes are written.

        :raises InvalidInstance: one of its UIDs is not a valid UID.
        :raises OutOfResources: nothing can be taken now.
        :raises CannotUnderstand: no data set can be in its transfer syntax.
        """
        self._tell_recovered()
        # Peers have no part in this name, and no other process, now or earlier, has made it.
        temporary = Path(f"{self._temporary}-{next(self._numbers)}.part")
        draft = Draft(
            temporary,
            instance,
            Inspection(instance, self._wanted),
            self._identify,
            disk=self._disk,
            synced=self._sync,
        )
        self._condition.check()
        return FileSink(
            draft,
            self._in_thread,
            self._committer.keep,
            largest=self._largest,
            failed=self._doubted,
        )

    def open_instance(self, sop_instance_uid: str) -> Deferred[InstanceReader]:
        """Open an instance that is kept; what is read of it is checked.

        :return: a reader, whose methods block and which has to be closed.  Fails with
            :class:`~txdicomtls.errors.UnknownInstance`,
            :class:`~txdicomtls.errors.DamagedInstance`,
            :class:`~txdicomtls.errors.OutOfResources` or
            :class:`~txdicomtls.errors.IndexUnavailable`.
        """
        return self._in_thread(self._reading.reader, sop_instance_uid)

    async def verify(self, sop_instance_uids: Iterable[str]) -> dict[str, Verified]:
        """Find out which instances are kept, by reading every byte of them, one at a time.

        :return: what was found, by SOP Instance UID.
        :raises OutOfResources: one of them cannot be read now.
        :raises IndexUnavailable: the index cannot be asked.
        """
        return {uid: await self._in_thread(self._reading.verify, uid) for uid in sop_instance_uids}

    def path_of(self, sop_instance_uid: str) -> Path:
        """Where the file of an instance lies if it is kept, and nothing ever took its place.

        :raises InvalidInstance: this is not a valid UID, or the layout depends on more than it.
        """
        relative = self._layout.path(sop_instance_uid, {})
        return self._root.path / relative

    def close(self) -> None:
        """Let another process use the archive.  To be called when every sink has ended."""
        self._commit.close()
        self._root.close()

    def _check_index(self, *, is_new: bool) -> None:
        """Make sure that the index is the one of this archive.  Nobody rebuilds it meanwhile.

        :param is_new: it knew no instance before anything was looked at.
        :raises StorageError: it knows of nothing that is kept here, or not of all.
        """
        path = self._root.path
        if (path / PLAN_FILE).exists():
            raise StorageError(
                f"{path}: its index is being rebuilt, and not complete: let "
                "`txdicomtls archive rebuild` come to its end first"
            )
        if self._index is None or not is_new:
            return
        kept = first_instance(path, disk=self._disk)
        # Another node may have kept the first one just now.
        if kept is not None and not self._index.count():
            raise StorageError(
                f"{path}: there are instances, as {kept}, and the index knows of none: name the "
                "index that belongs to them, put a copy of it back, or have it made out of the "
                "files by `txdicomtls archive rebuild`"
            )

    def _identify(self, instance: IncomingInstance, contents: Contents) -> Identified:
        if self._index is None:
            return Identified(path=self._layout.path(instance.sop_instance_uid, {}), record=None)
        attributes = described(contents.values, instance.transfer_syntax_uid, contents.items)
        path = self._layout.path(instance.sop_instance_uid, attributes)
        record = InstanceRecord(
            attributes=attributes,
            sop_class_uid=instance.sop_class_uid,
            sop_instance_uid=instance.sop_instance_uid,
            transfer_syntax_uid=instance.transfer_syntax_uid,
            path=str(path),
            size=contents.size,
            sha256=contents.sha256,
            received_at=self._now(),
            source_ae=instance.calling_ae_title.strip(),
        )
        return Identified(path=path, record=record)

    def _settled(self, settled: Settled) -> None:
        for remark in settled.remarks:
            self.log.warn("an instance that was kept is odd: {remark}", remark=remark)
        for event in settled.events:
            self._tell(event)
        if isinstance(settled.error, OutOfResources):
            self._condition.doubt()

    def _doubted(self, failure: Failure) -> None:
        if failure.check(OutOfResources):
            self._condition.doubt()

    def _tell_recovered(self) -> None:
        """What was found at the start is told here, because that was in another thread."""
        recovered, self._recovered = self._recovered, []
        for event in recovered:
            self._tell(event)

    def _tell(self, event: ArchiveEvent) -> None:
        self.log.warn(
            "{kind}: {sop_instance_uid}, sent by {ae_title!r} at {peer!r}; SHA-256 kept {kept}, "
            "received {received}",
            kind=event.kind.value,
            sop_instance_uid=event.sop_instance_uid,
            ae_title=event.calling_ae_title,
            peer=event.peer,
            kept=event.kept_sha256 or "unknown",
            received=event.received_sha256 or "none",
        )
        self._on_event(event)
