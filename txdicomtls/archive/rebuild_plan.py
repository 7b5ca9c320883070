"""What a rebuild of the index has to do still, on the disk, so that it can be interrupted.

It is a small SQLite database beside the archive's files.  It has every file, in the order in which
they were written, because that of two instances which tell different things of their study, the
first one counts.  And it has what the old index knew and no file says.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from txdicomtls.archive.objects import ObjectFile
from txdicomtls.errors import IndexUnavailable
from txdicomtls.index import KeptInstance

#: Name of the plan in the root of an archive; it is there while a rebuild is not finished.
PLAN_FILE = "rebuilding.sqlite"

_TABLES = """
    CREATE TABLE IF NOT EXISTS files (
        number INTEGER PRIMARY KEY, written_at INTEGER NOT NULL, path TEXT NOT NULL UNIQUE,
        round INTEGER NOT NULL DEFAULT 1
    );
    CREATE INDEX IF NOT EXISTS ix_files ON files (round, written_at, path);
    CREATE TABLE IF NOT EXISTS known (
        sop_instance_uid TEXT PRIMARY KEY, path TEXT NOT NULL, size INTEGER NOT NULL,
        sha256 TEXT NOT NULL, received_at REAL NOT NULL, found INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS steps (name TEXT PRIMARY KEY);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the old index knew of an instance.

    :param path: its file, relative to the root of the archive.
    :param size: bytes of its data set.
    :param sha256: of its data set.
    :param received_at: when it was complete.
    """

    path: str
    size: int
    sha256: str
    received_at: datetime


class RebuildPlan:
    """The plan.  Everything blocks; one thread at a time uses it.

    :param root: of the archive.
    :raises IndexUnavailable: it cannot be opened.
    """

    def __init__(self, root: Path) -> None:
        self.path = root / PLAN_FILE
        try:
            self._database = sqlite3.connect(
                self.path, isolation_level=None, check_same_thread=False
            )
            self.path.chmod(0o640)
            self._database.executescript(_TABLES)
        except (sqlite3.Error, OSError) as error:
            raise IndexUnavailable(str(self.path), str(error)) from error

    def close(self) -> None:
        """Let go of it."""
        self._database.close()

    def remove(self) -> None:
        """It is done."""
        self._database.close()
        self.path.unlink(missing_ok=True)

    def is_done(self, step: str) -> bool:
        """Whether a step was done, perhaps by an earlier run."""
        rows = self._database.execute("SELECT 1 FROM steps WHERE name = ?", (step,))
        return rows.fetchone() is not None

    def done(self, step: str) -> None:
        """Remember that a step is done."""
        self._database.execute("INSERT OR IGNORE INTO steps VALUES (?)", (step,))

    def add_files(self, files: Iterable[ObjectFile]) -> None:
        """Plan to read these; what is planned already stays so."""
        self._many(
            "INSERT OR IGNORE INTO files (written_at, path) VALUES (?, ?)",
            ((file.written_at, str(file.path)) for file in files),
        )

    def add_known(self, rows: Iterable[KeptInstance]) -> None:
        """Remember what the old index knew."""
        self._many(
            "INSERT OR IGNORE INTO known VALUES (?, ?, ?, ?, ?, 0)",
            (
                (row.sop_instance_uid, row.path, row.size, row.sha256, row.received_at.timestamp())
                for row in rows
            ),
        )

    def count(self) -> int:
        """How many files are to be read still."""
        (count,) = self._database.execute("SELECT count(*) FROM files").fetchone()
        return int(count)

    def next_files(self, number: int, limit: int) -> list[PurePosixPath]:
        """The files of a round that are next.

        :param number: of the round.
        :param limit: so many at most.
        """
        rows = self._database.execute(
            "SELECT path FROM files WHERE round = ? ORDER BY written_at, path LIMIT ?",
            (number, limit),
        )
        return [PurePosixPath(path) for (path,) in rows]

    def settle(
        self,
        done: Iterable[PurePosixPath],
        put_off: Iterable[PurePosixPath],
        found: Iterable[tuple[str, str]],
    ) -> None:
        """Note what became of some files, all at once.

        :param done: those that need not be read any more.
        :param put_off: those that are for the next round.
        :param found: SOP Instance UID and hash of what is indexed now.
        """
        with closing(self._database.cursor()) as cursor:
            cursor.execute("BEGIN")
            cursor.executemany("DELETE FROM files WHERE path = ?", ((str(each),) for each in done))
            cursor.executemany(
                "UPDATE files SET round = round + 1 WHERE path = ?",
                ((str(each),) for each in put_off),
            )
            cursor.executemany(
                "UPDATE known SET found = 1 WHERE sop_instance_uid = ? AND sha256 = ?", found
            )
            cursor.execute("COMMIT")

    def known(self, sop_instance_uid: str) -> Known | None:
        """What the old index knew of an instance; None where that was nothing."""
        row = self._database.execute(
            "SELECT path, size, sha256, received_at FROM known WHERE sop_instance_uid = ?",
            (sop_instance_uid,),
        ).fetchone()
        if row is None:
            return None
        path, size, sha256, received_at = row
        received = datetime.fromtimestamp(received_at, UTC)
        return Known(path=path, size=size, sha256=sha256, received_at=received)

    def lost(self) -> Iterator[tuple[str, str]]:
        """UID and file of each instance that the old index had and the new one has not."""
        yield from self._database.execute(
            "SELECT sop_instance_uid, path FROM known WHERE NOT found ORDER BY sop_instance_uid"
        )

    def _many(self, statement: str, rows: Iterable[Sequence[object]]) -> None:
        self._database.execute("BEGIN")
        try:
            self._database.executemany(statement, rows)
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")
