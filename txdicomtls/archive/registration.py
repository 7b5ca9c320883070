"""Files that have their names become instances of the index: step 4 of a commit.

What the index says of each record decides what becomes of its file: it is the instance, it is
there twice, or other bytes are the instance already.
"""

from __future__ import annotations

from collections.abc import Sequence

from twisted.logger import Logger

from txdicomtls.archive.directories import Directories
from txdicomtls.archive.disk import Disk, reason_of
from txdicomtls.archive.events import ArchiveEventKind
from txdicomtls.archive.kept import KeptFile, look_at
from txdicomtls.archive.names import kept_path
from txdicomtls.archive.naming import Naming, is_same_instance
from txdicomtls.archive.outcome import INDEX_ERRORS, Entry, InstanceIndex
from txdicomtls.errors import (
    DicomTLSError,
    DuplicateInstance,
    InvalidInstance,
    NotADicomFile,
    OutOfResources,
    StorageError,
)
from txdicomtls.index.record import Added, Flaw, InstanceRecord, Outcome


class Registration:
    """Indexes files.  Blocks.

    :param index: what instances there are.
    :param naming: takes away the name of a file that is not to be kept.
    :param directories: where files are kept.
    :param disk: the system calls.
    """

    log = Logger()

    def __init__(
        self, index: InstanceIndex, naming: Naming, directories: Directories, *, disk: Disk
    ) -> None:
        self._index = index
        self._naming = naming
        self._directories = directories
        self._disk = disk

    def register(self, entries: Sequence[Entry]) -> None:
        """Index all of these that have a record; of each it is noted what became of it."""
        new = [
            (entry, entry.record)
            for entry in entries
            if entry.record is not None and not entry.replaces
        ]
        if new:
            self._add(new)
        for entry in entries:
            if entry.replaces and entry.error is None and entry.record is not None:
                self._settle(entry, entry.record, None)

    def _add(self, new: Sequence[tuple[Entry, InstanceRecord]]) -> None:
        try:
            added = self._index.add([record for _, record in new])
        except INDEX_ERRORS as error:
            for entry, _ in new:
                _unsettled(entry, error)
        except Exception:  # noqa: BLE001  # whatever it is, it must not harm others
            # One of them is what the index cannot take: the others must not suffer from it.
            if len(new) > 1:
                for one in new:
                    self._add([one])
            else:
                self.log.failure("an instance cannot be indexed")
                self._not_taken(*new[0])
        else:
            for (entry, record), each in zip(new, added, strict=True):
                entry.remarks = each.remarks
                self._settle(entry, record, each)

    def _not_taken(self, entry: Entry, record: InstanceRecord) -> None:
        """Undo what the index refuses, if it is certain that it has not taken it."""
        entry.error = StorageError("the instance cannot be indexed")
        try:
            if record.sop_instance_uid not in self._index.get([record.sop_instance_uid]):
                self._naming.remove(entry)
        except (*INDEX_ERRORS, OSError) as error:
            _unsettled(entry, error)

    def _settle(self, entry: Entry, record: InstanceRecord, added: Added | None) -> None:
        """Do what follows from the answer of the index; None where the record is to replace."""
        try:
            if added is None:
                self._replace(entry, record)
            elif added.outcome is Outcome.CONFLICT:
                self._conflicts(entry, record, added)
            elif added.outcome is Outcome.ALREADY:
                self._is_there(entry, record, added)
        except (*INDEX_ERRORS, OSError) as error:
            _unsettled(entry, error)

    def _conflicts(self, entry: Entry, record: InstanceRecord, added: Added) -> None:
        if added.flaw is not Flaw.NONE and self._is_sound(added):
            # It has been put back, or was away for a moment: so it is kept as before.
            self._index.mark(record.sop_instance_uid, Flaw.NONE)
        elif added.flaw is not Flaw.NONE:
            # What was kept is lost: no policy can keep it.
            entry.happened(ArchiveEventKind.REPLACED, added.sha256)
            self._replace(entry, record)
            return
        try:
            self._naming.conflicts(entry, added.sha256)
        except DuplicateInstance as error:
            self._naming.remove(entry)
            entry.error = error
        if entry.replaces:
            self._replace(entry, record)

    def _is_there(self, entry: Entry, record: InstanceRecord, added: Added) -> None:
        if added.path != str(entry.path) and self._holds(added.path, entry):
            self._naming.remove(entry)
        elif added.path != str(entry.path) or added.flaw is not Flaw.NONE:
            entry.happened(ArchiveEventKind.REPAIRED, "")
            self._replace(entry, record)

    def _holds(self, path: str, entry: Entry) -> bool:
        """Whether another file is the same instance."""
        kept = self._looked_at(path)
        return kept is not None and is_same_instance(kept, entry.sealed)

    def _is_sound(self, added: Added) -> bool:
        """Whether what is indexed is there, whatever was noted about it."""
        kept = self._looked_at(added.path)
        return kept is not None and (kept.header.sop_instance_uid, kept.sha256) == (
            added.sop_instance_uid,
            added.sha256,
        )

    def _looked_at(self, path: str) -> KeptFile | None:
        """What is in a file that the index names; None where that is no instance."""
        try:
            other = kept_path(path)
            directory = self._directories.open(other.parent, make=False)
            try:
                return look_at(self._disk, directory, other)
            finally:
                self._disk.close(directory)
        except (NotADicomFile, InvalidInstance, FileNotFoundError):
            return None

    def _replace(self, entry: Entry, record: InstanceRecord) -> None:
        """Let our file be the instance, then remove the one that was."""
        before, _ = self._index.replace(record)
        for path in {str(entry.sealed.path), before.path if before else record.path}:
            self._forget(record.sop_instance_uid, path)

    def _forget(self, uid: str, path: str) -> None:
        """Remove a file that was the instance, unless it is again, from another node."""
        now = self._index.get([uid]).get(uid)
        if now is None or now.path == path:
            return
        try:
            other = kept_path(path)
            directory = self._directories.open(other.parent, make=False)
            try:
                self._disk.unlink(other.name, dir_fd=directory)
            finally:
                self._disk.close(directory)
        except (InvalidInstance, FileNotFoundError):
            return


def _unsettled(entry: Entry, error: DicomTLSError | OSError) -> None:
    text = reason_of(error) if isinstance(error, OSError) else str(error)
    entry.error = OutOfResources(f"the instance cannot be kept: {text}")
    entry.error.__cause__ = error
    entry.unsettled = True
