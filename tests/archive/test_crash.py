"""What was acknowledged survives whatever happens: kills at any moment, errors of any call.

The work is done by :mod:`tests.archive.crashing` and :mod:`tests.archive.injecting`, in
processes of their own, because they fork.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.interop.peers import missing

#: Seconds; nobody waits for ever.
LONGEST = 600


class CrashTests(SynchronousTestCase):
    def run_module(self, name: str, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-B", "-m", f"tests.archive.{name}", self.mktemp_absolute(), *words],
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=LONGEST,
        )
        self.assertEqual(0, done.returncode, done.stdout)
        return done.stdout

    def mktemp_absolute(self) -> str:
        return str(Path(self.mktemp()).absolute())

    def needs_strace(self) -> None:
        if shutil.which("strace") is None:
            raise missing("strace is not installed")

    def test_nothing_that_was_acknowledged_is_lost_by_a_kill_at_a_random_moment(self) -> None:
        self.assertRegex(self.run_module("crashing", "--kills", "40"), "[1-9][0-9]+ instances")

    def test_nothing_that_was_acknowledged_is_lost_by_a_kill_at_any_system_call(self) -> None:
        self.needs_strace()
        self.assertRegex(self.run_module("injecting", "kill"), r"injected: kill [1-9][0-9]+;")

    def test_an_error_of_any_system_call_is_told_and_passes(self) -> None:
        self.needs_strace()
        said = self.run_module("injecting", "ENOSPC", "EIO", "EROFS", "EMFILE")
        self.assertRegex(said, r"ENOSPC [1-9]\d+, EIO [1-9]\d+, EROFS [1-9]\d+, EMFILE [1-9]\d+;")
