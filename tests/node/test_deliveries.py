"""Tasks of the queue, done for each destination; on a clock, with a queue in a file."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from tests.archive.doubles import at_once
from txdicomtls.errors import DicomTLSError, IndexUnavailable, PeerUnreachable
from txdicomtls.index import BackOff, NewTask, Task, open_index
from txdicomtls.node.deliveries import (
    ATTEMPTS_IF_LASTING,
    HINT,
    LOOK_EVERY,
    WRITE_AT_ONCE,
    WRITE_EVERY,
    Deliveries,
)
from txdicomtls.node.delivery import Circumstances, Delivery, Persistence

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
KIND = "errand"
PAUSES = BackOff(first=10, factor=2, longest=40, jitter=0)
AWAY = PeerUnreachable("there", 104, "nobody answers")


class DeliveryCase(SynchronousTestCase):
    def setUp(self) -> None:
        directory = Path(self.mktemp())
        directory.mkdir()
        self.clock = Clock()
        index = open_index(directory / "index.sqlite")
        self.addCleanup(index.close)
        self.queue = index.tasks
        self.delivered: list[tuple[str, str]] = []
        self.closed: list[str] = []
        self.answer: Callable[[Task], Delivery] = lambda task: Delivery(task=task)
        self.away: dict[str, DicomTLSError] = {}
        self.slow: Deferred[None] | None = None
        self.warnings: list[str] = []
        observer: Any = self.note
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)
        self.deliveries = self.made()

    def note(self, event: dict[str, object]) -> None:
        self.warnings.append(str(event.get("error", "")))

    def made(self, owner: str = "me") -> Deliveries:
        within = Circumstances(
            clock=self.clock,
            in_thread=at_once,
            now=self.now,
            random=lambda: 0.5,
            owner=owner,
            persistence=Persistence(back_off=PAUSES, give_up_after=timedelta(hours=1)),
        )
        return Deliveries(self.queue, KIND, self.deliver, within)

    def now(self) -> datetime:
        return BEGAN + timedelta(seconds=self.clock.seconds())

    async def deliver(self, name: str, tasks: Sequence[Task]) -> AsyncGenerator[Delivery, None]:
        try:
            if name in self.away:
                raise self.away[name]
            for task in tasks:
                if self.slow is not None:
                    await self.slow
                self.delivered.append((name, str(task.payload["what"])))
                yield self.answer(task)
        finally:
            self.closed.append(name)

    def put(self, *what: str, name: str = "there") -> None:
        tasks = (NewTask(kind=KIND, destination=name, payload={"what": each}) for each in what)
        self.queue.put(*tasks, now=self.now())

    def backlog(self) -> dict[str, tuple[int, int]]:
        return {each.destination: (each.waiting, each.given_up) for each in self.queue.backlog()}

    def start(self) -> None:
        self.deliveries.start()
        self.addCleanup(self.deliveries.stop)

    def pass_time(self, seconds: float) -> None:
        self.clock.pump([LOOK_EVERY] * int(seconds // LOOK_EVERY))


class SuccessTests(DeliveryCase):
    def test_what_is_done_is_gone(self) -> None:
        self.put("a", "b")
        self.start()
        self.assertEqual([("there", "a"), ("there", "b")], self.delivered)
        self.assertEqual({}, self.backlog())

    def test_more_tasks_than_are_leased_at_once_are_done_all_the_same(self) -> None:
        self.put(*map(str, range(250)))
        self.start()
        self.assertEqual(250, len(self.delivered))
        self.assertEqual({}, self.backlog())

    def test_what_is_done_is_written_some_at_a_time(self) -> None:
        written: list[int] = []
        done = self.queue.done

        def counted(*keys: int, owner: str) -> int:
            written.append(len(keys))
            return done(*keys, owner=owner)

        self.queue.done = counted  # type: ignore[method-assign]  # and counts
        self.put(*map(str, range(2 * WRITE_AT_ONCE + 1)))
        self.start()
        self.assertEqual([WRITE_AT_ONCE, WRITE_AT_ONCE, 1], written)
        written.clear()
        self.answer = self.slowly
        self.put("a", "b", "c")
        self.clock.advance(LOOK_EVERY)
        self.assertEqual([1, 1, 1], written)

    def slowly(self, task: Task) -> Delivery:
        self.clock.rightNow += WRITE_EVERY
        return Delivery(task=task)

    def test_what_comes_later_is_found_without_a_hint(self) -> None:
        self.start()
        self.put("a")
        self.clock.advance(LOOK_EVERY)
        self.assertEqual([("there", "a")], self.delivered)

    def test_a_hint_makes_it_quick_and_several_are_one(self) -> None:
        self.start()
        self.put("a")
        for _ in range(3):
            self.deliveries.hint()
        before = len(self.clock.getDelayedCalls())
        self.clock.advance(HINT)
        self.assertEqual([("there", "a")], self.delivered)
        self.assertEqual(before - 1, len(self.clock.getDelayedCalls()))

    def test_other_kinds_are_left_alone(self) -> None:
        self.queue.put(NewTask(kind="other", destination="there", payload={}), now=self.now())
        self.start()
        self.assertEqual([], self.delivered)


class FailureTests(DeliveryCase):
    def test_a_task_that_fails_is_tried_again_later_and_later(self) -> None:
        self.put("bad", "good")
        self.answer = lambda task: Delivery(
            task=task, error="not now" if task.payload["what"] == "bad" else ""
        )
        self.start()
        times = []
        for _ in range(40):
            before = len(self.delivered)
            self.clock.advance(LOOK_EVERY)
            if len(self.delivered) > before:
                times.append(self.clock.seconds())
        self.assertEqual([10, 30, 70, 110, 150, 190], times)
        self.assertEqual({"there": (1, 0)}, self.backlog())

    def test_what_is_refused_for_good_is_given_up_after_some_attempts(self) -> None:
        self.put("a")
        self.answer = lambda task: Delivery(task=task, error="never", lasting=True)
        self.start()
        self.pass_time(1000)
        self.assertEqual(ATTEMPTS_IF_LASTING, len(self.delivered))
        self.assertEqual({"there": (0, 1)}, self.backlog())

    def test_what_has_become_too_old_is_given_up(self) -> None:
        self.put("a")
        self.answer = lambda task: Delivery(task=task, error="not now")
        self.start()
        self.pass_time(3600 + 100)
        attempts = len(self.delivered)
        self.assertEqual({"there": (0, 1)}, self.backlog())
        self.pass_time(1000)
        self.assertEqual(attempts, len(self.delivered))

    def test_what_is_not_spoken_of_has_failed(self) -> None:
        async def nothing(_: str, tasks: Sequence[Task]) -> AsyncGenerator[Delivery, None]:
            for task in tasks[:0]:
                yield Delivery(task=task)

        self.deliver = nothing  # type: ignore[method-assign,assignment]  # the test's own
        self.deliveries = self.made()
        self.put("a")
        self.start()
        self.assertEqual({"there": (1, 0)}, self.backlog())
        self.assertIn("it was not attempted", self.warnings)

    def test_an_error_of_the_program_is_logged_and_others_go_on(self) -> None:
        self.put("a", name="here")
        self.put("b", name="there")
        self.away["here"] = ZeroDivisionError("a mistake")  # type: ignore[assignment]  # none of ours
        self.start()
        self.assertEqual([("there", "b")], self.delivered)
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))
        self.assertEqual({"here": (1, 0)}, self.backlog())

    def test_a_task_that_nobody_can_do_holds_up_no_other(self) -> None:
        good = self.answer

        def answer(task: Task) -> Delivery:
            if task.payload["what"] == "poison":
                raise ZeroDivisionError("a mistake")
            return good(task)

        self.answer = answer
        self.put("a", "poison", "b", "c")
        self.start()
        self.assertEqual({"a", "b", "c"}, {what for _, what in self.delivered} - {"poison"})
        self.assertEqual({"there": (1, 0)}, self.backlog())
        self.pass_time(3600)
        self.assertEqual({"there": (0, 1)}, self.backlog())
        attempts = [what for _, what in self.delivered].count("poison")
        self.assertEqual(1 + ATTEMPTS_IF_LASTING, attempts)
        self.assertTrue(self.flushLoggedErrors(ZeroDivisionError))


class UnreachableTests(DeliveryCase):
    def test_all_that_waits_for_it_is_put_off_and_nobody_else_waits(self) -> None:
        self.put("a", "b", name="here")
        self.put("c", name="there")
        self.away["here"] = AWAY
        self.start()
        self.assertEqual([("there", "c")], self.delivered)
        self.assertEqual({"here": (2, 0)}, self.backlog())
        self.put("d", name="here")
        self.clock.advance(LOOK_EVERY)
        self.assertEqual(2, self.closed.count("here"))
        self.put("e", name="there")
        self.clock.advance(LOOK_EVERY)
        self.assertIn(("there", "e"), self.delivered)
        del self.away["here"]
        self.pass_time(100)
        self.assertEqual({}, self.backlog())

    def test_it_is_tried_less_and_less_often(self) -> None:
        self.put("a")
        self.away["there"] = AWAY
        self.start()
        self.pass_time(600)
        self.assertLessEqual(len(self.closed), 17)
        self.assertGreaterEqual(len(self.closed), 12)

    def test_an_index_that_is_away_is_not_the_fault_of_the_destination(self) -> None:
        self.put("a")
        self.away["there"] = IndexUnavailable("the index", "it is away")
        self.start()
        self.assertEqual({"there": (1, 0)}, self.backlog())
        self.assertTrue(any("it is away" in text for text in self.warnings))

    def test_a_queue_that_cannot_be_asked_is_asked_again(self) -> None:
        asked = self.queue.destinations

        def away(kind: str, *, now: datetime) -> list[str]:
            raise IndexUnavailable("the index", "it is away")

        self.queue.destinations = away  # type: ignore[method-assign]  # it fails
        self.put("a")
        self.start()
        self.queue.destinations = asked  # type: ignore[method-assign]  # and works again
        self.clock.advance(LOOK_EVERY)
        self.assertEqual([("there", "a")], self.delivered)

    def test_what_was_done_before_it_was_lost_is_done(self) -> None:
        async def deliver(_: str, tasks: Sequence[Task]) -> AsyncGenerator[Delivery, None]:
            yield Delivery(task=tasks[0])
            raise AWAY

        self.deliver = deliver  # type: ignore[method-assign,assignment]  # the test's own
        self.deliveries = self.made()
        self.put("a", "b")
        self.start()
        self.assertEqual({"there": (1, 0)}, self.backlog())


class StoppingTests(DeliveryCase):
    def test_what_is_under_way_is_ended_and_stays_in_the_queue(self) -> None:
        self.slow = Deferred()
        self.put("a")
        self.start()
        stopped = self.deliveries.stop()
        self.successResultOf(stopped)
        self.assertEqual(["there"], self.closed)
        self.queue.release("me", kind=KIND, now=self.now())
        self.slow = None
        again = self.made()
        again.start()
        self.addCleanup(again.stop)
        self.assertEqual([("there", "a")], self.delivered)

    def test_a_lease_is_renewed_while_it_takes_long(self) -> None:
        self.slow = Deferred()
        self.put("a")
        self.start()
        other = self.made("somebody else")
        other.start()
        self.addCleanup(other.stop)
        self.pass_time(3000)
        self.slow.callback(None)
        self.assertEqual([("there", "a")], self.delivered)
        self.assertEqual({}, self.backlog())

    def test_after_the_end_nothing_is_begun(self) -> None:
        self.start()
        self.deliveries.hint()
        self.successResultOf(self.deliveries.stop())
        self.put("a")
        self.pass_time(100)
        self.assertEqual([], self.delivered)
        self.assertEqual({"there": (1, 0)}, self.backlog())
