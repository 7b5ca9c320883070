"""Tests of :mod:`txdicomtls.index.procedure_steps`."""

from __future__ import annotations

from threading import Thread

from tests.index.databases import IndexCase, InPostgres
from tests.index.records import RECEIVED
from txdicomtls.index import NewTask, TaskKind

UID = "1.2.3"
TASK = NewTask(kind=TaskKind.PROCEDURE_STEP, destination="RIS", payload={})


class StepTableTests(IndexCase):
    def setUp(self) -> None:
        super().setUp()
        self.steps = self.index.procedure_steps

    def test_what_is_kept_is_what_was_created(self) -> None:
        self.assertTrue(self.steps.create(UID, '{"a": "ä"}', now=RECEIVED))
        self.assertEqual('{"a": "ä"}', self.open().procedure_steps.get(UID))
        self.assertIsNone(self.steps.get("1.2.4"))

    def test_a_step_is_created_once(self) -> None:
        self.steps.create(UID, "first", now=RECEIVED, tasks=[TASK])
        self.assertFalse(self.steps.create(UID, "second", now=RECEIVED, tasks=[TASK]))
        self.assertEqual("first", self.steps.get(UID))
        self.assertEqual(1, self.index.tasks.backlog()[0].waiting)

    def test_a_change_is_made_of_what_is_there_with_its_tasks(self) -> None:
        self.steps.create(UID, "first", now=RECEIVED)
        changed = self.steps.change(UID, lambda old: old + " second", now=RECEIVED, tasks=[TASK])
        self.assertTrue(changed)
        self.assertEqual("first second", self.steps.get(UID))
        self.assertEqual(1, self.index.tasks.backlog()[0].waiting)

    def test_what_is_not_there_is_not_changed(self) -> None:
        self.assertFalse(self.steps.change(UID, str.upper, now=RECEIVED, tasks=[TASK]))
        self.assertEqual([], self.index.tasks.backlog())

    def test_a_change_that_raises_changes_nothing(self) -> None:
        def refuse(old: str) -> str:
            raise KeyError(old)

        self.steps.create(UID, "first", now=RECEIVED)
        with self.assertRaises(KeyError):
            self.steps.change(UID, refuse, now=RECEIVED, tasks=[TASK])
        self.assertEqual("first", self.steps.get(UID))
        self.assertEqual([], self.index.tasks.backlog())

    def test_of_changes_at_once_none_is_lost(self) -> None:
        self.steps.create(UID, "", now=RECEIVED)
        others = [self.open().procedure_steps for _ in range(4)]

        def work(letter: str, steps: object) -> None:
            assert hasattr(steps, "change")
            for _ in range(10):
                steps.change(UID, lambda old: old + letter, now=RECEIVED)

        threads = [Thread(target=work, args=pair) for pair in zip("abcd", others, strict=True)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        letters = "".join(sorted(self.steps.get(UID) or ""))
        self.assertEqual("a" * 10 + "b" * 10 + "c" * 10 + "d" * 10, letters)


class StepTableInPostgresTests(InPostgres, StepTableTests):
    pass
