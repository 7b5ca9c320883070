"""A file gets its name, or meets another that has it: which policy says what becomes of both.

A name is given by linking, not by renaming, because renaming silently replaces what has the
name already.  Linking fails where the name is taken, and that is decided by the file system at
one moment, however many senders and nodes there are.

Other bytes of an instance that is kept get a name of their own beside it, made with their
hash.  Where they take its place, it is the transaction of the index that decides at one
moment which of the two is the instance; only then is the other removed.  Without an index
it is a renaming.
"""

from __future__ import annotations

import dataclasses
from pathlib import PurePosixPath

from txdicomtls.archive.disk import Disk
from txdicomtls.archive.draft import Sealed
from txdicomtls.archive.events import ArchiveEventKind, DuplicatePolicy
from txdicomtls.archive.kept import KeptFile, is_same_file, look_at
from txdicomtls.archive.names import other_path
from txdicomtls.archive.outcome import Entry, InstanceIndex
from txdicomtls.errors import DuplicateInstance, NotADicomFile


class Naming:
    """Gives names.  Blocks.

    :param disk: the system calls.
    :param index: what instances there are; None where there is no index.
    :param duplicates: what becomes of other bytes of an instance that is kept.
    """

    def __init__(
        self, *, disk: Disk, index: InstanceIndex | None, duplicates: DuplicatePolicy
    ) -> None:
        self._disk = disk
        self._index = index
        self._duplicates = duplicates

    def give(self, entry: Entry) -> None:
        """Give a file its name, in the directory of the entry, or find that it is kept already.

        :raises DuplicateInstance: other bytes have this name, and the policy refuses.
        :raises IndexUnavailable: it cannot be asked which bytes are the instance.
        :raises OSError: the disk failed.
        """
        try:
            self._link(entry)
        except FileExistsError:
            if is_same_file(entry.sealed.temporary, entry.directory, entry.path):
                entry.linked = True  # committed before, but not to the end
            else:
                self._taken(entry)

    def conflicts(self, entry: Entry, kept_sha256: str) -> None:
        """Decide about a file that has a name, where other bytes are indexed under another.

        :param kept_sha256: of the data set that is indexed.
        :raises DuplicateInstance: the policy refuses.
        """
        if self._duplicates is DuplicatePolicy.REFUSE:
            entry.happened(ArchiveEventKind.REFUSED, kept_sha256)
            raise DuplicateInstance("another instance is kept already under this SOP Instance UID")
        if self._duplicates is DuplicatePolicy.KEEP_BOTH:
            entry.record = None
            entry.happened(ArchiveEventKind.KEPT_BOTH, kept_sha256)
        else:
            entry.replaces = True
            entry.happened(ArchiveEventKind.REPLACED, kept_sha256)

    def remove(self, entry: Entry) -> None:
        """Take the name away again that our file has got.

        :raises OSError: the disk failed.
        """
        if entry.linked:
            self._disk.unlink(entry.path.name, dir_fd=entry.directory)
            entry.linked = False

    def _link(self, entry: Entry) -> None:
        self._disk.link(entry.sealed.temporary, entry.path.name, dst_dir_fd=entry.directory)
        entry.linked = True

    def _taken(self, entry: Entry) -> None:
        sealed = entry.sealed
        kept_sha256 = ""
        try:
            kept = look_at(self._disk, entry.directory, entry.path)
        except NotADicomFile as error:
            problem = f"the file that is kept under this SOP Instance UID {error.problem}"
        else:
            if is_same_instance(kept, sealed):
                return
            kept_sha256 = kept.sha256
            problem = "another instance is kept already under this SOP Instance UID"
        if self._is_damaged(entry):
            entry.replaces = True
            entry.happened(ArchiveEventKind.REPAIRED, kept_sha256)
            self._beside(entry)
        elif self._duplicates is DuplicatePolicy.REFUSE:
            entry.happened(ArchiveEventKind.REFUSED, kept_sha256)
            raise DuplicateInstance(problem)
        elif self._duplicates is DuplicatePolicy.REPLACE and self._index is None:
            self._disk.replace(sealed.temporary, entry.path.name, dst_dir_fd=entry.directory)
            entry.linked = True
            entry.happened(ArchiveEventKind.REPLACED, kept_sha256)
        else:
            self._beside(entry)
            self.conflicts(entry, kept_sha256)

    def _is_damaged(self, entry: Entry) -> bool:
        """Whether the bytes under this name should be ours, as the index says, and are not."""
        if self._index is None:
            return False
        uid = entry.sealed.instance.sop_instance_uid
        row = self._index.get([uid]).get(uid)
        return (
            row is not None
            and row.path == str(entry.path)
            and row.sha256 == entry.sealed.sha256
            and row.transfer_syntax_uid == entry.sealed.instance.transfer_syntax_uid
        )

    def _beside(self, entry: Entry) -> None:
        """Give a file the name that is made with its hash."""
        _move(entry, other_path(entry.path, entry.sealed.sha256))
        try:
            self._link(entry)
        except FileExistsError:
            if is_same_file(entry.sealed.temporary, entry.directory, entry.path):
                entry.linked = True
                return
            try:
                if is_same_instance(look_at(self._disk, entry.directory, entry.path), entry.sealed):
                    return
            except NotADicomFile:
                pass
            # Its name says what it should be, and it is not.
            self._disk.replace(entry.sealed.temporary, entry.path.name, dst_dir_fd=entry.directory)
            entry.linked = True


def _move(entry: Entry, path: PurePosixPath) -> None:
    entry.path = path
    if entry.record is not None:
        entry.record = dataclasses.replace(entry.record, path=str(path))


def is_same_instance(kept: KeptFile, sealed: Sealed) -> bool:
    """Whether a file holds what was sent: other elements of the head may differ."""
    return (
        kept.header.sop_class_uid == sealed.instance.sop_class_uid
        and kept.header.transfer_syntax_uid == sealed.instance.transfer_syntax_uid
        and kept.header.data_length == sealed.size
        and kept.sha256 == sealed.sha256
    )
