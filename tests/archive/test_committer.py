"""Tests of :mod:`txdicomtls.archive.committer`, with threads that work when the test says so."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path, PurePosixPath

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.archive.doubles import INSTANCE, Jobs
from txdicomtls.archive.committer import MOST_AT_ONCE, Committer
from txdicomtls.archive.draft import Sealed
from txdicomtls.archive.outcome import Settled
from txdicomtls.errors import CannotUnderstand, DuplicateInstance


def sealed(name: str) -> Sealed:
    return Sealed(
        instance=INSTANCE,
        temporary=Path(name),
        descriptor=None,
        size=2,
        sha256="",
        path=PurePosixPath(name),
        record=None,
    )


class CommitterTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.jobs = Jobs()
        self.batches: list[list[str]] = []
        self.settled: list[Settled] = []
        self.committer = Committer(self.commit, self.jobs, self.settled.append)

    def commit(self, batch: Sequence[Sealed]) -> list[Settled]:
        names = [each.temporary.name for each in batch]
        self.batches.append(names)
        if "breaks" in names:
            raise RuntimeError("a bug")
        bad = DuplicateInstance("other bytes")
        return [Settled(error=bad if name == "bad" else None) for name in names]

    def keep(self, *names: str, takes_long: bool = False) -> list[Deferred[None]]:
        return [
            self.committer.keep(partial(self.seal, name), takes_long=takes_long) for name in names
        ]

    def seal(self, name: str) -> Sealed:
        if name == "malformed":
            raise CannotUnderstand("no data set")
        return sealed(name)

    def test_one_that_comes_alone_is_sealed_and_committed_at_once_and_alone(self) -> None:
        (done,) = self.keep("1")
        self.assertEqual(1, len(self.jobs.waiting))
        self.assertNoResult(done)
        self.jobs.do_one()
        self.successResultOf(done)
        self.assertEqual([["1"]], self.batches)

    def test_what_comes_meanwhile_is_the_next_batch(self) -> None:
        done = self.keep("1", "2", "3")
        self.assertEqual(1, len(self.jobs.waiting))
        self.jobs.do_one()
        self.successResultOf(done[0])
        self.assertNoResult(done[1])
        self.assertEqual(1, len(self.jobs.waiting))
        self.jobs.do_one()
        for each in done[1:]:
            self.successResultOf(each)
        self.assertEqual([["1"], ["2", "3"]], self.batches)
        self.assertEqual([], self.jobs.waiting)

    def test_a_batch_has_an_end_however_many_wait(self) -> None:
        done = self.keep(*map(str, range(2 * MOST_AT_ONCE + 1)))
        self.jobs.do_all()
        self.assertEqual([1, MOST_AT_ONCE, MOST_AT_ONCE], [len(batch) for batch in self.batches])
        for each in done:
            self.successResultOf(each)

    def test_each_gets_its_own_answer(self) -> None:
        done = self.keep("1", "bad", "2")
        self.jobs.do_all()
        self.successResultOf(done[0])
        self.failureResultOf(done[1], DuplicateInstance)
        self.successResultOf(done[2])
        self.assertEqual(3, len(self.settled))

    def test_what_cannot_be_sealed_is_told_and_the_others_go_on(self) -> None:
        for takes_long in (False, True):
            done = self.keep("malformed", "1", "malformed", "2", takes_long=takes_long)
            self.jobs.do_all()
            for refused in (done[0], done[2]):
                self.failureResultOf(refused, CannotUnderstand)
            for kept in (done[1], done[3]):
                self.successResultOf(kept)
        self.assertEqual(["1", "2"] * 2, [name for batch in self.batches for name in batch])

    def test_what_takes_long_is_sealed_while_others_are_committed(self) -> None:
        (first,) = self.keep("1")
        done = self.keep("2", "3", takes_long=True)
        commits, *seals = self.jobs.waiting
        self.jobs.waiting = seals
        self.jobs.do_all()
        for each in done:
            self.assertNoResult(each)
        self.jobs.waiting = [commits]
        self.jobs.do_all()
        for each in (first, *done):
            self.successResultOf(each)
        self.assertEqual([["1"], ["2", "3"]], self.batches)

    def test_an_error_of_the_program_acknowledges_nothing_and_the_next_go_on(self) -> None:
        done = self.keep("1", "breaks", "2")
        self.jobs.do_one()
        later = self.keep("3")
        self.jobs.do_all()
        for each in done[1:]:
            self.failureResultOf(each, RuntimeError)
        self.successResultOf(later[0])

    def test_who_sends_again_when_told_is_in_the_next_batch(self) -> None:
        again: list[Deferred[None]] = []
        (done,) = self.keep("1")
        done.addCallback(lambda _: again.extend(self.keep("2")))
        self.jobs.do_all()
        self.successResultOf(again[0])
        self.assertEqual([["1"], ["2"]], self.batches)
