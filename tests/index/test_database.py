"""Tests of :mod:`txdicomtls.index.database` and :mod:`txdicomtls.index.upgrade`."""

from __future__ import annotations

import os
import sqlite3
import stat
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text
from twisted.trial.unittest import SynchronousTestCase

from tests.index.databases import IndexCase, InPostgres
from tests.index.records import record
from txdicomtls.errors import IndexTooNew, IndexUnavailable, QueryTimeout
from txdicomtls.index import Outcome, open_index
from txdicomtls.index.database import ATTEMPTS, Database, Overtaken
from txdicomtls.index.migrate import migrate, newest
from txdicomtls.index.schema import METADATA
from txdicomtls.index.upgrade import REVISION

FOREVER = """
    WITH RECURSIVE numbers(number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers)
    SELECT count(*) FROM numbers
"""


class SchemaTests(IndexCase):
    dictionary = """
        SELECT made.name, instr(sql, 'AUTOINCREMENT') > 0, of.name, of.type, "notnull",
            dflt_value, pk
        FROM sqlite_master AS made JOIN pragma_table_info(made.name) AS of
        WHERE made.type = 'table' AND made.name != 'sqlite_sequence'
        UNION ALL
        SELECT name, tbl_name, sql, '', '', '', '' FROM sqlite_master WHERE type = 'index'
        UNION ALL
        SELECT made.name, of."table", of."from", of."to", of.on_delete, of.on_update, ''
        FROM sqlite_master AS made JOIN pragma_foreign_key_list(made.name) AS of
    """

    def test_the_migrations_lead_to_the_schema_of_the_code(self) -> None:
        self.assertEqual(REVISION, newest())
        made = self.definitions()
        for table in reversed(METADATA.sorted_tables):
            self.write(f"DROP TABLE {table.name}")
        self.write("DROP TABLE alembic_version")
        self.assertEqual([], self.definitions())
        self.index._database.write(lambda connection: migrate(connection, "here"))
        with self.index._database.reading(10) as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            self.assertEqual([], compare_metadata(context, METADATA))
        self.assertEqual(made, self.definitions())
        self.open()

    def test_a_schema_of_an_earlier_release_is_migrated(self) -> None:
        made = self.definitions()
        self.index.add([record()])
        for table, column in (
            ("studies", "procedure_code_sequence"),
            ("series", "request_attributes_sequence"),
            ("instances", "concept_name_code_sequence"),
        ):
            self.write(f"ALTER TABLE {table} DROP COLUMN {column}")
        for table in ("tasks", "procedure_steps"):
            self.write(f"DROP TABLE {table}")
        self.write("UPDATE alembic_version SET version_num = '0001'")
        self.open()
        self.assertEqual(made, self.definitions())
        self.assertEqual(1, self.index.count())

    def test_a_schema_of_this_release_needs_no_migration(self) -> None:
        with patch("txdicomtls.index.migrate.migrate", side_effect=AssertionError):
            self.open()

    def test_to_open_it_again_changes_nothing(self) -> None:
        self.index.add([record()])
        self.open()
        self.assertEqual(1, self.index.count())

    def test_a_schema_of_a_newer_release_is_left_alone(self) -> None:
        self.write("UPDATE alembic_version SET version_num = '9999'")
        error = self.assertRaises(IndexTooNew, open_index, self.where)
        self.assertEqual("9999", error.revision)
        self.assertIn("newer", str(error))

    def test_tables_of_someone_else_are_left_alone(self) -> None:
        self.write("DELETE FROM alembic_version")
        error = self.assertRaises(IndexUnavailable, open_index, self.where)
        self.assertIn("the database of something else", error.problem)

    def test_a_view_of_someone_else_is_left_alone(self) -> None:
        for table in reversed(METADATA.sorted_tables):
            self.write(f"DROP TABLE {table.name}")
        self.write("DROP TABLE alembic_version")
        self.write("CREATE VIEW contents AS SELECT 1 AS one")
        before = self.definitions()
        error = self.assertRaises(IndexUnavailable, open_index, self.where)
        self.assertIn("'contents'", error.problem)
        self.assertEqual(before, self.definitions())

    def test_a_schema_that_cannot_be_made_whole_is_not_made_at_all(self) -> None:
        for table in reversed(METADATA.sorted_tables):
            self.write(f"DROP TABLE {table.name}")
        self.write("DROP TABLE alembic_version")
        self.write("CREATE TABLE theirs (name INTEGER)")
        self.write("CREATE INDEX ix_tasks_due ON theirs (name)")
        before = self.definitions()
        self.assertRaises(IndexUnavailable, open_index, self.where)
        self.assertEqual(before, self.definitions())

    def test_nodes_that_start_at_once_migrate_once(self) -> None:
        where = self.make_database()
        failures: list[BaseException] = []

        def start() -> None:
            try:
                open_index(where).close()
            except BaseException as error:  # noqa: BLE001  # reported below
                failures.append(error)

        in_threads([start] * 6)
        self.assertEqual([], failures)
        open_index(where).close()

    def definitions(self) -> list[tuple[str, ...]]:
        """What the database says that it has, but for the order in which it was made."""
        with self.index._database.reading(10) as connection:
            found = connection.execute(text(self.dictionary)).all()
        return sorted(tuple(" ".join(str(value).split()) for value in row) for row in found)

    def write(self, statement: str) -> None:
        """Execute a statement behind the back of the index."""
        self.index._database.write(lambda connection: connection.exec_driver_sql(statement))


class SchemaInPostgresTests(InPostgres, SchemaTests):
    dictionary = """
        SELECT 'column', table_name, column_name, data_type, collation_name, is_nullable,
            is_identity, identity_generation, column_default
        FROM information_schema.columns WHERE table_schema = current_schema
        UNION ALL
        SELECT 'index', tablename, indexname, indexdef, '', '', '', '', ''
        FROM pg_indexes WHERE schemaname = current_schema
        UNION ALL
        SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid),
            '', '', '', '', ''
        FROM pg_constraint WHERE connamespace = current_schema::regnamespace
    """


class TransactionTests(IndexCase):
    def test_a_query_that_takes_too_long_is_ended(self) -> None:
        began = time.monotonic()
        with self.assertRaises(QueryTimeout), self.index._database.reading(0.1) as connection:
            connection.execute(text(FOREVER)).all()
        self.assertLess(time.monotonic() - began, 5)

    def test_after_that_the_connection_is_as_good_as_before(self) -> None:
        self.test_a_query_that_takes_too_long_is_ended()
        self.index.add([record()])
        self.assertEqual(1, self.index.count())

    def test_who_is_overtaken_begins_again(self) -> None:
        calls: list[int] = []

        def work(connection: Connection) -> str:
            calls.append(1)
            connection.execute(text("DELETE FROM contents"))
            if len(calls) < 3:
                raise Overtaken
            return "done"

        self.assertEqual("done", self.index._database.write(work))
        self.assertEqual(3, len(calls))

    def test_who_is_overtaken_for_ever_gives_up(self) -> None:
        calls: list[int] = []

        def work(connection: Connection) -> None:
            calls.append(1)
            raise Overtaken

        with self.assertRaises(IndexUnavailable):
            self.index._database.write(work)
        self.assertEqual(ATTEMPTS, len(calls))

    def test_an_error_of_ours_undoes_what_was_written(self) -> None:
        def work(connection: Connection) -> None:
            connection.execute(text("DELETE FROM instances"))
            raise KeyError

        self.index.add([record()])
        with self.assertRaises(KeyError):
            self.index._database.write(work)
        self.assertEqual(1, len(self.rows("instances")))

    def test_threads_add_at_once_and_nothing_is_lost(self) -> None:
        outcomes: list[Outcome] = []

        def add(first: int) -> Callable[[], None]:
            def work() -> None:
                for number in range(first, 60, 2):
                    (added,) = self.index.add([record(number % 3, number % 2, number // 4)])
                    outcomes.append(added.outcome)

            return work

        in_threads([add(first % 2) for first in range(4)])
        self.assertEqual(120, len(outcomes))
        self.assertEqual(self.index.count(), outcomes.count(Outcome.ADDED))
        self.assertEqual(self.index.count(), len(self.rows("instances")))


class TransactionInPostgresTests(InPostgres, TransactionTests):
    pass


class SqliteTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.path = Path(self.mktemp())

    def open(self) -> Database:
        database = Database(self.path, monotonic=time.monotonic)
        self.addCleanup(database.close)
        return database

    def test_each_commit_is_synced_to_a_log(self) -> None:
        with self.open().reading(1) as connection:
            settings = [
                connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
                for name in ("journal_mode", "synchronous", "foreign_keys")
            ]
        self.assertEqual(["wal", 2, 1], settings)

    def test_it_may_be_left_to_the_system_when_a_commit_is_synced(self) -> None:
        database = Database(self.path, monotonic=time.monotonic, sync=False)
        self.addCleanup(database.close)
        with database.reading(1) as connection:
            for name, setting in (("journal_mode", "wal"), ("synchronous", 1)):
                found = connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
                self.assertEqual(setting, found)

    def test_nobody_else_may_read_the_data_of_patients(self) -> None:
        database = self.open()
        database.write(lambda connection: connection.execute(text("DELETE FROM contents")))
        files = list(self.path.parent.glob(f"{self.path.name}*"))
        self.assertGreater(len(files), 1)
        for path in files:
            self.assertEqual(0, stat.S_IMODE(path.stat().st_mode) & 0o027, path)

    def test_one_that_was_copied_back_for_everybody_is_for_nobody_else(self) -> None:
        self.open().close()
        log = self.path.with_name(f"{self.path.name}-wal")
        log.touch()
        for path in (self.path, log):
            path.chmod(0o644)
        self.open()
        self.assertEqual(
            [0o640] * 2, [stat.S_IMODE(each.stat().st_mode) for each in (self.path, log)]
        )

    def test_a_umask_that_forbids_everything_leaves_it_to_its_owner(self) -> None:
        self.addCleanup(os.umask, os.umask(0o777))
        self.open()
        self.assertEqual(0o600, stat.S_IMODE(self.path.stat().st_mode))

    def test_a_file_that_is_no_database_is_left_alone(self) -> None:
        self.path.write_bytes(b"something of someone else's" * 99)
        error = self.assertRaises(IndexUnavailable, self.open)
        self.assertIn("`txdicomtls archive rebuild --anew`", error.problem)
        self.assertEqual(b"something of someone else's" * 99, self.path.read_bytes())

    def test_a_damaged_database_is_no_answer(self) -> None:
        index = open_index(self.path)
        index.add([record(1, 1, number) for number in range(2000)])
        index.close()
        size = self.path.stat().st_size
        with self.path.open("r+b") as file:
            file.seek(8192)
            file.write(b"\xa5" * (size - 8192))
        error = self.assertRaises(IndexUnavailable, lambda: open_index(self.path).paths())
        self.assertIn("damaged", error.problem)

    def test_a_directory_that_is_missing_is_told(self) -> None:
        self.path = self.path / "missing" / "index.db"
        error = self.assertRaises(IndexUnavailable, self.open)
        self.assertEqual("No such file or directory", error.problem)

    def test_who_has_to_wait_too_long_for_another_process_is_told(self) -> None:
        self.patch(sys.modules[Database.__module__], "WAITING", 0.05)
        database = self.open()
        other = sqlite3.connect(self.path, isolation_level=None)
        self.addCleanup(other.close)
        other.execute("BEGIN IMMEDIATE")
        error = self.assertRaises(
            IndexUnavailable,
            database.write,
            lambda connection: connection.execute(text("DELETE FROM contents")),
        )
        self.assertIn("locked", error.problem)
        other.execute("ROLLBACK")
        database.write(lambda connection: connection.execute(text("DELETE FROM contents")))

    def test_who_has_to_wait_too_long_for_a_thread_is_told(self) -> None:
        self.patch(sys.modules[Database.__module__], "WAITING", 0.05)
        database = self.open()
        errors: list[IndexUnavailable] = []

        def second() -> None:
            try:
                database.write(lambda connection: None)
            except IndexUnavailable as error:
                errors.append(error)

        database.write(lambda connection: in_threads([second]))
        self.assertEqual(1, len(errors))

    def test_readers_do_not_wait_for_the_writer(self) -> None:
        index = open_index(self.path)
        self.addCleanup(index.close)
        index.add([record()])

        def work(connection: Connection) -> int:
            connection.execute(text("UPDATE patients SET number_of_instances = 7"))
            return index.count()

        self.assertEqual(1, index._database.write(work))


class UrlTests(SynchronousTestCase):
    def failure(self, where: str) -> IndexUnavailable:
        error: IndexUnavailable = self.assertRaises(IndexUnavailable, open_index, where)
        self.assertNotIn("hunter2", str(error))
        self.assertNotIn("hunter2", error.where)
        return error

    def test_a_server_that_is_not_there_is_told_without_the_password(self) -> None:
        self.failure("postgresql://someone:hunter2@127.0.0.1:1/name")

    def test_other_databases_are_refused_by_name(self) -> None:
        error = self.failure("mysql://someone:hunter2@host/name")
        self.assertIn("neither", error.problem)

    def test_a_url_that_cannot_be_read_is_not_repeated(self) -> None:
        self.failure("postgresql://someone:hunter2@host:port/name")
        self.failure("nonsense://someone:hunter2@host/name")

    def test_without_psycopg_one_is_told_how_to_install_it(self) -> None:
        with patch.dict(sys.modules, {"psycopg": None}):
            error = self.failure("postgresql://someone:hunter2@127.0.0.1:1/name")
        self.assertIn("pip install", error.problem)


def in_threads(functions: list[Callable[[], None]]) -> None:
    """Call all of them at once, and wait until they have returned."""
    threads = [threading.Thread(target=function) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
