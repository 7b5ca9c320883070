"""An instance on its way to the disk: how a file comes to be kept for good, or not at all.

Theory of operation
===================

The bytes go to a temporary file in the file system of the archive.  When they
are complete:

1. the file is synced: its bytes and its length are durable;
2. it is linked to its final name: whoever looks sees the whole file or none;
3. the directory of that name is synced: the name is durable;
4. the temporary name is removed.

Only then is the instance acknowledged.  A crash at any moment leaves a
temporary file, which the next start removes, or a complete file, or both names
of it.

It is linked and not renamed because renaming silently replaces what has the
name already.  Linking fails where the name is taken, and that is decided by the
file system at one moment, however many senders there are.  Then the data sets
are compared: an instance that is kept already, with the same bytes, is a
success; other bytes are refused, and the first ones stay.

A failed sync is final.  The system may have thrown the unwritten pages away, so
a second sync that succeeds would prove nothing.

Where only step 3 fails, the failure is reported and the complete file stays: a
second sender of the same bytes may have been told meanwhile that it is kept.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from txdicomtls.archive.disk import Disk, sync_directory, write_all
from txdicomtls.errors import (
    CannotUnderstand,
    DuplicateInstance,
    NotADicomFile,
    OutOfResources,
)
from txdicomtls.part10 import FileHeader, header_of

_FILE_MODE = 0o640
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_CHUNK = 1 << 20


class Draft:
    """One file that is being written.  All its methods block; one thread at a time calls them.

    When one of them has raised, nothing is left on the disk and no other may be called.

    :param temporary: where it is written.
    :param final: where it is kept; its directory exists and is durable.
    :param meta: what the file begins with, before the data set.
    :param sync: False to leave it to the system when bytes reach the disk: faster, and what
        was acknowledged may be lost when the machine stops.
    :param disk: the system calls.
    """

    def __init__(
        self, temporary: Path, final: Path, meta: bytes, *, sync: bool, disk: Disk
    ) -> None:
        self._temporary = temporary
        self._final = final
        self._meta = meta
        self._sync = sync
        self._disk = disk
        self._descriptor: int | None = None
        self._exists = False
        self._length = 0

    def append(self, views: Sequence[memoryview]) -> None:
        """Write the next bytes of the data set.

        :raises OutOfResources: the disk is full or failed.
        """
        with self._removed_on_error():
            self._write(views)

    def commit(self, views: Sequence[memoryview]) -> None:
        """Write the last bytes of the data set, and keep the file.

        :raises CannotUnderstand: the data set is empty, or its length is odd (PS3.5 7.1).
        :raises DuplicateInstance: other bytes have this name.
        :raises OutOfResources: the disk is full or failed.
        """
        with self._removed_on_error():
            length = self._length + sum(map(len, views))
            if not length:
                raise CannotUnderstand("the data set is empty")
            if length % 2:
                raise CannotUnderstand(f"the data set has an odd length: {length} bytes")
            self._write(views)
            if self._sync:
                self._disk.fsync(self._open())
            # Some file systems report only here that they could not write.
            self._close()
            try:
                self._disk.link(self._temporary, self._final)
            except FileExistsError as error:
                self._compare(error)
            if self._sync:
                # Also for what is kept already: its first sender may still be about to do it.
                sync_directory(self._disk, self._final.parent)
        self.remove()

    def remove(self) -> None:
        """Leave no temporary file behind; one that cannot be removed is left to the next start."""
        with contextlib.suppress(OSError):
            self._close()
        if self._exists:
            self._exists = False
            with contextlib.suppress(OSError):
                self._disk.unlink(self._temporary)

    def _write(self, views: Sequence[memoryview]) -> None:
        if self._descriptor is None:
            write_all(self._disk, self._open(), [memoryview(self._meta), *views])
        else:
            write_all(self._disk, self._descriptor, views)
        self._length += sum(map(len, views))

    def _open(self) -> int:
        if self._descriptor is None:
            self._descriptor = self._disk.open(self._temporary, _CREATE, _FILE_MODE)
            self._exists = True
            self._disk.fchmod(self._descriptor, _FILE_MODE)  # whatever the umask took away
        return self._descriptor

    def _close(self) -> None:
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            self._disk.close(descriptor)

    @contextlib.contextmanager
    def _removed_on_error(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.remove()
            raise OutOfResources(
                f"the instance cannot be kept: {(error.strerror or str(error)).lower()}"
            ) from error
        except BaseException:
            self.remove()
            raise

    def _compare(self, taken: FileExistsError) -> None:
        """Accept the file that has our name if it is the same instance.

        :raises DuplicateInstance: it is not.
        """
        with (
            open(self._temporary, "rb", opener=self._reader) as ours,
            open(self._final, "rb", opener=self._reader) as kept,
        ):
            our_header = header_of(ours, self._temporary)
            try:
                kept_header = header_of(kept, self._final)
            except NotADicomFile as error:
                raise DuplicateInstance(
                    f"the file that is kept under this SOP Instance UID {error.problem}"
                ) from error
            if not (_alike(our_header, kept_header) and _same_rest(ours, kept)):
                raise DuplicateInstance(
                    "another instance is kept already under this SOP Instance UID"
                ) from taken

    def _reader(self, path: str, flags: int) -> int:
        # Somebody may have planted something: a link is not followed, a FIFO not waited for.
        return self._disk.open(Path(path), flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def _alike(ours: FileHeader, kept: FileHeader) -> bool:
    """Whether the data sets can be the same: other elements of the head may differ."""
    return (
        ours.sop_class_uid == kept.sop_class_uid
        and ours.transfer_syntax_uid == kept.transfer_syntax_uid
        and ours.data_length == kept.data_length
    )


def _same_rest(ours: BinaryIO, kept: BinaryIO) -> bool:
    while chunk := ours.read(_CHUNK):
        if chunk != kept.read(_CHUNK):
            return False
    return True
