"""Files that change."""

from __future__ import annotations

import os
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from txdicomtls.node.file_state import state_of


class StateTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.directory = Path(self.mktemp())
        (self.directory / "crls").mkdir(parents=True)
        self.file = self.directory / "node.crt"
        self.file.write_text("a")

    def test_it_is_the_same_while_nothing_changes(self) -> None:
        paths = (self.file, self.directory / "crls", self.directory / "missing")
        self.assertEqual(state_of(paths), state_of(paths))

    def test_it_changes_with_a_file_and_with_what_is_in_a_directory(self) -> None:
        paths = (self.file, self.directory / "crls")
        seen = {state_of(paths)}
        self.file.write_text("ab")
        seen.add(state_of(paths))
        (self.directory / "crls" / "new.crl").write_text("a")
        seen.add(state_of(paths))
        (self.directory / "moved").write_text("ab")
        (self.directory / "moved").replace(self.file)
        seen.add(state_of(paths))
        self.file.unlink()
        seen.add(state_of(paths))
        self.assertEqual(5, len(seen))

    def test_it_changes_where_only_the_content_does(self) -> None:
        before, status = state_of([self.file]), self.file.stat()
        with self.file.open("r+b") as file:
            file.write(b"b")
        os.utime(self.file, ns=(status.st_atime_ns, status.st_mtime_ns))
        self.assertNotEqual(before, state_of([self.file]))
