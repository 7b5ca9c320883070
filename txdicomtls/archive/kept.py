"""The files that are kept, looked at: what lies under a name, and whether it is what it should be.

A file is opened relative to its directory, never through a link, and without waiting: somebody
may have planted something.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from txdicomtls.archive.disk import Disk
from txdicomtls.part10 import FileHeader, header_of

_CHUNK = 1 << 20
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFile:
    """What a file holds.

    :param header: what its head says.
    :param sha256: of the data set, in hexadecimal.
    """

    header: FileHeader
    sha256: str


def open_file(disk: Disk, directory: int, path: PurePosixPath) -> BinaryIO:
    """Open a file for reading.

    :param directory: descriptor of its directory.
    :raises OSError: it is missing, a link, or cannot be read.
    """
    return _file_of(disk, disk.open(path.name, _OPEN, dir_fd=directory))


def look_at(disk: Disk, directory: int, path: PurePosixPath) -> KeptFile:
    """Read a whole file.

    :param directory: descriptor of its directory.
    :raises NotADicomFile: it is no DICOM file, or none that could be sent.
    :raises OSError: it is missing, a link, or cannot be read.
    """
    with open_file(disk, directory, path) as file:
        header = header_of(file, Path(path))
        digest = sha256()
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return KeptFile(header=header, sha256=digest.hexdigest())


def is_same_file(temporary: Path, directory: int, path: PurePosixPath) -> bool:
    """Whether two names are of one file.

    :raises OSError: one is missing.
    """
    ours = temporary.lstat()
    kept = os.stat(path.name, dir_fd=directory, follow_symlinks=False)
    return (ours.st_dev, ours.st_ino) == (kept.st_dev, kept.st_ino)


def open_plain(disk: Disk, path: Path) -> BinaryIO:
    """Open a file under a name that no peer has a part in.

    :raises OSError: it is missing, a link, or cannot be read.
    """
    return _file_of(disk, disk.open(path, _OPEN))


def _file_of(disk: Disk, descriptor: int) -> BinaryIO:
    try:
        return os.fdopen(descriptor, "rb")
    except BaseException:  # it is a directory
        disk.close(descriptor)
        raise
