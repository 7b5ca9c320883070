"""The DICOM files that are meant by paths of files and directories."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from txdicomtls import uids
from txdicomtls.errors import NotADicomFile
from txdicomtls.part10 import FileHeader, read_header
from txdicomtls.scu import Sent


def survey(paths: Iterable[Path]) -> tuple[list[FileHeader], list[Sent], int]:
    """Find the files and read their heads.  Blocks: to be called in a thread.

    :return: what can be sent, what was named and cannot be, and how many files in
        directories were passed over.
    """
    headers: list[FileHeader] = []
    failed: list[Sent] = []
    skipped = 0
    for path in paths:
        if path.is_dir():
            for file in sorted(each for each in path.rglob("*") if each.is_file()):
                try:
                    header = read_header(file)
                except NotADicomFile:
                    skipped += 1
                    continue
                if header.sop_class_uid == uids.MEDIA_STORAGE_DIRECTORY_STORAGE:
                    skipped += 1
                else:
                    headers.append(header)
        else:
            try:
                headers.append(read_header(path))
            except NotADicomFile as error:
                failed.append(Sent(path=path, error=error))
    return headers, failed, skipped
