"""An instance on its way to the disk: the file that it is written to before it has its name.

Theory of operation.  The bytes go to a temporary file in the file system of the archive, and
are inspected on the way.  When they are complete and right the draft is *sealed*: nothing of it
is durable yet, and its file is open still, so that a failure to write it, which the system
reports to whoever has it open, is not lost.  How a sealed draft is kept for good is told in
:mod:`txdicomtls.archive.commit`.

What the disk needs long for is written before it is inspected, so that the disk works meanwhile.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from txdicomtls.archive.disk import Disk, joined_in_parts, reason_of, write_all, write_back
from txdicomtls.archive.inspection import Contents, Inspection
from txdicomtls.errors import OutOfResources
from txdicomtls.index.record import InstanceRecord
from txdicomtls.instance import IncomingInstance
from txdicomtls.part10 import meta_bytes

_FILE_MODE = 0o640
#: Bytes that take longer to be synced than the call.
_LONG = 1 << 16
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True, kw_only=True)
class Identified:
    """What follows for an archive from the contents of a data set.

    :param path: where it is to be kept, relative to the root of the archive.
    :param record: what is to be indexed; None where there is no index.
    """

    path: PurePosixPath
    record: InstanceRecord | None


#: Finds that out.  Blocks; raises a :class:`~txdicomtls.errors.StorageError` for an instance
#: that is not wanted.
Identify = Callable[[IncomingInstance, Contents], Identified]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A file that is complete and right, under its temporary name.

    :param instance: what its request says.
    :param temporary: where it is.
    :param descriptor: the file, open and not synced; None for one that is synced.
    :param size: bytes of the data set.
    :param sha256: of the data set, in hexadecimal.
    :param path: where it is to be kept, relative to the root of the archive.
    :param record: what is to be indexed; None where there is no index.
    """

    instance: IncomingInstance
    temporary: Path
    descriptor: int | None
    size: int
    sha256: str
    path: PurePosixPath
    record: InstanceRecord | None


class Draft:
    """One file that is being written.  All its methods block; one thread at a time calls them.

    When one of them has raised, nothing is left on the disk and no other may be called.

    :param temporary: where it is written.
    :param instance: what its request says.
    :param inspection: of its data set.
    :param identify: what follows from the contents.
    :param disk: the system calls.
    :param synced: whether it is going to be synced.
    :raises InvalidInstance: one of the three UIDs of the instance is not a UID.
    """

    def __init__(
        self,
        temporary: Path,
        instance: IncomingInstance,
        inspection: Inspection,
        identify: Identify,
        *,
        disk: Disk,
        synced: bool = False,
    ) -> None:
        self._temporary = temporary
        self._instance = instance
        self._meta = meta_bytes(instance)
        self._inspection = inspection
        self._identify = identify
        self._disk = disk
        self._synced = synced
        self._descriptor: int | None = None
        self._exists = False

    def append(self, views: Sequence[memoryview]) -> None:
        """Inspect and write the next bytes of the data set.

        :raises CannotUnderstand: they cannot be what comes next in a data set.
        :raises OutOfResources: the disk is full or failed.
        """
        with self._removed_on_error():
            for data in joined_in_parts(views):
                self._inspection.feed(data)
                self._write(data)

    def seal(self, views: Sequence[memoryview]) -> Sealed:
        """Inspect and write the last bytes of the data set.

        :return: the file, which from now on belongs to whoever has this.
        :raises CannotUnderstand: the data set is empty, truncated or otherwise none.
        :raises MismatchedInstance: it is another instance than its request says, or does not
            say to which study and series it belongs where the index has to know.
        :raises OutOfResources: the disk is full or failed.
        """
        with self._removed_on_error():
            short = memoryview(b"")
            for data in joined_in_parts(views):
                if len(data) < _LONG:
                    short = data
                elif self._synced:
                    write_back(self._write(data))
                else:
                    self._write(data)
                self._inspection.feed(data)
            contents = self._inspection.end()
            identified = self._identify(self._instance, contents)
            self._write(short)
            descriptor, self._descriptor = self._descriptor, None
            return Sealed(
                instance=self._instance,
                temporary=self._temporary,
                descriptor=descriptor,
                size=contents.size,
                sha256=contents.sha256,
                path=identified.path,
                record=identified.record,
            )

    def remove(self) -> None:
        """Leave no temporary file behind; one that cannot be removed is left to the next start."""
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            with contextlib.suppress(OSError):
                self._disk.close(descriptor)
        if self._exists:
            self._exists = False
            with contextlib.suppress(OSError):
                self._disk.unlink(self._temporary)

    def _write(self, data: memoryview) -> int:
        views = [data] if data else []
        if self._descriptor is None:
            self._descriptor = self._disk.open(self._temporary, _CREATE, _FILE_MODE)
            self._exists = True
            self._disk.fchmod(self._descriptor, _FILE_MODE)  # whatever the umask took away
            views.insert(0, memoryview(self._meta))
        write_all(self._disk, self._descriptor, views)
        return self._descriptor

    @contextlib.contextmanager
    def _removed_on_error(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.remove()
            raise OutOfResources(f"the instance cannot be kept: {reason_of(error)}") from error
        except BaseException:
            self.remove()
            raise
