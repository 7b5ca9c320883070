"""A folder for instances that leave an archive, or are fetched from a node: plain DICOM files.

A file is written, checked and kept as in an archive: it has its name only when it is whole, and no
name is ever given to other bytes than those that have it.  But there is no index, no lock
and no sync, and the folder may be in a file system that knows no hard links and no modes, such as
that of a memory stick.

Names come from UIDs alone, ``STUDY/SERIES/INSTANCE.dcm``.  Where the study or the series has
none that is valid, the file lies in the folder itself.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

from zope.interface import implementer

from txdicomtls.archive.commit import Commit
from txdicomtls.archive.committer import MOST_AT_ONCE, Committer
from txdicomtls.archive.description import described
from txdicomtls.archive.directories import DIRECTORY_MODE, Directories
from txdicomtls.archive.disk import reason_of
from txdicomtls.archive.draft import Draft, Identified, Sealed
from txdicomtls.archive.events import DuplicatePolicy
from txdicomtls.archive.inspection import Contents, Inspection
from txdicomtls.archive.names import OBJECTS, Layout
from txdicomtls.archive.naming import Naming
from txdicomtls.archive.sink import FileSink
from txdicomtls.codes import UNIQUE_KEYS, Level
from txdicomtls.errors import InvalidInstance, StorageError
from txdicomtls.instance import IncomingInstance
from txdicomtls.interfaces import IInstanceReceiver
from txdicomtls.threads import InThread

_LAYOUT = Layout("{study_instance_uid}/{series_instance_uid}/{sop_instance_uid}.dcm")
_WITHOUT_STUDY = Layout("{sop_instance_uid}.dcm")

#: What is looked at of a data set: Study and Series Instance UID.
_NAMES = frozenset((UNIQUE_KEYS[Level.STUDY], UNIQUE_KEYS[Level.SERIES]))

#: What a file system says that has no hard links.
_NO_LINKS = frozenset((errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK))


def _random_name() -> str:
    return secrets.token_hex(8)


@implementer(IInstanceReceiver)
class Folder:
    """Keeps instances in a folder.

    :param path: the folder; made if it is missing.
    :param in_thread: runs what blocks.
    :param random_name: makes names that are never made twice.
    """

    def __init__(
        self,
        path: Path,
        *,
        in_thread: InThread,
        random_name: Callable[[], str] = _random_name,
    ) -> None:
        self.path = path
        self._in_thread = in_thread
        self._disk = _AnyDisk()
        self._name = random_name()
        self._numbers = itertools.count(1)
        self._commit = Commit(
            Directories(path, disk=self._disk, sync=False),
            Naming(disk=self._disk, index=None, duplicates=DuplicatePolicy.REFUSE),
            disk=self._disk,
            sync=False,
            index=None,
            most_at_once=MOST_AT_ONCE,
        )
        self._committer = Committer(self._commit, in_thread, lambda _: None)

    def prepare(self) -> None:
        """Make the folder, if it is missing, for nobody else to look into.  Blocks.

        :raises StorageError: that cannot be done.
        """
        try:
            self.path.mkdir(DIRECTORY_MODE, parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"{self.path}: cannot be made: {reason_of(error)}") from error

    def receive(self, instance: IncomingInstance) -> FileSink:
        """Begin to receive an instance; see :class:`~txdicomtls.interfaces.IInstanceReceiver`.

        :raises InvalidInstance: one of its UIDs is not a valid UID.
        :raises CannotUnderstand: no data set can be in its transfer syntax.
        """
        return FileSink(self.draft(instance), self._in_thread, self._committer.keep)

    def draft(self, instance: IncomingInstance) -> Draft:
        """Begin to write an instance, in the thread of whoever calls.

        :raises InvalidInstance: one of its UIDs is not a valid UID.
        :raises CannotUnderstand: no data set can be in its transfer syntax.
        """
        temporary = self.path / f".{self._name}-{next(self._numbers)}.part"
        inspection = Inspection(instance, _NAMES)
        return Draft(temporary, instance, inspection, _identified, disk=self._disk)

    def keep(self, sealed: Sealed) -> PurePosixPath:
        """Give a file its name.  Blocks.

        :return: the name, from the folder on.
        :raises DuplicateInstance: other bytes have it.
        :raises OutOfResources: that cannot be done.
        """
        (settled,) = self._commit([sealed])
        if settled.error is not None:
            raise settled.error
        return sealed.path


def _identified(instance: IncomingInstance, contents: Contents) -> Identified:
    attributes = described(contents.values, instance.transfer_syntax_uid)
    try:
        path = _LAYOUT.path(instance.sop_instance_uid, attributes)
    except InvalidInstance:
        path = _WITHOUT_STUDY.path(instance.sop_instance_uid, {})
    return Identified(path=path.relative_to(OBJECTS), record=None)


class _AnyDisk:
    """The system calls, for file systems that cannot do all that an archive needs."""

    open = staticmethod(os.open)
    close = staticmethod(os.close)
    fsync = staticmethod(os.fsync)
    replace = staticmethod(os.replace)
    unlink = staticmethod(os.unlink)
    mkdir = staticmethod(os.mkdir)

    def writev(self, fd: int, buffers: Sequence[memoryview], /) -> int:
        """As :func:`os.writev`."""
        return os.writev(fd, buffers)

    def fchmod(self, fd: int, mode: int, /) -> None:
        """As :func:`os.fchmod`, where there are modes."""
        with contextlib.suppress(PermissionError):
            os.fchmod(fd, mode)

    def link(self, src: Path, dst: Path | str, *, dst_dir_fd: int | None = None) -> None:
        """As :func:`os.link`; where there are no links the file is renamed, if the name is free."""
        try:
            os.link(src, dst, dst_dir_fd=dst_dir_fd)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            # Between these two nobody but us makes names of this kind.
            if _is_taken(dst, dst_dir_fd):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)) from error
            os.rename(src, dst, dst_dir_fd=dst_dir_fd)


def _is_taken(name: Path | str, directory: int | None) -> bool:
    try:
        os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True
