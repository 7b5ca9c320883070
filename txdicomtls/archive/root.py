"""The directory of an archive: what is in it, who uses it, and whether it is really there.

Below the root lie

- ``objects/``: the files of the instances;
- ``incoming/``: those that are being received.  Where several nodes share the archive, each has
  a directory of its own in there, with its own ``lock``;
- ``lock``: held by whoever uses the archive, alone or together with other nodes;
- ``trial``: written for a moment when something has failed, to see whether it still does;
- ``archive``: made with the archive, and never again.  Where it is missing this is not the
  archive but, for example, the directory on which its file system should be mounted, and
  nothing may be written there.

Locks are those of ``flock``: they end with the process that holds them, however it ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from txdicomtls.archive.directories import DIRECTORY_MODE, Directories
from txdicomtls.archive.disk import Disk, sync_directory
from txdicomtls.archive.names import Layout
from txdicomtls.errors import ArchiveInUse, StorageError

_FILE_MODE = 0o640
_OPEN_LOCK = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Root:
    """Makes the directories of an archive, and holds its locks.  Everything blocks.

    :param path: its parent must exist.
    :param node: name of this node, where others use the archive too; empty to use it alone.
    :param disk: the system calls.
    :param sync: False to leave it to the system when names reach the disk.
    """

    def __init__(self, path: Path, *, node: str, disk: Disk, sync: bool) -> None:
        self.path = path
        self._node = node
        self._disk = disk
        self._sync = sync
        self._locks: list[int] = []

    @property
    def incoming(self) -> Path:
        """Where this node receives files."""
        return self.path / "incoming" / self._node

    @property
    def trial(self) -> Path:
        """A file that this node may write for a moment, to see whether it can."""
        return self.path / f"trial{self._node and '.'}{self._node}"

    @property
    def sentinel(self) -> Path:
        """The file that says that this is the archive."""
        return self.path / "archive"

    def prepare(self, layout: Layout, directories: Directories, *, is_new: bool) -> None:
        """Take the locks, and make what is missing.

        :param layout: says which directories of instances are worth making beforehand.
        :param directories: told which are durable.
        :param is_new: False where instances are known to be kept here: then the sentinel
            must be there.
        :raises ArchiveInUse: another process uses the archive.
        :raises StorageError: it is not the archive.
        :raises OSError: the disk failed.
        """
        if not is_new and not self.is_there():
            raise StorageError(
                f"{self.path}: the index knows of instances, but this is not their archive: there "
                f"is no file {self.sentinel.name!r}.  Is its file system mounted?"
            )
        if self._make_directory(self.path) and self._sync:
            sync_directory(self._disk, self.path.parent)
        self._lock(self.path / "lock", fcntl.LOCK_SH if self._node else fcntl.LOCK_EX)
        if not self.is_there():
            self._make_sentinel()
        self._make_directory(self.path / "incoming")
        if self._node:
            self._make_directory(self.incoming)
            self._lock(self.incoming / "lock", fcntl.LOCK_EX)
        beforehand = layout.directories()
        for path in beforehand:
            self._make_directory(self.path / path)
        if self._sync:
            for parent in dict.fromkeys(path.parent for path in reversed(beforehand)):
                sync_directory(self._disk, self.path / parent)
            for path in beforehand:
                directories.is_durable(path)

    def leftovers(self) -> Iterator[Path]:
        """Each file that a crash of this node, or of one that does not run now, has left."""
        incoming = self.path / "incoming"
        if self._node:
            # Left when the archive was used by one process alone, which cannot run now.
            with self._free(self.path / "lock.incoming") as free:
                if free:
                    yield from _files(incoming)
        else:
            yield from _files(incoming)
        with os.scandir(incoming) as entries:
            nodes = [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
        for node in sorted(nodes):
            if node == self.incoming:
                yield from _files(node)
                continue
            with self._free(node / "lock") as free:
                if free:
                    yield from _files(node)

    def is_there(self) -> bool:
        """Whether the archive can be found under its path."""
        try:
            return stat.S_ISREG(self.sentinel.lstat().st_mode)
        except OSError:
            return False

    def close(self) -> None:
        """Let others use the archive."""
        while self._locks:
            os.close(self._locks.pop())

    def _lock(self, path: Path, kind: int) -> None:
        descriptor = self._disk.open(path, _OPEN_LOCK, _FILE_MODE)
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(descriptor)
            raise ArchiveInUse(self.path) from error
        except OSError:
            os.close(descriptor)
            raise
        self._locks.append(descriptor)

    @contextlib.contextmanager
    def _free(self, path: Path) -> Iterator[bool]:
        """Hold another node's lock; False where that node runs."""
        descriptor = self._disk.open(path, _OPEN_LOCK, _FILE_MODE)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True
        finally:
            os.close(descriptor)

    def _make_sentinel(self) -> None:
        try:
            descriptor = self._disk.open(self.sentinel, _CREATE, _FILE_MODE)
        except FileExistsError:  # another node was quicker, or it is no file
            if not self.is_there():
                raise
            return
        self._disk.close(descriptor)

    def _make_directory(self, path: Path) -> bool:
        """Return whether it was missing."""
        try:
            self._disk.mkdir(path, DIRECTORY_MODE)
        except FileExistsError:
            # A link in the place of one of ours would lead out of the archive; the root is
            # the administrator's, and may be one.
            status = path.stat(follow_symlinks=path == self.path)
            if not stat.S_ISDIR(status.st_mode):
                raise
            return False
        path.chmod(DIRECTORY_MODE)  # whatever the umask took away
        return True


def _files(directory: Path) -> Iterator[Path]:
    with os.scandir(directory) as entries:
        for entry in entries:
            if not entry.is_dir(follow_symlinks=False) and entry.name != "lock":
                yield Path(entry.path)
