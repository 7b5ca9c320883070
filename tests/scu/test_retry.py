"""How often to try, and what is worth another try."""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from txdicomtls.codes import RejectResult
from txdicomtls.errors import (
    AssociationLost,
    AssociationRejected,
    DicomTLSError,
    HandshakeFailed,
    LinkTimeout,
    PeerNameMismatch,
    PeerUnreachable,
)
from txdicomtls.scu.retry import Retry, is_transient, retrying

NOBODY = PeerUnreachable("pacs.example", 2762, "refused")
TRANSIENT = AssociationRejected(RejectResult.TRANSIENT, 3, 2)
PERMANENT = AssociationRejected(RejectResult.PERMANENT, 1, 7)


class WaitTests(SynchronousTestCase):
    def test_each_wait_is_longer_up_to_the_longest(self) -> None:
        retry = Retry(first=1, factor=2, longest=5, jitter=0)
        self.assertEqual([1, 2, 4, 5, 5], [retry.wait(n, 0.9) for n in range(1, 6)])

    def test_a_thousand_failures_do_not_overflow(self) -> None:
        self.assertEqual(60, Retry(jitter=0).wait(10_000, 0))

    def test_chance_shortens_a_wait_by_its_part(self) -> None:
        retry = Retry(first=8, jitter=0.25)
        self.assertEqual([8, 7, 6], [retry.wait(1, chance) for chance in (0, 0.5, 1)])

    def test_nonsense_is_refused(self) -> None:
        for wrong in ({"attempts": 0}, {"first": -1}, {"factor": 0.5}, {"jitter": 1.1}):
            self.assertRaises(ValueError, lambda wrong=wrong: Retry(**wrong))


class TransientTests(SynchronousTestCase):
    def test_what_may_pass_is_tried_again_and_nothing_else(self) -> None:
        for error in (NOBODY, LinkTimeout("handshaking", 10), TRANSIENT):
            self.assertTrue(is_transient(error), error)
        for other in (
            PERMANENT,
            HandshakeFailed("bad certificate", by_peer=True, alert="bad_certificate"),
            PeerNameMismatch("a.example", ["b.example"]),
            AssociationLost("gone"),
        ):
            self.assertFalse(is_transient(other), other)


class RetryingTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.attempts = 0

    def trying(self, *outcomes: DicomTLSError | str, retry: Retry | None = None) -> Deferred[str]:
        remaining = list(outcomes)

        def attempt() -> Deferred[str]:
            self.attempts += 1
            outcome = remaining.pop(0)
            return succeed(outcome) if isinstance(outcome, str) else fail(outcome)

        retry = retry or Retry(attempts=3, first=10, jitter=0)
        return Deferred.fromCoroutine(retrying(attempt, retry, self.clock, lambda: 0.0))

    def test_the_first_success_is_the_result(self) -> None:
        trying = self.trying(NOBODY, TRANSIENT, "there")
        self.clock.advance(9.9)
        self.assertEqual(1, self.attempts)
        self.clock.advance(0.1)
        self.assertEqual(2, self.attempts)
        self.clock.advance(20)
        self.assertEqual("there", self.successResultOf(trying))

    def test_the_last_failure_is_the_error(self) -> None:
        trying = self.trying(NOBODY, NOBODY, TRANSIENT)
        self.clock.pump([10, 20])
        self.assertIs(TRANSIENT, self.failureResultOf(trying).value)
        self.assertEqual(3, self.attempts)

    def test_what_will_not_change_is_not_tried_again(self) -> None:
        self.assertIs(PERMANENT, self.failureResultOf(self.trying(PERMANENT)).value)
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_who_cancels_while_it_waits_leaves_nothing(self) -> None:
        trying = self.trying(NOBODY)
        trying.cancel()
        self.failureResultOf(trying, CancelledError)
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_chance_is_asked_for_each_wait(self) -> None:
        chances = [1.0, 0.0]
        outcomes: list[DicomTLSError] = [NOBODY, NOBODY, PERMANENT]
        trying = Deferred.fromCoroutine(
            retrying(
                lambda: fail(outcomes.pop(0)),
                Retry(attempts=3, first=10, jitter=0.5),
                self.clock,
                lambda: chances.pop(0),
            )
        )
        self.clock.advance(5)
        self.assertEqual(1, len(outcomes))
        self.clock.advance(20)
        self.failureResultOf(trying, AssociationRejected)
