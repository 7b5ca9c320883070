"""A file of passcodes is changed whole or not at all."""

from __future__ import annotations

import fcntl
import os
import threading
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from txdicomtls.access.passcode_file import add_user, change_user, remove_user, users_in
from txdicomtls.access.passcodes import PasscodeHash
from txdicomtls.errors import ConfigurationError, CredentialError

HASH = PasscodeHash(n=16384, p=1, salt=b"s" * 16, digest=b"d" * 32)
OTHER = PasscodeHash(n=16384, p=1, salt=b"t" * 16, digest=b"e" * 32)


class PasscodeFileTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.directory = Path(self.mktemp()).absolute()
        self.directory.mkdir()
        self.file = self.directory / "users"

    def test_users_come_change_and_go(self) -> None:
        add_user(self.file, "alice", HASH)
        add_user(self.file, "bob", HASH)
        self.assertEqual(("alice", "bob"), users_in(self.file))
        change_user(self.file, "alice", OTHER)
        self.assertEqual(f"alice:{OTHER}\nbob:{HASH}\n", self.file.read_text())
        remove_user(self.file, "alice")
        self.assertEqual(("bob",), users_in(self.file))

    def test_a_change_that_fails_leaves_the_file_and_nothing_besides(self) -> None:
        add_user(self.file, "alice", HASH)

        def full(*_: Any) -> None:
            raise OSError(28, "No space left on device")

        self.patch(os, "fsync", full)
        error = self.assertRaises(CredentialError, add_user, self.file, "bob", HASH)
        self.assertIn("No space left on device", error.problem)
        self.assertEqual(("alice",), users_in(self.file))
        self.assertEqual([self.file], list(self.directory.iterdir()))

    def test_it_stays_its_owners(self) -> None:
        add_user(self.file, "alice", HASH)
        owners: list[tuple[int, int]] = []
        self.patch(os, "fchown", lambda _, user, group: owners.append((user, group)))
        add_user(self.file, "bob", HASH)
        status = self.file.stat()
        self.assertEqual([(status.st_uid, status.st_gid)], owners)

    def test_who_changes_it_at_the_same_time_waits(self) -> None:
        add_user(self.file, "alice", HASH)
        waiting = threading.Event()
        flock = fcntl.flock

        def telling(descriptor: int, operation: int) -> None:
            waiting.set()
            flock(descriptor, operation)

        descriptor = os.open(self.directory, os.O_RDONLY)
        self.addCleanup(os.close, descriptor)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        self.patch(fcntl, "flock", telling)
        other = threading.Thread(target=add_user, args=(self.file, "bob", HASH))
        other.start()
        self.addCleanup(other.join)
        self.assertTrue(waiting.wait(20))
        self.assertEqual(("alice",), users_in(self.file))
        flock(descriptor, fcntl.LOCK_UN)
        other.join(20)
        self.assertEqual(("alice", "bob"), users_in(self.file))

    def test_nobody_is_added_who_could_not_be_read_again(self) -> None:
        self.assertRaises(ValueError, add_user, self.file, "a:b", HASH)
        self.assertFalse(self.file.exists())

    def test_a_file_with_wrong_lines_is_neither_listed_nor_changed(self) -> None:
        self.file.write_text("nonsense\n")
        self.assertRaises(ConfigurationError, users_in, self.file)
        self.assertRaises(ConfigurationError, remove_user, self.file, "nonsense")
        self.assertEqual("nonsense\n", self.file.read_text())
