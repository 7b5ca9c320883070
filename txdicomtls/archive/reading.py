"""Instances that are kept, read back: with a check that they are still what they were.

The hash of a data set is taken when it arrives.  It is compared when all of it
has been read again (:class:`InstanceReader`), and so find what a disk has lost or somebody has
changed, before the reader says that it was sent; and whoever must know that an instance is
safe has it read for that alone (:class:`Reading`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import partial
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from txdicomtls.archive.directories import Directories
from txdicomtls.archive.disk import Disk, reason_of
from txdicomtls.archive.kept import open_file
from txdicomtls.archive.names import Layout, kept_path
from txdicomtls.archive.outcome import InstanceIndex
from txdicomtls.archive.root import Root
from txdicomtls.errors import (
    DamagedInstance,
    InvalidInstance,
    NotADicomFile,
    OutOfResources,
    UnknownInstance,
)
from txdicomtls.index.record import Flaw, KeptInstance
from txdicomtls.part10 import FileHeader, header_of

_CHUNK = 1 << 20

#: How often an instance is looked up that is replaced again and again.
_ATTEMPTS = 8
_REPLACED = "the instance was replaced while it was looked at"


class Safety(Enum):
    """Whether an instance is kept, found out by reading all of it."""

    SAFE = "is kept, and every byte is as it was"
    UNKNOWN = "is not kept"
    DAMAGED = "was kept, and its file is missing or damaged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What was found out about one instance.

    :param safety: whether it is kept.
    :param sop_class_uid: its SOP Class UID, where it is kept.
    """

    safety: Safety
    sop_class_uid: str = ""


class InstanceReader:
    """The data set of one instance, open.  Its methods block; one thread at a time calls them.

    :param header: what the file says, and where its data set lies in it.
    :param file: the file, at the first byte of the data set.
    :param data_set_sha256: in hexadecimal, as it was received; empty if nobody knows.
    :param damaged: makes, and notes, the error that says what is wrong.
    :ivar header: what the file says.
    :ivar sha256: of the data set as it was received.
    """

    def __init__(
        self,
        header: FileHeader,
        file: BinaryIO,
        data_set_sha256: str,
        damaged: Callable[[str], DamagedInstance],
    ) -> None:
        self.header = header
        self.sha256 = data_set_sha256
        self._file = file
        self._damaged = damaged
        self._hash = sha256()
        self._left = header.data_length

    def read(self, size: int) -> bytes:
        """Read the next bytes of the data set.

        :param size: how many at most, more than 0.
        :return: empty at the end.
        :raises DamagedInstance: the file has become shorter or, with its last bytes, is not
            what was received: what was read before must not be believed either.
        :raises OutOfResources: it cannot be read.
        """
        wanted = min(size, self._left)
        try:
            data = self._file.read(wanted)
        except OSError as error:
            raise _unreadable(error) from error
        if len(data) < wanted:
            raise self._damaged("has become shorter")
        self._left -= len(data)
        if self.sha256 and data:
            self._hash.update(data)
            if not self._left and self._hash.hexdigest() != self.sha256:
                raise self._damaged("is not what was received")
        return data

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class Reading:
    """Finds instances and opens them.  Everything blocks.

    What is certainly missing or damaged is noted in the index; what merely cannot be read now
    is not.

    :param root: the archive.
    :param directories: where files are kept.
    :param layout: where in there, if there is no index.
    :param index: what instances there are; None where there is no index.
    :param disk: the system calls.
    """

    def __init__(
        self,
        root: Root,
        directories: Directories,
        layout: Layout,
        index: InstanceIndex | None,
        *,
        disk: Disk,
    ) -> None:
        self._root = root
        self._directories = directories
        self._layout = layout
        self._index = index
        self._disk = disk

    def reader(self, sop_instance_uid: str) -> InstanceReader:
        """Open an instance.

        :raises UnknownInstance: it is not kept.
        :raises DamagedInstance: its file is missing, or holds something else.
        :raises OutOfResources: it cannot be read now.
        :raises IndexUnavailable: the index cannot be asked.
        """
        if self._index is None:
            try:
                path = self._layout.path(sop_instance_uid, {})
            except InvalidInstance as error:
                raise UnknownInstance("no such instance is kept") from error
            return self._opened(path, sop_instance_uid, None)
        for _ in range(_ATTEMPTS):
            row = self._row(sop_instance_uid)
            if row is None:
                raise UnknownInstance("no such instance is kept")
            try:
                path = kept_path(row.path)
            except InvalidInstance as error:
                raise self._damaged(row, Flaw.MISSING, "is in no archive") from error
            with contextlib.suppress(_Replaced):
                return self._opened(path, sop_instance_uid, row)
        raise _Replaced(_REPLACED)

    def verify(self, sop_instance_uid: str) -> Verified:
        """Read all of an instance.

        :raises OutOfResources: it cannot be read now.
        :raises IndexUnavailable: the index cannot be asked.
        """
        try:
            reader = self.reader(sop_instance_uid)
            try:
                while reader.read(_CHUNK):
                    pass
            finally:
                reader.close()
        except UnknownInstance:
            return Verified(safety=Safety.UNKNOWN)
        except DamagedInstance:
            return Verified(safety=Safety.DAMAGED)
        return Verified(safety=Safety.SAFE, sop_class_uid=reader.header.sop_class_uid)

    def _opened(self, path: PurePosixPath, uid: str, row: KeptInstance | None) -> InstanceReader:
        damaged = partial(self._damaged, row, Flaw.DAMAGED)
        try:
            file = self._file(path)
        except FileNotFoundError as error:
            if not self._root.is_there():
                raise OutOfResources("the archive is not there") from error
            if row is None:
                raise UnknownInstance("no such instance is kept") from error
            raise self._damaged(row, Flaw.MISSING, "is missing") from error
        except OSError as error:
            raise _unreadable(error) from error
        try:
            header = header_of(file, Path(path))
            if header.sop_instance_uid != uid:
                raise damaged("holds another instance")
            if row is not None and header.data_length != row.size:
                raise damaged("has another length than what was received")
        except NotADicomFile as error:
            file.close()
            raise damaged(error.problem) from error
        except OSError as error:
            file.close()
            raise _unreadable(error) from error
        except BaseException:
            file.close()
            raise
        return InstanceReader(header, file, row.sha256 if row else "", damaged)

    def _file(self, path: PurePosixPath) -> BinaryIO:
        directory = self._directories.open(path.parent, make=False)
        try:
            return open_file(self._disk, directory, path)
        finally:
            self._disk.close(directory)

    def _row(self, sop_instance_uid: str) -> KeptInstance | None:
        assert self._index is not None  # it is asked for one
        return self._index.get([sop_instance_uid]).get(sop_instance_uid)

    def _damaged(self, row: KeptInstance | None, flaw: Flaw, problem: str) -> DamagedInstance:
        """Note that a file is not what it should be.

        :raises _Replaced: another file is the instance by now, and nothing is known against that.
        """
        if self._index is not None and row is not None:
            now = self._row(row.sop_instance_uid)
            if now is None or (now.path, now.sha256) != (row.path, row.sha256):
                raise _Replaced(_REPLACED)
            self._index.mark(row.sop_instance_uid, flaw)
        return DamagedInstance(problem)


class _Replaced(OutOfResources):
    """Another file has become the instance meanwhile: a later try finds that one."""


def _unreadable(error: OSError) -> OutOfResources:
    return OutOfResources(f"the instance cannot be read: {reason_of(error)}")
