"""What services work with: threads for what is large, patience, turns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydicom.dataset import Dataset
from twisted.internet.defer import CancelledError, Deferred, execute, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.association.pair import EXPLICIT, IMPLICIT
from txdicomtls.dataset import encode
from txdicomtls.errors import LimitExceeded, MalformedDataSet
from txdicomtls.scp import Means, OperationLimits
from txdicomtls.scp.means import Turn, choose_small, random_id

JPEG = "1.2.840.10008.1.2.4.50"
DEFLATED = "1.2.840.10008.1.2.1.99"


class MeansTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.in_threads: list[Any] = []
        self.means = self.means_with()
        self.addCleanup(lambda: self.assertEqual([], self.clock.getDelayedCalls()))

    def means_with(self, **limits: Any) -> Means:
        def in_thread(function: Callable[..., Any], /, *args: Any, **more: Any) -> Deferred[Any]:
            self.in_threads.append(function)
            return execute(function, *args, **more)

        return Means(clock=self.clock, in_thread=in_thread, limits=OperationLimits(**limits))

    def decoded(self, means: Means, dataset: Dataset) -> Deferred[Dataset]:
        return Deferred.fromCoroutine(means.decode(encode(dataset, EXPLICIT), EXPLICIT))

    def test_a_small_data_set_is_decoded_at_once_and_a_large_one_in_a_thread(self) -> None:
        for size, threads in ((100, 0), (20_000, 1)):
            dataset = Dataset()
            dataset.TextValue = "x" * size
            found = self.successResultOf(self.decoded(self.means, dataset))
            self.assertEqual((size, threads), (len(found.TextValue), len(self.in_threads)))

    def test_what_is_deflated_is_always_decoded_in_a_thread(self) -> None:
        dataset = Dataset()
        dataset.PatientID = "P1"
        data = encode(dataset, DEFLATED)
        self.successResultOf(Deferred.fromCoroutine(self.means.decode(data, DEFLATED)))
        self.assertEqual(1, len(self.in_threads))

    def test_many_items_are_encoded_in_a_thread(self) -> None:
        dataset = Dataset()
        dataset.PatientID = "P1"
        for items, threads in ((0, 0), (1000, 1)):
            work = self.means.encode(dataset, EXPLICIT, items=items)
            data = self.successResultOf(Deferred.fromCoroutine(work))
            self.assertEqual(encode(dataset, EXPLICIT), data)
            self.assertEqual(threads, len(self.in_threads))

    def test_a_data_set_of_too_many_elements_is_malformed(self) -> None:
        dataset = Dataset()
        dataset.PatientID = dataset.PatientName = dataset.StudyID = ""
        means = self.means_with(elements=2)
        self.failureResultOf(self.decoded(means, dataset), MalformedDataSet)

    def test_what_comes_in_time_comes(self) -> None:
        work = self.means.soon(succeed(7), "a number")
        self.assertEqual(7, self.successResultOf(Deferred.fromCoroutine(work)))

    def test_what_takes_too_long_is_cancelled(self) -> None:
        cancelled: list[Any] = []
        waiting: Deferred[None] = Deferred(cancelled.append)
        work = Deferred.fromCoroutine(self.means.soon(waiting, "a block"))
        self.clock.advance(self.means.limits.patience)
        self.assertIn("a block", str(self.failureResultOf(work, LimitExceeded).value))
        self.assertEqual(1, len(cancelled))

    def test_who_gives_up_waiting_cancels_it(self) -> None:
        cancelled: list[Any] = []
        waiting: Deferred[None] = Deferred(cancelled.append)
        work = Deferred.fromCoroutine(self.means.soon(waiting, "a block"))
        work.cancel()
        self.failureResultOf(work, CancelledError)
        self.assertEqual(1, len(cancelled))

    def test_a_number_is_new_each_time(self) -> None:
        numbers = {random_id() for _ in range(100)}
        self.assertEqual(100, len(numbers))
        self.assertEqual({8}, {len(number) for number in numbers})


class TurnTests(SynchronousTestCase):
    def test_it_gives_way_only_when_it_has_worked_for_long_enough(self) -> None:
        clock = Clock()
        turn = Turn(clock, 0.01)
        self.successResultOf(Deferred.fromCoroutine(turn.give_way()))
        clock.rightNow += 0.02
        waiting = Deferred.fromCoroutine(turn.give_way())
        self.assertNoResult(waiting)
        clock.advance(0)
        self.successResultOf(waiting)
        self.successResultOf(Deferred.fromCoroutine(turn.give_way()))


class ChoiceTests(SynchronousTestCase):
    def test_the_first_that_is_not_compressed_is_taken(self) -> None:
        self.assertEqual(IMPLICIT, choose_small((JPEG, IMPLICIT, EXPLICIT)))
        self.assertIsNone(choose_small((JPEG,)))
        self.assertIsNone(choose_small(()))
