"""The settings of a process that moves images all day."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from twisted.internet.defer import succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from txdicomtls.node.memory import Tidying, give_back

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


class TidyingTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.crowd = Connections()
        self.given_back = 0
        in_thread: Any = self.count
        tidying = Tidying(self.clock, in_thread, self.crowd)
        tidying.start()
        self.addCleanup(tidying.stop)

    def count(self, function: Any) -> Any:
        self.assertIs(give_back, function)
        self.given_back += 1
        return succeed(None)

    def look(self) -> int:
        """How often memory was given back until after the next look."""
        self.clock.advance(5)
        return self.given_back

    def test_memory_is_given_back_once_when_a_crowd_has_gone(self) -> None:
        self.crowd.peak = self.crowd.connections = 1000
        self.assertEqual(0, self.look())
        self.crowd.connections = 501
        self.assertEqual(0, self.look())
        self.crowd.connections = 10
        self.assertEqual([1, 1, 1], [self.look() for _ in range(3)])

    def test_a_few_connections_are_no_crowd(self) -> None:
        self.crowd.peak = 49
        self.assertEqual(0, self.look())

    def test_giving_back_does_no_harm(self) -> None:
        kept = [bytes(1000) for _ in range(1000)]
        give_back()
        self.assertEqual(1_000_000, sum(map(len, kept)))


class Connections:
    def __init__(self) -> None:
        self.peak = 0
        self.connections = 0
