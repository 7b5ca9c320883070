"""One look at the disk of an archive: is it there, is there room, can it be written."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

from txdicomtls.archive.condition import ArchiveState
from txdicomtls.archive.disk import Disk, write_all
from txdicomtls.archive.root import Root

#: What an error of the system says of the archive; any other is one of a disk that fails.
_STATE_OF = {
    errno.ENOSPC: ArchiveState.LOW,
    errno.EDQUOT: ArchiveState.LOW,
    errno.EROFS: ArchiveState.READ_ONLY,
    errno.EACCES: ArchiveState.READ_ONLY,
    errno.EPERM: ArchiveState.READ_ONLY,
}
#: These are about this process and pass by themselves.
_OF_THE_PROCESS = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOMEM))

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE_MODE = 0o640
#: Enough that a full disk has no room for it.
_TRIED = bytes(4096)


class Look:
    """Looks.  Blocks.

    :param root: of the archive.
    :param least_free: bytes that must be free in its file system.
    :param disk: the system calls.
    """

    def __init__(self, root: Root, *, least_free: int, disk: Disk) -> None:
        self._root = root
        self._least_free = least_free
        self._disk = disk

    def __call__(self, write: bool) -> ArchiveState:  # noqa: FBT001  # called by another name
        """Find out the state.

        :param write: whether to try and write a file as well.
        """
        if not self._root.is_there():
            return ArchiveState.FAILED
        try:
            free = os.statvfs(self._root.path)
            if (
                free.f_bavail * free.f_frsize < self._least_free
                or 0 == free.f_favail < free.f_files
            ):
                return ArchiveState.LOW
            if free.f_flag & os.ST_RDONLY:
                return ArchiveState.READ_ONLY
            if write:
                self._try(self._root.trial)
        except OSError as error:
            if error.errno in _OF_THE_PROCESS:
                return ArchiveState.NORMAL
            return _STATE_OF.get(error.errno or 0, ArchiveState.FAILED)
        return ArchiveState.NORMAL

    def _try(self, path: Path) -> None:
        descriptor = self._disk.open(path, _CREATE, _FILE_MODE)
        try:
            try:
                write_all(self._disk, descriptor, [memoryview(_TRIED)])
                self._disk.fsync(descriptor)
            finally:
                self._disk.close(descriptor)
        finally:
            with contextlib.suppress(OSError):
                self._disk.unlink(path)
