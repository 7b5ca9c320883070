"""Tests of :mod:`txdicomtls.threads`."""

from __future__ import annotations

from twisted.internet.defer import CancelledError
from twisted.trial.unittest import SynchronousTestCase

from tests.archive.doubles import Jobs
from txdicomtls.threads import Turns


class TurnsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.jobs = Jobs()
        self.turns = Turns(self.jobs, 2)

    def finish_one(self) -> None:
        self.jobs.waiting.pop(0)()

    def test_some_run_at_once_and_the_others_in_turn(self) -> None:
        calls = [self.turns(str, number) for number in range(5)]
        self.assertEqual((False, 3), (self.turns.is_free, self.turns.waiting))
        for number, call in enumerate(calls):
            self.assertLessEqual(len(self.jobs.waiting), 2)
            self.finish_one()
            self.assertEqual(str(number), self.successResultOf(call))
        self.assertEqual((True, 0), (self.turns.is_free, self.turns.waiting))

    def test_a_failure_is_that_of_the_call_and_leaves_its_turn_to_the_next(self) -> None:
        for _ in range(3):
            call = self.turns(int, "x")
            self.finish_one()
            self.failureResultOf(call, ValueError)

    def test_who_asks_and_gives_up_again_and_again_gets_no_more_threads(self) -> None:
        for _ in range(10):
            call = self.turns(str, 1)
            call.cancel()
            self.failureResultOf(call, CancelledError)
        self.assertEqual(2, len(self.jobs.waiting))
        self.assertEqual(0, self.turns.waiting)
        self.finish_one()
        last = self.turns(str, 7)
        self.finish_one()
        self.finish_one()
        self.assertEqual("7", self.successResultOf(last))
