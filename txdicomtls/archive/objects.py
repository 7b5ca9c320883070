"""The files of an archive, found by a walk through its directories, and read for the index.

This is for whoever holds files and index against each other.  Nothing here follows a link, and
nothing is changed.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from txdicomtls.archive.description import described
from txdicomtls.archive.disk import Disk
from txdicomtls.archive.draft import Identified
from txdicomtls.archive.inspection import Contents
from txdicomtls.archive.kept import open_plain
from txdicomtls.archive.names import OBJECTS, other_path
from txdicomtls.archive.recovery import sealed_again
from txdicomtls.errors import NotADicomFile, StorageError
from txdicomtls.index.attributes import WANTED
from txdicomtls.index.record import InstanceRecord
from txdicomtls.instance import IncomingInstance
from txdicomtls.part10 import header_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectFile:
    """Something that lies among the instances.

    :param path: relative to the root of the archive.
    :param is_plain: it is a regular file, and no link, pipe or the like.
    :param written_at: nanoseconds since 1970 at which it was last written.
    :param inode: names the file in its file system, whatever else it is called.
    :param names: how many names the file has.
    """

    path: PurePosixPath
    is_plain: bool
    written_at: int
    inode: tuple[int, int]
    names: int


def object_files(root: Path) -> Iterator[ObjectFile]:
    """Walk through all that lies among the instances, in the order of the names.  Blocks.

    What vanishes meanwhile is left out.

    :param root: of the archive.
    :raises OSError: a directory cannot be read.
    """
    yield from _below(root, PurePosixPath(OBJECTS))


def look_at_object(root: Path, path: PurePosixPath) -> ObjectFile | None:
    """What lies under one name; None if nothing does.

    :raises OSError: it cannot be looked at.
    """
    try:
        status = (root / path).lstat()
    except FileNotFoundError:
        return None
    return _object_file(path, status)


def first_instance(root: Path, *, disk: Disk) -> PurePosixPath | None:
    """The first file of an instance that is kept, and not just being kept; None if there is none.

    :raises OSError: a directory cannot be read.
    """
    unfinished = under_way(root)
    for file in object_files(root):
        if file.is_plain and not (file.names > 1 and file.inode in unfinished):
            try:
                with open_plain(disk, root / file.path) as opened:
                    header_of(opened, Path(file.path))
            except (NotADicomFile, OSError):
                continue
            return file.path
    return None


def under_way(root: Path) -> frozenset[tuple[int, int]]:
    """The inodes of all files that are being received, or were when a node stopped.

    :raises OSError: the directory cannot be read.
    """
    return frozenset(
        (status.st_dev, status.st_ino)
        for path in (root / "incoming").rglob("*")
        if (status := _status(path)) is not None
    )


def is_beside(path: PurePosixPath, usual: PurePosixPath, data_set_sha256: str) -> bool:
    """Whether a file has the name that other bytes of an instance get.

    :param usual: the name of the instance itself.
    :param data_set_sha256: of this file.
    """
    return path.name == other_path(usual, data_set_sha256).name


def read_record(root: Path, file: ObjectFile, *, disk: Disk) -> InstanceRecord:
    """Read all of a file, and make the record that the index has of it.  Blocks.

    Every byte is checked as it was when it arrived; the time of arrival is the one at which the
    file was written.

    :raises NotADicomFile: it is no DICOM file.
    :raises StorageError: its data set is not what its head says, or none that the index takes.
    :raises OSError: it cannot be read.
    """

    def identify(instance: IncomingInstance, contents: Contents) -> Identified:
        record = InstanceRecord(
            attributes=described(contents.values, instance.transfer_syntax_uid, contents.items),
            sop_class_uid=instance.sop_class_uid,
            sop_instance_uid=instance.sop_instance_uid,
            transfer_syntax_uid=instance.transfer_syntax_uid,
            path=str(file.path),
            size=contents.size,
            sha256=contents.sha256,
            received_at=datetime.fromtimestamp(file.written_at / 1e9, UTC),
            source_ae=instance.calling_ae_title,
        )
        return Identified(path=file.path, record=record)

    if not file.is_plain:
        raise StorageError("it is no regular file")
    sealed = sealed_again(root / file.path, identify, WANTED, disk=disk)
    assert sealed.record is not None  # identify makes one
    return sealed.record


def _below(root: Path, directory: PurePosixPath) -> Iterator[ObjectFile]:
    try:
        with os.scandir(root / directory) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except FileNotFoundError:
        return
    for entry in found:
        path = directory / entry.name
        if entry.is_dir(follow_symlinks=False):
            yield from _below(root, path)
            continue
        try:
            status = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            continue
        yield _object_file(path, status)


def _object_file(path: PurePosixPath, status: os.stat_result) -> ObjectFile:
    return ObjectFile(
        path=path,
        is_plain=stat.S_ISREG(status.st_mode),
        written_at=status.st_mtime_ns,
        inode=(status.st_dev, status.st_ino),
        names=status.st_nlink,
    )


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except FileNotFoundError:
        return None
