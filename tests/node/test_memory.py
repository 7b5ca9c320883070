"""The settings of a process that moves images all day."""

from __future__ import annotations

import subprocess
import sys

from twisted.trial.unittest import SynchronousTestCase

PROGRAM = """
import gc, resource
from txdicomtls.node.memory import settle
settle()
print(gc.get_freeze_count() > 1000)
def faults(): return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def traffic(): [bytes([1]) * 100_000 for _ in range(40)]
traffic()
before = faults()
for _ in range(10): traffic()
print(faults() - before)
"""


class SettleTests(SynchronousTestCase):
    def test_freed_memory_is_used_again_instead_of_being_given_back(self) -> None:
        command = [sys.executable, "-c", PROGRAM]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        frozen, faults = said.split()
        self.assertEqual("True", frozen)
        # Without it, each round of 4 MB costs a fault for each of its 1,000 pages.
        self.assertLess(int(faults), 1000)
