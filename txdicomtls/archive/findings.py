"""What a check of an archive finds: values, and the look at the file of one row."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from txdicomtls.archive.directories import Directories
from txdicomtls.archive.disk import Disk, reason_of
from txdicomtls.archive.kept import open_file
from txdicomtls.archive.names import kept_path
from txdicomtls.errors import InvalidInstance, NotADicomFile
from txdicomtls.index import Flaw, KeptInstance
from txdicomtls.part10 import header_of

_CHUNK = 1 << 20


class FindingKind(Enum):
    """What is the matter with a file, or with a row."""

    MISSING = "the file of an instance is missing"
    DAMAGED = "the file of an instance is damaged"
    UNREADABLE = "cannot be read now"
    SOUND = "is marked in the index, and nothing is wrong with it"
    NOT_INDEXED = "an instance is not in the index"
    FOREIGN = "lies among the instances, and is none"
    OTHER_BYTES = "other bytes of an instance lie beside it, and are kept"

    @property
    def is_wrong(self) -> bool:
        """Whether something should be done about it."""
        return self is not FindingKind.OTHER_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was found.

    :param kind: what is the matter.
    :param path: the file, relative to the root of the archive.
    :param sop_instance_uid: of the instance, where it is known.
    :param problem: more about it.
    :param repaired: files and index agree about it now.
    """

    kind: FindingKind
    path: str
    sop_instance_uid: str = ""
    problem: str = ""
    repaired: bool = False

    @property
    def is_wrong(self) -> bool:
        """Whether something is wrong still."""
        return self.kind.is_wrong and not self.repaired


#: What the index is told.
FLAWS = {
    FindingKind.MISSING: Flaw.MISSING,
    FindingKind.DAMAGED: Flaw.DAMAGED,
    FindingKind.SOUND: Flaw.NONE,
}


def problem_with(
    row: KeptInstance, directories: Directories, *, disk: Disk, hashes: bool
) -> tuple[FindingKind | None, str]:
    """Look at the file of a row.  Blocks.

    :param directories: where files are kept.
    :param disk: the system calls.
    :param hashes: read every byte.
    :return: what is wrong with it, and more about that; None for nothing.
    """
    try:
        path = kept_path(row.path)
        directory = directories.open(path.parent, make=False)
        try:
            file = open_file(disk, directory, path)
        finally:
            disk.close(directory)
        with file:
            problem = _problem_in(file, row, hashes=hashes)
    except (FileNotFoundError, InvalidInstance):
        return FindingKind.MISSING, ""
    except NotADicomFile as error:
        return FindingKind.DAMAGED, f"it {error.problem}"
    except OSError as error:
        return FindingKind.UNREADABLE, reason_of(error)
    return (FindingKind.DAMAGED if problem else None), problem


def _problem_in(file: BinaryIO, row: KeptInstance, *, hashes: bool) -> str:
    """What is wrong with the contents of a file; empty for nothing."""
    header = header_of(file, Path(row.path))
    if header.sop_instance_uid != row.sop_instance_uid:
        return "it holds another instance"
    if header.data_length != row.size:
        return f"its data set has {header.data_length} bytes instead of {row.size}"
    if not hashes:
        return ""
    digest = sha256()
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
    return "" if digest.hexdigest() == row.sha256 else "its data set is not what was received"
