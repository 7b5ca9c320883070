"""Commitments that were accepted and not reported are gone on with."""

from __future__ import annotations

from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from txdicomtls.errors import IndexUnavailable
from txdicomtls.interfaces import CommitmentRequest
from txdicomtls.node.commitments import LOOK_EVERY, Commitments

REQUEST = CommitmentRequest(
    transaction_uid="1.2.3", references=(), ae_title="THERE", own_ae_title="US"
)


class Played:
    """The service and its provider."""

    def __init__(self) -> None:
        self.noted: list[CommitmentRequest] = []
        self.resumed: list[CommitmentRequest] = []
        self.is_away = False
        self.is_stopped = False

    async def unfinished(self) -> list[CommitmentRequest]:
        if self.is_away:
            raise IndexUnavailable("the index", "it is away")
        noted, self.noted = self.noted, []
        return noted

    def resume(self, request: CommitmentRequest) -> None:
        self.resumed.append(request)

    def stop(self) -> None:
        self.is_stopped = True


class CommitmentsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.played = Played()
        both: Any = self.played
        self.commitments = Commitments(both, both, self.clock)

    def test_they_are_gone_on_with_at_the_start_and_later(self) -> None:
        self.played.noted = [REQUEST]
        self.commitments.start()
        self.assertEqual([REQUEST], self.played.resumed)
        self.played.noted = [REQUEST]
        self.clock.advance(LOOK_EVERY)
        self.assertEqual([REQUEST] * 2, self.played.resumed)

    def test_an_index_that_is_away_is_asked_again(self) -> None:
        self.played.noted, self.played.is_away = [REQUEST], True
        self.commitments.start()
        self.assertEqual([], self.played.resumed)
        self.played.is_away = False
        self.clock.advance(LOOK_EVERY)
        self.assertEqual([REQUEST], self.played.resumed)

    def test_at_the_end_nothing_is_gone_on_with(self) -> None:
        self.commitments.start()
        self.commitments.stop()
        self.assertTrue(self.played.is_stopped)
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_it_may_be_stopped_before_it_was_started(self) -> None:
        self.commitments.stop()
        self.assertTrue(self.played.is_stopped)
