"""Tests of :mod:`txdicomtls.index.tasks`, and of what an index puts there."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta
from threading import Thread
from typing import Any

from tests.index.databases import IndexCase, InPostgres
from tests.index.records import RECEIVED, record, uid_of
from txdicomtls.index import InstanceRecord, NewTask, Task, TaskKind, open_index

LEASE = timedelta(minutes=5)


def at(seconds: float) -> datetime:
    return RECEIVED + timedelta(seconds=seconds)


def task(number: int = 0, destination: str = "PACS", **more: Any) -> NewTask:
    facts = {"kind": TaskKind.FORWARD, "payload": {"number": number}} | more
    return NewTask(destination=destination, **facts)


def numbers(leased: list[Task]) -> list[int]:
    return [each.payload["number"] for each in leased]


class QueueTests(IndexCase):
    def setUp(self) -> None:
        super().setUp()
        self.tasks = self.index.tasks

    def due(self, seconds: float = 0, owner: str = "node", **more: Any) -> list[Task]:
        """Lease what is due so many seconds after the beginning."""
        facts: dict[str, Any] = {"kind": TaskKind.FORWARD, "lease": LEASE} | more
        return self.tasks.due(now=at(seconds), owner=owner, **facts)

    def test_what_is_put_comes_out_as_it_was_oldest_first(self) -> None:
        for number in (1, 2, 3):
            self.tasks.put(task(number), now=at(number))
        leased = self.due(10)
        self.assertEqual([1, 2, 3], numbers(leased))
        first = leased[0]
        self.assertEqual(("forward", "PACS", None, ""), dataclasses.astuple(first)[1:5])
        self.assertEqual((at(1), 1, ""), (first.created_at, first.attempts, first.error))

    def test_what_is_put_outlives_whoever_put_it(self) -> None:
        self.tasks.put(task(1), now=at(0))
        other = self.open()
        leased = other.tasks.due(TaskKind.FORWARD, now=at(0), owner="b", lease=LEASE)
        self.assertEqual([1], numbers(leased))

    def test_what_is_leased_is_nobody_elses_until_the_lease_ends(self) -> None:
        self.tasks.put(task(1), now=at(0))
        self.assertEqual([1], numbers(self.due(0, "a")))
        self.assertEqual([], self.due(0, "a"))
        self.assertEqual([], self.due(LEASE.seconds - 1, "b"))
        (again,) = self.due(LEASE.seconds, "b")
        self.assertEqual(2, again.attempts)

    def test_who_lost_a_lease_changes_nothing(self) -> None:
        self.tasks.put(task(1), now=at(0))
        (mine,) = self.due(0, "a")
        (theirs,) = self.due(1000, "b")
        self.assertEqual(0, self.tasks.done(mine.key, owner="a"))
        self.assertFalse(self.tasks.failed(mine.key, owner="a", error="late", next_at=None))
        self.assertEqual(0, self.tasks.renew([mine.key], owner="a", until=at(9999)))
        self.assertEqual(1, self.tasks.done(theirs.key, owner="b"))
        self.assertEqual([], self.tasks.backlog())

    def test_a_lease_that_is_renewed_lasts(self) -> None:
        self.tasks.put(task(1), now=at(0))
        (mine,) = self.due(0, "a")
        self.assertEqual(1, self.tasks.renew([mine.key], owner="a", until=at(2000)))
        self.assertEqual([], self.due(1999, "b"))
        self.assertEqual([1], numbers(self.due(2000, "b")))

    def test_what_failed_is_due_again_when_it_was_said(self) -> None:
        self.tasks.put(task(1), now=at(0))
        (leased,) = self.due()
        self.tasks.failed(leased.key, owner="node", error="no route\0", next_at=at(60))
        self.assertEqual([], self.due(59))
        (again,) = self.due(60)
        self.assertEqual((2, "no route"), (again.attempts, again.error))

    def test_what_is_given_up_stays_until_it_is_tried_again_or_discarded(self) -> None:
        self.tasks.put(task(1), task(2), task(3, "OTHER"), now=at(0))
        for leased in self.due():
            self.tasks.failed(leased.key, owner="node", error="refused", next_at=None)
        self.assertEqual([], self.due(10**6))
        self.assertIsNone(self.tasks.next_due(TaskKind.FORWARD))
        self.assertEqual(2, self.tasks.retry(TaskKind.FORWARD, "PACS", now=at(5)))
        self.assertEqual(1, self.tasks.discard(TaskKind.FORWARD, "OTHER"))
        again = self.due(5)
        self.assertEqual(([1, 2], [1, 1]), (numbers(again), [each.attempts for each in again]))
        self.assertEqual(["PACS"], [each.destination for each in self.tasks.backlog()])

    def test_each_destination_has_its_own_turn(self) -> None:
        self.tasks.put(task(1, "A"), task(2, "B"), task(3, "C", due_at=at(50)), now=at(0))
        self.tasks.put(task(4, "D", kind=TaskKind.REPORT), now=at(0))
        self.assertEqual(["A", "B"], self.tasks.destinations(TaskKind.FORWARD, now=at(1)))
        self.assertEqual([2], numbers(self.due(destination="B")))
        self.assertEqual(["A"], self.tasks.destinations(TaskKind.FORWARD, now=at(1)))

    def test_a_destination_that_is_away_is_postponed_as_a_whole(self) -> None:
        self.tasks.put(task(1, "A"), task(2, "A"), task(3, "A", due_at=at(850)), now=at(0))
        (being_done,) = self.due(limit=1)
        self.assertEqual(1, self.tasks.postpone(TaskKind.FORWARD, "A", until=at(600)))
        self.assertEqual([], self.due(100))
        self.assertEqual(1, self.tasks.done(being_done.key, owner="node"))
        self.assertEqual([2], numbers(self.due(600)))
        self.assertEqual([3], numbers(self.due(850)))

    def test_what_waits_for_longer_than_anything_should_is_hastened(self) -> None:
        self.tasks.put(task(1, due_at=at(900)), task(2, due_at=at(5000)), task(3), now=at(0))
        self.due(limit=1, lease=timedelta(seconds=9999))
        hastened = self.tasks.hasten(TaskKind.FORWARD, latest=at(1000), now=at(0))
        self.assertEqual(1, hastened)
        self.assertEqual([2], numbers(self.due()))

    def test_no_more_are_leased_than_were_asked_for(self) -> None:
        self.tasks.put(*(task(number) for number in range(25)), now=at(0))
        found = [numbers(self.due(limit=10)) for _ in range(4)]
        self.assertEqual([10, 10, 5, 0], [len(each) for each in found])
        self.assertEqual(list(range(25)), [number for each in found for number in each])

    def test_a_name_is_put_once_for_each_destination(self) -> None:
        self.assertEqual(2, self.tasks.put(task(1, name="x"), task(2, "B", name="x"), now=at(0)))
        self.assertEqual(1, self.tasks.put(task(3, name="x"), task(4, name="y"), now=at(0)))
        found = self.tasks.find(TaskKind.FORWARD, "PACS", "x")
        assert found is not None
        self.assertEqual(1, found.payload["number"])
        self.assertIsNone(self.tasks.find(TaskKind.FORWARD, "PACS", "z"))
        self.tasks.put(task(5), task(5), now=at(0))
        self.assertEqual(5, len(self.due()))

    def test_a_sequence_is_done_in_order_each_after_the_one_before(self) -> None:
        self.tasks.put(*(task(number, sequence="1.2") for number in (1, 2)), now=at(0))
        self.tasks.put(task(3, sequence="1.3"), task(4, "B", sequence="1.2"), now=at(0))
        leased = self.due()
        self.assertEqual([1, 3, 4], numbers(leased))
        self.assertEqual([], self.due())
        self.tasks.failed(leased[0].key, owner="node", error="away", next_at=at(60))
        self.assertEqual([], self.due(59))
        (first,) = self.due(60)
        self.assertEqual(1, first.payload["number"])
        self.tasks.done(first.key, owner="node")
        self.assertEqual([2], numbers(self.due(60)))

    def test_an_owner_that_was_started_again_has_its_tasks_back_at_once(self) -> None:
        self.tasks.put(task(1), task(2), now=at(0))
        self.due(0, "a", limit=1)
        self.due(0, "b", limit=1)
        self.assertEqual(0, self.tasks.release("a", kind=TaskKind.REPORT, now=at(1)))
        self.assertEqual(1, self.tasks.release("a", kind=TaskKind.FORWARD, now=at(1)))
        self.assertEqual([1], numbers(self.due(1, "a")))

    def test_what_is_begun_at_once_is_leased_from_the_beginning(self) -> None:
        new = task(1, name="x", due_at=at(60))
        key = self.tasks.put_leased(new, now=at(0), owner="a")
        assert key is not None
        self.assertIsNone(self.tasks.put_leased(new, now=at(0), owner="b"))
        self.assertEqual([], self.due(59, "b"))
        self.assertEqual(1, self.tasks.renew([key], owner="a", until=at(90)))
        self.assertEqual([2], [each.attempts for each in self.due(90, "b")])

    def test_what_there_is_to_do_is_counted_by_destination(self) -> None:
        self.tasks.put(task(1, "A"), now=at(7))
        self.tasks.put(task(2, "A"), task(3, "B"), now=at(8))
        (leased,) = self.due(destination="B", seconds=8)
        self.tasks.failed(leased.key, owner="node", error="no", next_at=None)
        found = [
            (each.kind, each.destination, each.waiting, each.given_up, each.oldest)
            for each in self.tasks.backlog()
        ]
        self.assertEqual([("forward", "A", 2, 0, at(7)), ("forward", "B", 0, 1, at(8))], found)
        self.assertEqual(at(7), self.tasks.next_due(TaskKind.FORWARD))

    def test_texts_that_no_database_holds_do_no_harm(self) -> None:
        self.tasks.put(task(1, "A\0B", payload={"number": 1, "text": "\0\ud800ä"}), now=at(0))
        (leased,) = self.due(destination="A\0B")
        self.assertEqual("\0\ud800ä", leased.payload["text"])
        self.assertNotIn("text", repr(leased))

    def test_owners_at_once_never_get_the_same_task(self) -> None:
        self.tasks.put(*(task(number) for number in range(200)), now=at(0))
        got: dict[str, list[int]] = {}
        others = [self.open() for _ in range(4)]

        def work(name: str, queue: Any) -> None:
            mine = got[name] = []
            while leased := queue.due(
                TaskKind.FORWARD, now=at(0), owner=name, lease=LEASE, limit=7
            ):
                mine += numbers(leased)

        threads = [
            Thread(target=work, args=(str(number), each.tasks))
            for number, each in enumerate(others)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(
            list(range(200)), sorted(number for mine in got.values() for number in mine)
        )


class QueueInPostgresTests(InPostgres, QueueTests):
    pass


class ArrivalTests(IndexCase):
    """What follows from an instance is put with it, or neither is there."""

    def setUp(self) -> None:
        super().setUp()
        self.index.tasks_for = self.tasks_for

    def tasks_for(self, arrived: InstanceRecord) -> list[NewTask]:
        return [
            NewTask(
                kind=TaskKind.FORWARD,
                destination=destination,
                payload={"sop_instance_uid": arrived.sop_instance_uid},
            )
            for destination in ("A", "B")
        ]

    def due(self, destination: str = "A") -> list[str]:
        leased = self.index.tasks.due(
            TaskKind.FORWARD, now=RECEIVED, owner="n", lease=LEASE, destination=destination
        )
        return [each.payload["sop_instance_uid"] for each in leased]

    def test_each_new_instance_puts_its_tasks(self) -> None:
        self.index.add([record(instance=1), record(instance=2)])
        for destination in ("A", "B"):
            uids = [uid_of(instance=1), uid_of(instance=2)]
            self.assertEqual(uids, sorted(self.due(destination)))

    def test_what_was_there_already_puts_none(self) -> None:
        self.index.add([record(), record()])
        self.index.add([record(), record(content="other")])
        self.assertEqual([uid_of()], self.due())

    def test_what_takes_the_place_of_another_puts_them_again(self) -> None:
        self.index.add([record()])
        self.due()
        self.index.replace(record())
        self.assertEqual([], self.due())
        self.index.replace(record(content="other"))
        self.assertEqual([uid_of()], self.due())

    def test_where_a_task_cannot_be_put_the_instance_is_not_added(self) -> None:
        def broken(arrived: InstanceRecord) -> list[NewTask]:
            return [NewTask(kind="x", destination="A", payload={"no JSON": object()})]

        self.index.tasks_for = broken
        with self.assertRaises(TypeError):
            self.index.add([record()])
        self.assertEqual(0, self.index.count())

    def test_it_may_be_said_when_the_index_is_opened(self) -> None:
        index = open_index(self.where, tasks_for=self.tasks_for)
        self.addCleanup(index.close)
        index.add([record(5)])
        self.assertEqual([uid_of(5)], self.due())


class ArrivalInPostgresTests(InPostgres, ArrivalTests):
    pass
