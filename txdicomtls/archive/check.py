"""Files and index of an archive, held against each other, while a node may be using both.

Theory of operation.  Two walks, neither of which holds more than a page in memory:

1. through the rows of the index, in the order of their UIDs: the file of each must be there, be
   of that instance and as long as it was; and, if all bytes are to be read, have the same hash;
2. through the files: each must be the file of a row.

A node that runs goes on meanwhile, so what is found in one moment may be half of something.  A row
whose file is not as it should be is read again, because a node changes the row before it removes
a file.  A file without a row is one that is being kept for as long as it has its temporary
name too: a node removes that only when the row is there.  So it is looked at once more, in
this order: is it there still, has it a temporary name, has it a row now.

To repair is to tell the index what is so: which files are missing or damaged, so that they are
taken when they are sent again; and of intact files what is in them.  Nothing is ever removed,
and no file is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path, PurePosixPath

from txdicomtls.archive.directories import Directories
from txdicomtls.archive.disk import Disk, reason_of, sync_directory
from txdicomtls.archive.findings import FLAWS, Finding, FindingKind, problem_with
from txdicomtls.archive.kept import open_plain
from txdicomtls.archive.objects import (
    ObjectFile,
    look_at_object,
    object_files,
    read_record,
    under_way,
)
from txdicomtls.errors import NotADicomFile, StorageError
from txdicomtls.index import Flaw, Index, KeptInstance, Outcome
from txdicomtls.part10 import FileHeader, header_of
from txdicomtls.uids import is_valid_uid

#: Rows, and files, that are in memory at once.
PAGE = 500


class Check:
    """Checks an archive.  Everything blocks.

    :param root: of the archive.
    :param index: what instances there are.
    :param disk: the system calls.
    :param hashes: read every byte, instead of heads and lengths only.
    :param repair: tell the index what was found.
    :param stop: whether to come to an end before everything was looked at.
    :ivar rows: how many rows were looked at.
    :ivar files: how many files.
    """

    def __init__(
        self,
        root: Path,
        index: Index,
        *,
        disk: Disk,
        hashes: bool = True,
        repair: bool = False,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self._root = root
        self._index = index
        self._disk = disk
        self._hashes = hashes
        self._repair = repair
        self._stop = stop
        self._directories = Directories(root, disk=disk, sync=False)
        self.rows = 0
        self.files = 0

    def __call__(self) -> Iterator[Finding | None]:
        """Look at everything.

        :return: what is found; None now and then, so that whoever asked can say how far it is.
        :raises StorageError: the archive is not there.
        :raises txdicomtls.errors.IndexUnavailable: the index cannot be asked.
        :raises OSError: the disk failed.
        """
        yield from self._check_rows()
        yield from self._check_files()

    # -- the rows ----------------------------------------------------------------------------

    def _check_rows(self) -> Iterator[Finding | None]:
        after = ""
        while page := self._index.paths(after, PAGE):
            for row in page:
                if self._stop():
                    return
                yield self._check_row(row)
                self.rows += 1
            after = page[-1].sop_instance_uid

    def _check_row(self, row: KeptInstance) -> Finding | None:
        kind, problem = problem_with(row, self._directories, disk=self._disk, hashes=self._hashes)
        if kind is None and row.flaw is Flaw.NONE:
            return None
        # A node may have replaced it meanwhile: what counts is the row as it is now.
        again = self._index.get([row.sop_instance_uid]).get(row.sop_instance_uid)
        if again is None:
            return None
        if again != row:
            row = again
            kind, problem = problem_with(
                row, self._directories, disk=self._disk, hashes=self._hashes
            )
        if kind is None and row.flaw is Flaw.NONE:
            return None
        if kind is FindingKind.MISSING and not (self._root / "archive").is_file():
            raise StorageError(f"{self._root}: the archive is not there any more")
        # Lengths alone do not say that bytes which were wrong are right again.
        if kind is None and not self._hashes:
            return None
        kind = kind or FindingKind.SOUND
        return Finding(
            kind=kind,
            path=row.path,
            sop_instance_uid=row.sop_instance_uid,
            problem=problem,
            repaired=self._mark(row, kind),
        )

    def _mark(self, row: KeptInstance, kind: FindingKind) -> bool:
        """Tell the index; whether that makes it right."""
        flaw = FLAWS.get(kind)
        if not self._repair or flaw is None:
            return False
        if row.flaw is not flaw:
            self._index.mark(row.sop_instance_uid, flaw)
        return kind is FindingKind.SOUND

    # -- the files ---------------------------------------------------------------------------

    def _check_files(self) -> Iterator[Finding | None]:
        files = object_files(self._root)
        while page := list(islice(files, PAGE)):
            if self._stop():
                return
            yield from self._check_page(page)

    def _check_page(self, page: Sequence[ObjectFile]) -> Iterator[Finding | None]:
        names = [(file, self._header(file)) for file in page]
        uids = {uid for file, header in names for uid in _candidates(file.path, header)}
        rows = self._index.get(uids)
        for file, header in names:
            if self._stop():
                return
            found = [rows[uid] for uid in _candidates(file.path, header) if uid in rows]
            self.files += 1
            if any(row.path == str(file.path) for row in found):
                yield None
            else:
                yield self._check_file(file)

    def _header(self, file: ObjectFile) -> FileHeader | None:
        """What a file says that it is; None where it says nothing."""
        try:
            with open_plain(self._disk, self._root / file.path) as opened:
                return header_of(opened, Path(file.path))
        except (NotADicomFile, OSError):
            return None

    def _check_file(self, file: ObjectFile) -> Finding | None:
        """Look once more at a file that no row seems to have."""
        again = look_at_object(self._root, file.path)
        if again is None or (again.names > 1 and again.inode in under_way(self._root)):
            return None
        header = self._header(again)
        uids = _candidates(again.path, header)
        rows = self._index.get(uids).values()
        path = str(again.path)
        if any(row.path == path for row in rows):
            return None
        if header is None:
            return Finding(kind=FindingKind.FOREIGN, path=path)
        uid = header.sop_instance_uid
        if any(row.sop_instance_uid == uid for row in rows):
            return Finding(kind=FindingKind.OTHER_BYTES, path=path, sop_instance_uid=uid)
        if not self._repair:
            return Finding(kind=FindingKind.NOT_INDEXED, path=path, sop_instance_uid=uid)
        return self._add(again, uid)

    def _add(self, file: ObjectFile, uid: str) -> Finding:
        """Index a file, if every byte of it is right."""
        path, problem = str(file.path), ""
        try:
            record = read_record(self._root, file, disk=self._disk)
            self._sync(file.path)
            (added,) = self._index.add([record])
            if added.outcome is Outcome.CONFLICT:
                problem = "other bytes have been indexed meanwhile"
        except NotADicomFile as error:
            problem = f"it {error.problem}"
        except StorageError as error:
            problem = str(error)
        except OSError as error:
            problem = reason_of(error)
        return Finding(
            kind=FindingKind.NOT_INDEXED,
            path=path,
            sop_instance_uid=uid,
            problem=problem,
            repaired=not problem,
        )

    def _sync(self, path: PurePosixPath) -> None:
        """Nobody knows whether it ever was, and what is indexed is promised to be kept."""
        with open_plain(self._disk, self._root / path) as file:
            self._disk.fsync(file.fileno())
        sync_directory(self._disk, self._root / path.parent)


def _candidates(path: PurePosixPath, header: FileHeader | None) -> list[str]:
    """SOP Instance UIDs of rows that may have a file: what it says, and what its name says."""
    said = [header.sop_instance_uid] if header is not None else []
    return [uid for uid in (*said, path.stem) if is_valid_uid(uid)]
