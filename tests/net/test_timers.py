"""Deadlines on a clock that the test turns."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from txdicomtls.net import Deadline


class DeadlineTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.expired: list[float] = []
        self.deadline = Deadline(self.clock, 10, lambda: self.expired.append(self.clock.seconds()))
        self.addCleanup(lambda: self.assertEqual([], self.clock.getDelayedCalls()))

    def test_it_does_not_run_before_it_is_started(self) -> None:
        self.clock.advance(100)
        self.assertFalse(self.deadline.running)
        self.assertEqual([], self.expired)

    def test_it_expires_once_when_its_time_has_come(self) -> None:
        self.deadline.start()
        self.clock.advance(9.5)
        self.assertTrue(self.deadline.running)
        self.assertEqual([], self.expired)
        self.clock.advance(0.5)
        self.assertFalse(self.deadline.running)
        self.clock.advance(100)
        self.assertEqual([10], self.expired)

    def test_starting_it_again_puts_it_off(self) -> None:
        self.deadline.start()
        self.clock.advance(6)
        self.deadline.start()
        self.clock.pump([4, 4])
        self.assertEqual([], self.expired)
        self.assertTrue(self.deadline.running)
        self.clock.pump([2, 100])
        self.assertEqual([16], self.expired)

    def test_putting_it_off_a_thousand_times_schedules_one_call(self) -> None:
        for _ in range(1000):
            self.deadline.start()
            self.assertEqual(1, len(self.clock.getDelayedCalls()))
            self.clock.advance(0.001)
        self.clock.pump([9, 0.999, 0.001])
        self.assertEqual(1, len(self.expired))

    def test_a_stopped_one_never_expires(self) -> None:
        self.deadline.start()
        self.clock.advance(9)
        self.deadline.stop()
        self.assertFalse(self.deadline.running)
        self.clock.advance(100)
        self.assertEqual([], self.expired)

    def test_stopping_what_does_not_run_is_without_effect(self) -> None:
        self.deadline.stop()
        self.deadline.start()
        self.clock.advance(10)
        self.deadline.stop()
        self.assertEqual([10], self.expired)

    def test_one_that_was_stopped_after_it_was_put_off_can_be_started_again(self) -> None:
        self.deadline.start()
        self.clock.advance(5)
        self.deadline.start()
        self.clock.advance(5)
        self.deadline.stop()
        self.deadline.start()
        self.clock.pump([5, 5])
        self.assertEqual([20], self.expired)

    def test_what_it_calls_may_start_it_again(self) -> None:
        times: list[float] = []

        def again() -> None:
            times.append(self.clock.seconds())
            if len(times) < 3:
                deadline.start()

        deadline = Deadline(self.clock, 2, again)
        deadline.start()
        self.clock.pump([2, 2, 2, 2])
        self.assertEqual([2, 4, 6], times)
