"""A file is read again when it has changed, and only then; what is wrong with it is told."""

from __future__ import annotations

import os
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from txdicomtls.access import WatchedFile
from txdicomtls.errors import ConfigurationError, ConfigurationProblem, CredentialError


class WatchedFileTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.path = Path(self.mktemp()).absolute()
        self.read = 0
        self.write(b"one")

    def write(self, content: bytes, mode: int = 0o600) -> None:
        """Replace the file, as those do that are careful."""
        new = self.path.with_suffix(".new")
        new.write_bytes(content)
        new.chmod(mode)
        new.replace(self.path)

    def parse(self, path: Path, content: bytes) -> str:
        self.read += 1
        if content == b"wrong":
            raise ConfigurationError(path, [ConfigurationProblem("line 1", "is wrong")])
        return content.decode()

    def watched(self, *, secret: bool = True) -> WatchedFile[str]:
        return WatchedFile(self.path, self.parse, secret=secret)

    def assertUnusable(self, file: WatchedFile[str], message: str) -> None:
        error = self.assertRaises(CredentialError, file.current)
        self.assertEqual(str(self.path), error.path)
        self.assertIn(message, error.problem)

    def test_it_is_read_once_while_it_stays_the_same(self) -> None:
        file = self.watched()
        self.assertEqual(0, self.read)
        for _ in range(3):
            self.assertEqual("one", file.current())
        self.assertEqual(1, self.read)

    def test_it_is_read_again_when_it_was_replaced_or_changed(self) -> None:
        file = self.watched()
        self.assertEqual("one", file.current())
        self.write(b"two")
        self.assertEqual("two", file.current())
        status = self.path.stat()
        self.path.write_bytes(b"three")
        self.assertEqual("three", file.current())
        self.path.write_bytes(b"thrEE")
        os.utime(self.path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
        self.assertEqual("thrEE", file.current())

    def test_what_is_wrong_with_it_is_found_once_and_told_each_time_until_it_is_mended(
        self,
    ) -> None:
        file = self.watched()
        self.assertEqual("one", file.current())
        self.write(b"wrong")
        for _ in range(3):
            self.assertRaises(ConfigurationError, file.current)
        self.assertEqual(2, self.read)
        self.write(b"two")
        self.assertEqual("two", file.current())

    def test_a_file_that_is_gone_does_not_go_on_counting(self) -> None:
        file = self.watched()
        self.assertEqual("one", file.current())
        self.path.unlink()
        self.assertUnusable(file, "cannot be read: No such file")
        self.write(b"one")
        self.assertEqual("one", file.current())

    def test_a_secret_that_everybody_may_read_is_refused_until_it_is_private(self) -> None:
        file = self.watched()
        self.path.chmod(0o644)
        self.assertUnusable(
            file, f"everybody on this machine may read this file: chmod 600 {self.path}"
        )
        self.path.chmod(0o640)
        self.assertEqual("one", file.current())

    def test_what_is_no_secret_may_be_read_by_everybody_but_not_changed(self) -> None:
        file = self.watched(secret=False)
        self.path.chmod(0o644)
        self.assertEqual("one", file.current())
        self.path.chmod(0o646)
        self.assertUnusable(file, "everybody on this machine may change this file")

    def test_a_directory_or_a_pipe_is_no_file(self) -> None:
        self.path.unlink()
        os.mkfifo(self.path, 0o600)
        self.assertUnusable(self.watched(), "this is no file")
        self.path.unlink()
        self.path.mkdir(0o700)
        self.assertUnusable(self.watched(), "no file")

    def test_a_file_without_end_is_not_read(self) -> None:
        with self.path.open("wb") as file:
            file.truncate((1 << 20) + 1)
        self.assertUnusable(self.watched(), "longer than 1048576 bytes")
        self.assertEqual(0, self.read)
