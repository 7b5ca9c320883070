"""Sealed drafts are kept for good, several at once: files, names and index, in this order.

Theory of operation
===================

A batch goes through five steps, each for all drafts before the next begins:

1. the files are synced: their bytes and lengths are durable;
2. each is linked to its final name: whoever looks sees the whole file or none;
3. the directories of those names are synced, each once: the names are durable;
4. the records go to the index in one transaction, which the index makes durable;
5. the temporary names are removed.

Only then are the instances acknowledged.  So a batch costs little more than one
instance, and the more arrive at once, the less each costs.  What fails for one draft
fails that one; the others go on.

The temporary name is the mark of what is not finished, so a start looks at what has one,
and at nothing else; it costs as much as was under way, however large the archive is.
What a crash leaves, and what :mod:`txdicomtls.archive.recovery` does about it:

=================  ==================  =====================================================
crash after        left behind         at the next start
=================  ==================  =====================================================
the file is made   temporary name      removed: nothing was acknowledged
1 synced           temporary name      removed, likewise
2 linked           both names          committed again: the link is there, steps 3 to 5
3 names durable    both names          likewise
4 indexed          both names          likewise: the index has it already; step 5
5 removed          final name          nothing to do: it is kept, whether acknowledged or not
=================  ==================  =====================================================

All steps can be done again: a link that is there is our own file, and a record that is
indexed is one already.  So recovery is nothing but the commit of a draft that is sealed.
After a power failure the temporary name may be lost and the final one may not; then
nothing was acknowledged, and a sender that tries again finds its own bytes under the
name, which is a success once they are indexed.

A failed sync is final.  The system may have thrown the unwritten pages away, so a
second sync that succeeds would prove nothing.

What was linked is not unlinked because a later step failed: another sender, perhaps at
another node, may have found its own bytes under this name meanwhile and been told that
they are kept.  Such a draft is *unsettled*.  It is not acknowledged, and keeps its
temporary name; it is committed again after the next batch that the index has taken, and
at the latest at the next start.  Its name is removed only when the index says for
certain that it will not have it.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import PurePosixPath
from typing import TypeVar

from txdicomtls.archive.directories import Directories
from txdicomtls.archive.disk import Disk, reason_of, write_back
from txdicomtls.archive.draft import Sealed
from txdicomtls.archive.naming import Naming
from txdicomtls.archive.outcome import INDEX_ERRORS, Entry, InstanceIndex, Settled
from txdicomtls.archive.registration import Registration
from txdicomtls.errors import OutOfResources, StorageError

Item = TypeVar("Item")

#: Syncs that wait for the disk at once: it does several for the price of one.
_SYNCS_AT_ONCE = 4
#: Most drafts that wait here to be committed again; more of them wait for the next start.
_MOST_UNSETTLED = 1000


class Commit:
    """Keeps drafts for good.  Everything blocks; one thread at a time may call it.

    :param directories: where files are kept.
    :param naming: how they get their names.
    :param disk: the system calls.
    :param sync: False to leave it to the system when bytes and names reach the disk.
    :param index: what instances there are; None where there is no index.
    :param most_at_once: drafts that are committed again together.
    """

    def __init__(
        self,
        directories: Directories,
        naming: Naming,
        *,
        disk: Disk,
        sync: bool,
        index: InstanceIndex | None,
        most_at_once: int,
    ) -> None:
        self._directories = directories
        self._naming = naming
        self._disk = disk
        self._sync = sync
        self._registration = (
            None if index is None else Registration(index, naming, directories, disk=disk)
        )
        self._most_at_once = most_at_once
        self._unsettled: list[Sealed] = []
        self._executor: ThreadPoolExecutor | None = None

    def __call__(self, batch: Sequence[Sealed]) -> list[Settled]:
        """Keep these.

        :return: of each what became of it, in their order.
        """
        entries = self._run(batch)
        if self._unsettled and any(entry.error is None for entry in entries):
            again = self._unsettled[: self._most_at_once]
            del self._unsettled[: self._most_at_once]
            self._run(again)
        return [entry.settled for entry in entries]

    def close(self) -> None:
        """End the threads that wait for the disk."""
        if self._executor is not None:
            self._executor.shutdown()
            self._executor = None

    def _run(self, batch: Sequence[Sealed]) -> list[Entry]:
        entries = [Entry(sealed=each, path=each.path, record=each.record) for each in batch]
        directories: dict[PurePosixPath, int] = {}
        try:
            self._sync_files(entries)
            self._open_directories(entries, directories)
            for entry in _alive(entries):
                with _noted(entry):
                    self._naming.give(entry)
            self._sync_directories(entries, directories)
            if self._registration is not None:
                self._registration.register(_alive(entries))
        finally:
            self._remove_temporaries(entries)
            for descriptor in directories.values():
                with contextlib.suppress(OSError):
                    self._disk.close(descriptor)
        return entries

    def _sync_files(self, entries: Sequence[Entry]) -> None:
        if self._sync and len(entries) > 1:
            for entry in entries:
                if entry.sealed.descriptor is not None:
                    write_back(entry.sealed.descriptor)
        self._each(self._sync_file, entries)

    def _sync_file(self, entry: Entry) -> None:
        descriptor = entry.sealed.descriptor
        if descriptor is None:
            return
        with _noted(entry):
            try:
                if self._sync:
                    self._disk.fsync(descriptor)
            finally:
                # Some file systems report only here that they could not write.
                self._disk.close(descriptor)

    def _open_directories(
        self, entries: Sequence[Entry], directories: dict[PurePosixPath, int]
    ) -> None:
        for entry in _alive(entries):
            path = entry.path.parent
            with _noted(entry):
                if path not in directories:
                    directories[path] = self._directories.open(path)
                entry.directory = directories[path]

    def _sync_directories(
        self, entries: Sequence[Entry], directories: dict[PurePosixPath, int]
    ) -> None:
        """Also for what is kept already: its first sender may still be about to do it."""
        if not self._sync:
            return
        named: dict[int, list[Entry]] = {}
        for entry in _alive(entries):
            named.setdefault(entry.directory, []).append(entry)

        def sync(directory: int) -> None:
            try:
                self._disk.fsync(directory)
            except OSError as error:
                for entry in named[directory]:
                    entry.error = _out_of_resources(error)
                    entry.unsettled = self._registration is not None

        self._each(sync, list(named))

    def _remove_temporaries(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            if entry.unsettled:
                if len(self._unsettled) < _MOST_UNSETTLED:
                    self._unsettled.append(dataclasses.replace(entry.sealed, descriptor=None))
            else:
                with contextlib.suppress(OSError):  # left to the next start
                    self._disk.unlink(entry.sealed.temporary)

    def _each(self, function: Callable[[Item], None], items: Sequence[Item]) -> None:
        """Call the function, which raises nothing, for each; some at once."""
        if len(items) < 2 or not self._sync:
            for item in items:
                function(item)
            return
        if self._executor is None:
            self._executor = ThreadPoolExecutor(_SYNCS_AT_ONCE, "txdicomtls-archive")
        shares = [items[start::_SYNCS_AT_ONCE] for start in range(_SYNCS_AT_ONCE)]

        def all_of(share: Sequence[Item]) -> None:
            for item in share:
                function(item)

        for _ in self._executor.map(all_of, [share for share in shares if share]):
            pass


def _alive(entries: Iterable[Entry]) -> list[Entry]:
    return [entry for entry in entries if entry.error is None]


@contextlib.contextmanager
def _noted(entry: Entry) -> Iterator[None]:
    """What fails is noted for this draft, and the others go on."""
    try:
        yield
    except StorageError as error:
        entry.error = error
    except INDEX_ERRORS as error:
        entry.error = OutOfResources(str(error))
    except OSError as error:
        entry.error = _out_of_resources(error)


def _out_of_resources(error: OSError) -> OutOfResources:
    failed = OutOfResources(f"the instance cannot be kept: {reason_of(error)}")
    failed.__cause__ = error
    return failed
