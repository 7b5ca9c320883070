"""The index that a configuration names, and the password of its database."""

from __future__ import annotations

import sqlite3
import stat
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.archive.doubles import at_once
from txdicomtls.errors import IndexTooNew, PasswordUnavailable, StorageError
from txdicomtls.index import Index
from txdicomtls.node import index_opening
from txdicomtls.node.archive_sections import IndexSection
from txdicomtls.node.index_opening import open_configured_index
from txdicomtls.node.tls_sections import PasswordSection


class IndexCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.directory = Path(self.mktemp()).absolute()
        self.directory.mkdir()
        self.data = self.directory / "data"

    def opening(self, section: IndexSection, **environ: str) -> Deferred[Index]:
        reactor: Any = None
        return Deferred.fromCoroutine(
            open_configured_index(
                section, self.data, reactor=reactor, in_thread=at_once, environ=environ
            )
        )


class SQLiteTests(IndexCase):
    def test_without_more_it_is_a_file_in_the_data_directory(self) -> None:
        for _ in range(2):
            index = self.successResultOf(self.opening(IndexSection()))
            self.assertEqual(0, index.count())
            index.close()
        self.assertTrue((self.data / "index.sqlite").is_file())
        self.assertEqual(0o750, stat.S_IMODE(self.data.stat().st_mode))

    def test_it_may_be_another_file(self) -> None:
        file = self.directory / "elsewhere.sqlite"
        index = self.successResultOf(self.opening(IndexSection(url=f"sqlite:///{file}")))
        index.close()
        self.assertTrue(file.is_file())

    def test_a_schema_of_a_newer_release_is_one_line(self) -> None:
        self.successResultOf(self.opening(IndexSection())).close()
        file = self.data / "index.sqlite"
        database = sqlite3.connect(file)
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.commit()
        database.close()
        failure = self.failureResultOf(self.opening(IndexSection()), IndexTooNew)
        self.assertEqual(1, len(str(failure.value).splitlines()))
        self.assertIn("9999", str(failure.value))

    def test_a_data_directory_that_cannot_be_made_is_told(self) -> None:
        self.data = self.directory / "absent" / "data"
        failure = self.failureResultOf(self.opening(IndexSection()), StorageError)
        self.assertIn("the archive cannot be used: no such file or directory", str(failure.value))


class PasswordTests(IndexCase):
    def setUp(self) -> None:
        super().setUp()
        self.opened: list[str] = []
        self.patch(index_opening, "open_index", self.open)
        self.section = IndexSection(
            url="postgresql://me@host:5433/name", password=PasswordSection(env="PASSWORD")
        )

    def open(self, where: str, *, sync: bool) -> None:
        self.assertTrue(sync)
        self.opened.append(where)

    def test_it_is_put_into_the_url_whatever_is_in_it(self) -> None:
        self.successResultOf(self.opening(self.section, PASSWORD="p@ss:w/ord"))  # of no database
        self.assertEqual(["postgresql://me:p%40ss%3Aw%2Ford@host:5433/name"], self.opened)

    def test_without_one_the_url_is_used_as_it_is(self) -> None:
        section = IndexSection(url="postgresql://host/name")
        self.successResultOf(self.opening(section))
        self.assertEqual(["postgresql://host/name"], self.opened)

    def test_one_that_nobody_knows_is_told(self) -> None:
        failure = self.failureResultOf(self.opening(self.section), PasswordUnavailable)
        self.assertIn("the index", str(failure.value))
        self.assertEqual([], self.opened)
