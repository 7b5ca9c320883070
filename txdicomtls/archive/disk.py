"""The system calls that the archive makes: an argument, so that any of them can be made to fail."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

#: Bytes that are joined at once.
_PART = 1 << 20
#: Most buffers that one ``writev`` takes.
_MOST_BUFFERS = os.sysconf("SC_IOV_MAX")


class Disk(Protocol):
    """The calls of :mod:`os` by these names; that module is the usual one to pass.

    Python repeats a call that a signal interrupted, so nothing here has to.
    """

    def open(
        self, path: Path | str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None
    ) -> int:
        """See :func:`os.open`."""

    def close(self, fd: int, /) -> None:
        """See :func:`os.close`."""

    def fchmod(self, fd: int, mode: int, /) -> None:
        """See :func:`os.fchmod`."""

    def writev(self, fd: int, buffers: Sequence[memoryview], /) -> int:
        """See :func:`os.writev`."""

    def fsync(self, fd: int, /) -> None:
        """See :func:`os.fsync`."""

    def link(self, src: Path, dst: Path | str, *, dst_dir_fd: int | None = None) -> None:
        """See :func:`os.link`."""

    def replace(self, src: Path, dst: Path | str, *, dst_dir_fd: int | None = None) -> None:
        """See :func:`os.replace`."""

    def unlink(self, path: Path | str, *, dir_fd: int | None = None) -> None:
        """See :func:`os.unlink`."""

    def mkdir(self, path: Path | str, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
        """See :func:`os.mkdir`."""


def write_all(disk: Disk, descriptor: int, views: Sequence[memoryview]) -> None:
    """Write every byte of the buffers, none of which is empty, however little each call takes.

    :raises OSError: the disk is full or failed.
    """
    left = list(views)
    while left:
        batch = left[:_MOST_BUFFERS]
        written = disk.writev(descriptor, batch)
        if not written:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        whole = 0
        for view in batch:
            if written < len(view):
                break
            written -= len(view)
            whole += 1
        del left[:whole]
        if written:
            left[0] = left[0][written:]


def write_back(descriptor: int) -> None:
    """Have the system begin to write a file to the disk, and wait for nothing.

    When this was asked for many files, the first sync of one finds most of the work of all
    done.  It is a hint: where there is no such call, or it fails, the sync does it all.
    """
    if hasattr(os, "posix_fadvise"):
        try:
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        except OSError:
            return


def sync_directory(disk: Disk, path: Path) -> None:
    """Make the names in a directory durable.

    :raises OSError: the disk failed.
    """
    descriptor = disk.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        disk.fsync(descriptor)
    finally:
        disk.close(descriptor)


def joined(views: Sequence[memoryview]) -> memoryview:
    """All bytes of some buffers as one: many small ones cost more than a copy of them."""
    return views[0] if len(views) == 1 else memoryview(b"".join(views))


def joined_in_parts(views: Sequence[memoryview]) -> Iterator[memoryview]:
    """The same in parts of about one mebibyte, so that no copy is large."""
    first = size = 0
    for number, view in enumerate(views, 1):
        size += len(view)
        if size >= _PART:
            yield joined(views[first:number])
            first, size = number, 0
    if size:
        yield joined(views[first:])


def reason_of(error: OSError) -> str:
    """What the system said, in words and without a path."""
    return (error.strerror or str(error)).lower()
