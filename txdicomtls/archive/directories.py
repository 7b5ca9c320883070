"""The directories that instances lie in: opened one below the other, and made where missing.

Every component is opened relative to the one above it and never through a link, so that nobody
who plants one can lead the archive elsewhere (not even between two calls).

A directory is durable when the one above it was synced after it was made.  Whether it was is
remembered for what this process has used; what it has not used yet is synced at first use,
because a crash, or another node, may have made it and not come so far.
"""

from __future__ import annotations

import contextlib
import errno
import os
from functools import lru_cache
from pathlib import Path, PurePosixPath

from txdicomtls.archive.disk import Disk

DIRECTORY_MODE = 0o750
_OPEN_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
#: Directories that are remembered; a pattern with studies in it makes new ones for ever.
_MOST_REMEMBERED = 10_000


class Directories:
    """Opens directories.  One thread at a time makes some; others may only look meanwhile.

    :param root: of the archive; the administrator's, so it may be a link.
    :param disk: the system calls.
    :param sync: False to leave it to the system when names reach the disk.
    """

    def __init__(self, root: Path, *, disk: Disk, sync: bool) -> None:
        self._root = root
        self._disk = disk
        self._sync = sync
        self._durable: set[PurePosixPath] = set()

    def is_durable(self, path: PurePosixPath) -> None:
        """Remember that this directory is."""
        self._durable.add(path)

    def open(self, path: PurePosixPath, *, make: bool = True) -> int:
        """Open a directory, to be closed by the caller.

        :param path: relative to the root.
        :param make: whether to make what is missing of it, durably.
        :return: its descriptor.
        :raises OSError: it is missing, or something that is no directory is in its place, or the
            disk failed.
        """
        descriptor = self._disk.open(self._root, _OPEN_DIRECTORY)
        for at in _way_to(path):
            try:
                below = self._child(descriptor, at, make=make)
            finally:
                with contextlib.suppress(OSError):  # nothing was written through it
                    self._disk.close(descriptor)
            descriptor = below
        return descriptor

    def _child(self, parent: int, path: PurePosixPath, *, make: bool) -> int:
        flags = _OPEN_DIRECTORY | os.O_NOFOLLOW
        try:
            descriptor = self._disk.open(path.name, flags, dir_fd=parent)
        except FileNotFoundError:
            if not make:
                raise
            descriptor = self._made(parent, path, flags)
        except NotADirectoryError as error:  # also what Linux says of a link
            raise OSError(
                error.errno or errno.ENOTDIR, "something that is no directory is in its place"
            ) from error
        if make and self._sync and path not in self._durable:
            try:
                self._disk.fsync(parent)
            except BaseException:
                self._disk.close(descriptor)
                raise
            if len(self._durable) >= _MOST_REMEMBERED:
                self._durable.clear()
            self._durable.add(path)
        return descriptor

    def _made(self, parent: int, path: PurePosixPath, flags: int) -> int:
        self._durable.discard(path)
        try:
            self._disk.mkdir(path.name, DIRECTORY_MODE, dir_fd=parent)
        except FileExistsError:  # another node was quicker
            return self._disk.open(path.name, flags, dir_fd=parent)
        descriptor = self._disk.open(path.name, flags, dir_fd=parent)
        try:
            self._disk.fchmod(descriptor, DIRECTORY_MODE)  # whatever the umask took away
        except BaseException:
            self._disk.close(descriptor)
            raise
        return descriptor


@lru_cache(maxsize=512)
def _way_to(path: PurePosixPath) -> tuple[PurePosixPath, ...]:
    """The directories from the root on, the last of which is this one."""
    return (*reversed(path.parents), path)[1:]
