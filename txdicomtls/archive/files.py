"""An archive of files: one for each SOP instance, kept before it is acknowledged.

Below its root lie ``objects/`` with the files of the instances, ``incoming/``
with those that are being received, and ``lock``, which is held locked by the one
process that uses the archive.
"""

from __future__ import annotations

import fcntl
import itertools
import os
import stat
from pathlib import Path

from zope.interface import implementer

from txdicomtls.archive.disk import Disk, sync_directory
from txdicomtls.archive.draft import Draft
from txdicomtls.archive.names import FAN_OUT, instance_path, objects_directory
from txdicomtls.archive.sink import FileSink
from txdicomtls.errors import StorageError
from txdicomtls.instance import IncomingInstance
from txdicomtls.interfaces import IInstanceReceiver
from txdicomtls.part10 import meta_bytes
from txdicomtls.threads import InThread

_DIRECTORY_MODE = 0o750
_FILE_MODE = 0o640


@implementer(IInstanceReceiver)
class FileArchive:
    """Keeps each instance in a file named after its SOP Instance UID.

    An instance that is kept already is acknowledged again if its data set is the
    same, byte for byte, and refused if it is not: nothing is ever overwritten.

    :param root: directory of the archive; its parent must exist.
    :param in_thread: calls what blocks, as ``partial(deferToThreadPool, reactor, pool)``.
    :param sync: False to acknowledge before the bytes are on the disk: faster, and what was
        acknowledged may be lost when the machine stops.
    :param disk: the system calls.
    """

    def __init__(
        self, root: Path, *, in_thread: InThread, sync: bool = True, disk: Disk = os
    ) -> None:
        self._root = root
        self._incoming = root / "incoming"
        self._in_thread = in_thread
        self._sync = sync
        self._disk = disk
        self._numbers = itertools.count(1)
        self._lock: int | None = None

    def prepare(self) -> None:
        """Make the archive ready to receive.  Blocks: to be called in a thread.

        Makes the directories that are missing, makes sure that no other process uses
        the archive, and removes what a crash left half received.

        :raises StorageError: the archive is in use already, or its directories cannot be used.
        """
        try:
            if self._make_directory(self._root) and self._sync:
                sync_directory(self._disk, self._root.parent)
            self._take_lock()
        except OSError as error:
            raise StorageError(_explained(self._root, error)) from error
        try:
            self._make_directories()
            self._remove_leftovers()
        except OSError as error:
            self.close()
            raise StorageError(_explained(self._root, error)) from error

    def receive(self, instance: IncomingInstance) -> FileSink:
        """Begin to receive an instance; nothing is on the disk before its first bytes are written.

        :raises InvalidInstance: one of its UIDs is not a valid UID.
        """
        final = self.path_of(instance.sop_instance_uid)
        # Peers have no part in this name.  Nobody else holds the lock, so it is free.
        temporary = self._incoming / f"{next(self._numbers)}.part"
        draft = Draft(temporary, final, meta_bytes(instance), sync=self._sync, disk=self._disk)
        return FileSink(draft, self._in_thread)

    def path_of(self, sop_instance_uid: str) -> Path:
        """Where the file of an instance lies if the instance is kept.

        :raises InvalidInstance: this is not a valid UID.
        """
        return instance_path(self._root, sop_instance_uid)

    def close(self) -> None:
        """Let another process use the archive.  To be called when every sink has ended."""
        if self._lock is not None:
            descriptor, self._lock = self._lock, None
            os.close(descriptor)

    def _take_lock(self) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = self._disk.open(self._root / "lock", flags, _FILE_MODE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(descriptor)
            raise StorageError(
                f"{self._root}: this archive is in use already, by another process"
            ) from error
        except OSError:
            os.close(descriptor)
            raise
        self._lock = descriptor

    def _make_directories(self) -> None:
        """Make every directory now, and durable, so that keeping an instance never has to."""
        objects = objects_directory(self._root)
        self._make_directory(self._incoming)
        self._make_directory(objects)
        for name in FAN_OUT:
            self._make_directory(objects / name)
        if self._sync:
            for directory in (objects, self._root):
                sync_directory(self._disk, directory)

    def _make_directory(self, path: Path) -> bool:
        """Return whether it was missing."""
        try:
            self._disk.mkdir(path, _DIRECTORY_MODE)
        except FileExistsError:
            # A link in the place of one of ours would lead out of the archive; the root is
            # the administrator's, and may be one.
            status = path.stat(follow_symlinks=path == self._root)
            if not stat.S_ISDIR(status.st_mode):
                raise
            return False
        path.chmod(_DIRECTORY_MODE)  # whatever the umask took away
        return True

    def _remove_leftovers(self) -> None:
        with os.scandir(self._incoming) as entries:
            for entry in entries:
                if not entry.is_dir(follow_symlinks=False):
                    self._disk.unlink(Path(entry.path))


def _explained(root: Path, error: OSError) -> str:
    reason = (error.strerror or str(error)).lower()
    return f"{error.filename or root}: the archive cannot be used: {reason}"
