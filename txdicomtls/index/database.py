"""The database: how it is opened, read, written and given up on.

SQLite keeps a write-ahead log, so that readers and the writer do not wait for each other,
and syncs it at each commit: what was committed outlives a loss of power.  One transaction
writes at a time; those of this process queue for a lock, those of others wait in SQLite.
All of this process write on one connection, which is kept: it has the pages that change with
each instance, and to get one from SQLAlchemy takes as long as to add an instance.

In PostgreSQL any number of nodes write at once.  Two that get in each other's way, by
a deadlock or because one removes what the other builds on, are sorted out by PostgreSQL,
which ends one of the transactions; that one is done again from the beginning.

Everything here blocks, and is called in threads.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from txdicomtls.errors import IndexUnavailable, QueryTimeout
from txdicomtls.index.statement import raw_sqlite
from txdicomtls.index.upgrade import upgrade

T = TypeVar("T")

#: Seconds that a writer waits for its turn.
WAITING = 10.0

#: How often a transaction is begun that others get in the way of.
ATTEMPTS = 8

_FILE_MODE = 0o640
#: What the mode of the files must have, and the most that it may have.
_LEAST_MODE, _MOST_MODE = 0o600, 0o660
#: The database, its log, and what those who use it share.
_ENDINGS = ("", "-wal", "-shm")

# SQLSTATE: serialization failure, deadlock, foreign key gone, unique key come (PostgreSQL A).
_DONE_AGAIN = frozenset(("40001", "40P01", "23503", "23505"))
_QUERY_CANCELED = "57014"

#: Names the lock of PostgreSQL under which one node at a time migrates; any fixed number does.
_MIGRATING = 0x747864_69636F6D

#: SQLite looks at the time after so many of its instructions, some tenths of a millisecond.
_INSTRUCTIONS = 20_000

#: Set on a connection of SQLite: how its transactions are begun; by us, where this is empty.
_BEGINNING = "txdicomtls_beginning"

_POSTGRESQL_SETTINGS = (
    f"SET lock_timeout = '{WAITING:g}s'",
    "SET statement_timeout = '60s'",
    # Whoever turned it off did not think of us: what is acknowledged must be safe.
    """
    SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') = 'off'
    """,
)


class _PostgresqlConnection(Protocol):
    """What we use of a connection of psycopg, which need not be installed."""

    def execute(self, query: str) -> object:
        """Execute a statement."""

    def commit(self) -> None:
        """End the transaction that the statements began."""


class Overtaken(Exception):
    """What a transaction builds on has just been removed by another: it has to begin again."""


class Database:
    """A database whose schema is the one of this release.  All methods block.

    :param where: a URL of SQLAlchemy for SQLite or PostgreSQL, or the path of an SQLite file.
    :param monotonic: a clock, in seconds; for time limits.
    :param sync: False to leave it to the system when what SQLite commits reaches the disk: when
        the machine stops, the last transactions may be lost, and nothing else is.
    :raises IndexUnavailable: it cannot be opened.
    :raises IndexTooNew: its schema comes from a newer release.
    """

    def __init__(
        self, where: str | Path, *, monotonic: Callable[[], float], sync: bool = True
    ) -> None:
        url = _url(where)
        self._sync = sync
        self.where = url.render_as_string(hide_password=True)
        self._monotonic = monotonic
        self._sqlite = url.get_backend_name() == "sqlite"
        self._turn = threading.Lock()
        self._writing: Connection | None = None
        with self._translated():
            self._engine = self._open_sqlite(url) if self._sqlite else _open_postgresql(url)
            try:
                self._prepare()
            except BaseException:
                self._engine.dispose()
                raise

    def close(self) -> None:
        """Close all connections; nobody may be using one."""
        self._let_go()
        self._engine.dispose()

    @contextmanager
    def reading(self, seconds: float) -> Iterator[Connection]:
        """A short transaction that reads.

        :param seconds: how long the database may work on it.
        :raises QueryTimeout: it has worked for longer.
        :raises IndexUnavailable: it cannot be read.
        """
        with self._translated(seconds), self._engine.connect() as connection:
            limit = self._limited_sqlite if self._sqlite else _limited_postgresql
            with connection.begin(), limit(connection, seconds):
                yield connection

    def write(self, work: Callable[[Connection], T]) -> T:
        """Do something in a transaction that writes, again if others get in its way.

        :param work: does it; must have no other effect, because it may be called again.
        :return: what the call that was committed returned.
        :raises IndexUnavailable: nothing was written; but see there.
        """
        with self._translated():
            for attempt in range(ATTEMPTS):
                try:
                    return self._write_once(work)
                except Overtaken:
                    continue
                except DBAPIError as error:
                    sqlstate = getattr(error.orig, "sqlstate", None)
                    if sqlstate not in _DONE_AGAIN or attempt == ATTEMPTS - 1:
                        raise
        raise IndexUnavailable(self.where, f"overtaken by other nodes {ATTEMPTS} times")

    def _write_once(self, work: Callable[[Connection], T]) -> T:
        if not self._sqlite:
            with self._engine.begin() as connection:
                return work(connection)
        if not self._turn.acquire(timeout=WAITING):
            raise IndexUnavailable(self.where, f"others have been writing for {WAITING:g} s")
        try:
            return self._write_sqlite(work)
        except BaseException:
            self._let_go()
            raise
        finally:
            self._turn.release()

    def _write_sqlite(self, work: Callable[[Connection], T]) -> T:
        if self._writing is None:
            self._writing = self._engine.connect().execution_options(**{_BEGINNING: ""})
        raw = raw_sqlite(self._writing)
        raw.execute("BEGIN IMMEDIATE")
        result = work(self._writing)
        raw.execute("COMMIT")
        return result

    def _let_go(self) -> None:
        """Close the connection for writing, which rolls its transaction back; it is made anew."""
        connection, self._writing = self._writing, None
        if connection is not None:
            connection.close()

    def _open_sqlite(self, url: URL) -> Engine:
        if url.database:
            # It holds data of patients.  The files beside it get the mode that it has.
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
            os.close(os.open(url.database, flags, _FILE_MODE))
            for ending in _ENDINGS:
                _keep_others_out(Path(url.database + ending))
            _sync_directory(Path(url.database).parent)
        engine = create_engine(
            url, pool_size=8, max_overflow=24, pool_timeout=WAITING, hide_parameters=True
        )
        event.listen(engine, "connect", self._configure_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine

    def _configure_sqlite(self, connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # it begins transactions when we say so, and which
        connection.execute(f"PRAGMA busy_timeout = {WAITING * 1000:.0f}")
        (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode not in ("wal", "memory"):
            raise IndexUnavailable(self.where, "its file system allows no write-ahead log")
        connection.execute(f"PRAGMA synchronous = {'FULL' if self._sync else 'NORMAL'}")
        connection.execute("PRAGMA foreign_keys = ON")

    def _prepare(self) -> None:
        def work(connection: Connection) -> None:
            if not self._sqlite:
                _check_server(connection, self.where)
                connection.execute(
                    text("SELECT pg_advisory_xact_lock(:number)"), {"number": _MIGRATING}
                )
            upgrade(connection, self.where)

        immediately = self._engine.execution_options(**{_BEGINNING: "BEGIN IMMEDIATE"})
        with immediately.begin() as connection:
            work(connection)

    @contextmanager
    def _limited_sqlite(self, connection: Connection, seconds: float) -> Iterator[None]:
        raw = raw_sqlite(connection)
        end = self._monotonic() + seconds
        raw.set_progress_handler(lambda: self._monotonic() > end, _INSTRUCTIONS)
        try:
            yield
        finally:
            raw.set_progress_handler(None, 0)

    @contextmanager
    def _translated(self, seconds: float = 0) -> Iterator[None]:
        """Make errors of ours of those of the database.

        Theirs are not chained to ours: they may hold the values that were written.
        """
        try:
            yield
        except DBAPIError as error:
            if _is_timeout(error.orig):
                raise QueryTimeout(seconds) from None
            raise IndexUnavailable(self.where, _explained(error.orig)) from None
        except sqlite3.Error as error:  # of a statement that went there directly
            raise IndexUnavailable(self.where, _explained(error)) from None
        except SQLAlchemyError as error:
            raise IndexUnavailable(self.where, str(error).splitlines()[0]) from None
        except OSError as error:
            raise IndexUnavailable(self.where, error.strerror or str(error)) from error


def _url(where: str | Path) -> URL:
    if isinstance(where, Path) or "://" not in where:
        return URL.create("sqlite", database=str(where))
    try:
        url = make_url(where)
        backend = url.get_backend_name()
    except (ArgumentError, ValueError):
        # Its text could have a password in it.
        raise IndexUnavailable("of the configuration", "its URL cannot be read") from None
    if backend not in ("sqlite", "postgresql"):
        raise IndexUnavailable(
            url.render_as_string(hide_password=True), "neither SQLite nor PostgreSQL"
        )
    return url.set(drivername="postgresql+psycopg") if backend == "postgresql" else url


def _open_postgresql(url: URL) -> Engine:
    try:
        engine = create_engine(
            url,
            pool_size=8,
            max_overflow=24,
            pool_timeout=WAITING,
            pool_pre_ping=True,
            isolation_level="READ COMMITTED",
            hide_parameters=True,
            connect_args={"connect_timeout": int(WAITING), "client_encoding": "utf8"},
        )
    except (ModuleNotFoundError, NoSuchModuleError):
        raise IndexUnavailable(
            url.render_as_string(hide_password=True),
            "psycopg is not installed: pip install 'txdicomtls[postgres]'",
        ) from None
    event.listen(engine, "connect", _configure_postgresql)
    return engine


def _configure_postgresql(connection: _PostgresqlConnection, _record: object) -> None:
    for setting in _POSTGRESQL_SETTINGS:
        connection.execute(setting)
    connection.commit()


def _check_server(connection: Connection, where: str) -> None:
    encoding = connection.execute(text("SHOW server_encoding")).scalar_one()
    if encoding != "UTF8":
        raise IndexUnavailable(where, f"its encoding is {encoding}, and names need UTF8")


def _begin_sqlite(connection: Connection) -> None:
    # What begins with reading could find, when it writes, that another has written in between.
    beginning = connection.get_execution_options().get(_BEGINNING, "BEGIN")
    if beginning:
        connection.exec_driver_sql(beginning)


@contextmanager
def _limited_postgresql(connection: Connection, seconds: float) -> Iterator[None]:
    milliseconds = max(1, round(seconds * 1000))
    connection.execute(
        text("SELECT set_config('statement_timeout', :limit, true)"), {"limit": str(milliseconds)}
    )
    yield


def _is_timeout(error: BaseException | None) -> bool:
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT
    return getattr(error, "sqlstate", None) == _QUERY_CANCELED


def _explained(error: BaseException | None) -> str:
    """Say what went wrong without the values that it went wrong with."""
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", None)
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            return (
                f"{error}: it is damaged; put a copy back, or have the archive indexed anew by "
                "`txdicomtls archive rebuild --anew`"
            )
        return str(error)
    primary = getattr(getattr(error, "diag", None), "message_primary", None)
    return primary or " ".join(str(error).split())


def _keep_others_out(path: Path) -> None:
    """Let nobody but owner and group read a file, whatever the umask and whoever copied it back."""
    with suppress(FileNotFoundError, PermissionError):  # not there, or not ours
        mode = stat.S_IMODE(path.stat().st_mode)
        wanted = (mode | _LEAST_MODE) & _MOST_MODE
        if mode != wanted:
            path.chmod(wanted)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
