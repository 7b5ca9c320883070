"""Few threads work at once, few wait, and who gives up leaves its place."""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.archive.doubles import Jobs
from txdicomtls.access import FewThreads
from txdicomtls.errors import IdentityUnavailable


class FewThreadsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.jobs = Jobs()
        self.few = FewThreads(self.jobs, at_once=2, waiting=3)

    def finish_one(self) -> None:
        self.jobs.waiting.pop(0)()

    def called(self, count: int) -> list[Deferred[str]]:
        return [self.few(str, number) for number in range(count)]

    def test_a_call_gives_its_result_or_its_failure(self) -> None:
        right, wrong = self.few(int, "7"), self.few(int, "x")
        self.finish_one()
        self.finish_one()
        self.assertEqual(7, self.successResultOf(right))
        self.failureResultOf(wrong, ValueError)

    def test_further_calls_wait_in_their_order(self) -> None:
        calls = self.called(4)
        self.assertEqual(2, len(self.jobs.waiting))
        for number, call in enumerate(calls):
            self.assertNoResult(call)
            self.finish_one()
            self.assertEqual(str(number), self.successResultOf(call))
            self.assertLessEqual(len(self.jobs.waiting), 2)

    def test_one_too_many_fails_at_once(self) -> None:
        calls = self.called(5)
        self.failureResultOf(self.few(str, 5), IdentityUnavailable)
        self.finish_one()
        another = self.few(str, 6)
        for _ in range(5):
            self.finish_one()
        self.assertEqual("6", self.successResultOf(another))
        for call in calls:
            self.successResultOf(call)

    def test_who_gives_up_waiting_leaves_its_place_and_is_not_called(self) -> None:
        calls = self.called(5)
        calls[2].cancel()
        self.failureResultOf(calls[2], CancelledError)
        another = self.few(str, 5)
        for _ in range(5):
            self.finish_one()
        self.assertEqual([], self.jobs.waiting)
        self.assertEqual("5", self.successResultOf(another))
        for call in (*calls[:2], *calls[3:]):
            self.successResultOf(call)

    def test_a_call_that_runs_keeps_its_thread_though_nobody_waits_for_it(self) -> None:
        calls = self.called(3)
        for call in calls[:2]:
            call.cancel()
            self.failureResultOf(call, CancelledError)
        self.assertEqual(2, len(self.jobs.waiting), "the third must not run yet")
        self.finish_one()
        self.assertEqual(2, len(self.jobs.waiting))
        self.finish_one()
        self.finish_one()
        self.assertEqual("2", self.successResultOf(calls[2]))
