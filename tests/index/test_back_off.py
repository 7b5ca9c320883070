"""Tests of :mod:`txdicomtls.index.back_off`."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from txdicomtls.index import BackOff


def middle() -> float:
    return 0.5


class BackOffTests(SynchronousTestCase):
    def test_each_pause_is_longer_up_to_the_longest(self) -> None:
        policy = BackOff(first=10, factor=3, longest=100)
        pauses = [policy.pause(attempts, middle) for attempts in (1, 2, 3, 4, 5, 10**6)]
        self.assertEqual([10, 30, 90, 100, 100, 100], pauses)

    def test_all_pauses_may_be_the_same(self) -> None:
        policy = BackOff(first=10, factor=1)
        self.assertEqual(10, policy.pause(10**9, middle))

    def test_the_jitter_makes_a_pause_shorter_or_longer(self) -> None:
        policy = BackOff(first=100, jitter=0.2)
        self.assertEqual(80, policy.pause(1, lambda: 0.0))
        self.assertEqual(119, policy.pause(1, lambda: 0.975))

    def test_after_so_many_attempts_it_is_given_up(self) -> None:
        policy = BackOff(first=10, attempts=3)
        pauses = [policy.pause(attempts, middle) for attempts in (1, 2, 3, 4)]
        self.assertEqual([10, 20, None, None], pauses)

    def test_what_makes_no_sense_is_refused(self) -> None:
        wrong: list[dict[str, Any]] = [
            {"first": 0},
            {"factor": 0.5},
            {"first": 10, "longest": 5},
            {"jitter": 1.5},
            {"attempts": 0},
        ]
        for arguments in wrong:
            with self.assertRaises(ValueError):
                BackOff(**arguments)
