"""``txdicomtls user``: what it writes, what it says, and what it refuses."""

from __future__ import annotations

import stat
from pathlib import Path

from click.testing import CliRunner, Result
from twisted.trial.unittest import SynchronousTestCase

from txdicomtls.access.passcodes import Passcodes, parse_passcodes
from txdicomtls.cli.main import main


class UserTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.directory = Path(self.mktemp()).absolute()
        self.directory.mkdir()
        self.file = self.directory / "users.passcodes"

    def user(self, verb: str, *words: str, typed: str = "") -> Result:
        command = ["user", verb, str(self.file), *words]
        return CliRunner().invoke(main, command, input=typed)

    def assertDone(self, result: Result) -> None:
        self.assertEqual((0, ""), (result.exit_code, result.stdout), result.output)

    def assertFailed(self, result: Result, text: str) -> None:
        """It failed with one line at the end that says this."""
        self.assertEqual(1, result.exit_code, result.output)
        last = result.stderr.splitlines()[-1]
        self.assertEqual("txdicomtls: ", last[:12])
        self.assertIn(text, last)

    @property
    def users(self) -> Passcodes:
        return parse_passcodes(self.file, self.file.read_bytes())

    def test_a_user_is_added_to_a_file_that_is_its_owners_alone(self) -> None:
        self.assertDone(self.user("add", "alice", typed="sesame\nsesame\n"))
        self.assertEqual(0o600, stat.S_IMODE(self.file.stat().st_mode))
        self.assertTrue(self.users.verify(b"alice", b"sesame"))
        self.assertFalse(self.users.verify(b"alice", b"sesam"))
        self.assertNotIn(b"sesame", self.file.read_bytes())
        self.assertEqual([self.file], list(self.directory.iterdir()))

    def test_the_passcode_is_not_shown_while_it_is_typed(self) -> None:
        result = self.user("add", "alice", typed="sesame\nsesame\n")
        self.assertIn("Passcode: ", result.output)
        self.assertNotIn("sesame", result.output)

    def test_a_passcode_may_come_from_a_file(self) -> None:
        source = self.directory / "passcode"
        source.write_bytes(b"sesame\r\nmore\n")
        self.assertDone(self.user("add", "alice", f"--passcode-file={source}"))
        self.assertTrue(self.users.verify(b"alice", b"sesame"))
        source.write_bytes(b"\n")
        self.assertFailed(self.user("add", "bob", f"--passcode-file={source}"), "1 to 65535 bytes")
        source.unlink()
        self.assertFailed(self.user("add", "bob", f"--passcode-file={source}"), "No such file")

    def test_who_is_there_already_is_not_added(self) -> None:
        self.assertDone(self.user("add", "alice", typed="one\none\n"))
        result = self.user("add", "alice", typed="two\ntwo\n")
        self.assertFailed(result, "there is a user 'alice' already")
        self.assertTrue(self.users.verify(b"alice", b"one"))

    def test_a_passcode_is_changed_and_everything_else_is_left(self) -> None:
        for name in ("alice", "bob"):
            self.assertDone(self.user("add", name, typed="one\none\n"))
        lines = self.file.read_bytes().splitlines()
        self.file.write_bytes(b"\n".join([b"# ours", b"", *lines]))
        self.assertDone(self.user("change", "alice", typed="two\ntwo\n"))
        self.assertEqual((True, True), self.verified(alice=b"two", bob=b"one"))
        changed = self.file.read_bytes().splitlines()
        self.assertEqual([b"# ours", b"", lines[1]], [*changed[:2], changed[3]])
        self.assertEqual(0o600, stat.S_IMODE(self.file.stat().st_mode))

    def test_a_user_is_removed_and_the_others_stay(self) -> None:
        for name in ("alice", "bob"):
            self.assertDone(self.user("add", name, typed="one\none\n"))
        self.assertDone(self.user("remove", "alice"))
        self.assertNotIn(b"alice", self.users)
        self.assertEqual("bob\n", self.user("list").stdout)
        self.assertDone(self.user("remove", "bob"))
        self.assertEqual(b"", self.file.read_bytes())

    def test_who_is_not_there_is_neither_changed_nor_removed(self) -> None:
        self.assertDone(self.user("add", "alice", typed="one\none\n"))
        for result in (self.user("change", "bob", typed="1\n1\n"), self.user("remove", "bob")):
            self.assertFailed(result, "there is no user 'bob'")

    def test_a_file_with_wrong_lines_is_left_as_it_is(self) -> None:
        self.file.write_text("alice\n\nbob:secret\n")
        result = self.user("add", "carol", typed="one\none\n")
        self.assertEqual(1, result.exit_code)
        said = [line for line in result.stderr.splitlines() if "txdicomtls: " in line]
        self.assertEqual(2, len(said))
        self.assertIn("line 1: is neither", said[0])
        self.assertIn("line 3: has no hash", said[1])
        self.assertNotIn("secret", result.stderr)
        self.assertEqual("alice\n\nbob:secret\n", self.file.read_text())

    def test_a_link_to_the_file_stays_one(self) -> None:
        real = self.directory / "real"
        self.file.symlink_to(real)
        self.assertDone(self.user("add", "alice", typed="one\none\n"))
        self.assertTrue(self.file.is_symlink())
        self.assertTrue(real.is_file())

    def test_nobody_is_called_what_cannot_be_in_the_file(self) -> None:
        for name in ("a:b", "#a", " a", "", "a\nb", "x" * 256):
            result = self.user("add", name, typed="one\none\n")
            self.assertEqual(2, result.exit_code, name)
            self.assertIn("a user name", result.stderr)
        self.assertFalse(self.file.exists())

    def test_without_an_answer_nothing_is_written(self) -> None:
        self.assertFailed(self.user("add", "alice"), "no passcode was given")
        self.assertFalse(self.file.exists())

    def test_a_directory_that_is_not_there_is_one_line(self) -> None:
        self.file = self.directory / "absent" / "users"
        self.assertFailed(self.user("add", "a", typed="1\n1\n"), "cannot be changed: No such file")
        self.assertFailed(self.user("list"), "cannot be read: No such file")

    def verified(self, **passcodes: bytes) -> tuple[bool, ...]:
        users = self.users
        return tuple(users.verify(name.encode(), each) for name, each in passcodes.items())
