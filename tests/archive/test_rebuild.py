"""Tests of :mod:`txdicomtls.archive.rebuild`: the index made out of the files is the old one."""

from __future__ import annotations

import os
import random
import sqlite3
from pathlib import Path
from typing import Any

from tests.archive.doubles import INSTANCE
from tests.archive.indexed import IndexedCase, bit_flipped, truncated
from tests.archive.instances import data_set, instance
from txdicomtls.archive import DuplicatePolicy, Layout
from txdicomtls.archive import rebuild as module
from txdicomtls.archive.rebuild import NotRebuilt, Rebuild, RebuildProblem
from txdicomtls.archive.rebuild_plan import PLAN_FILE
from txdicomtls.errors import ArchiveInUse, IndexUnavailable, StorageError
from txdicomtls.index import Flaw, Index, TaskKind
from txdicomtls.index.task import NewTask

#: Of each table, what numbers and times it has that say nothing about an instance.
_LEFT_OUT = {"key", "patients_key", "studies_key", "series_key", "received_at"}


class RebuildCase(IndexedCase):
    layout = Layout()

    def rebuild(self, stop: Any = lambda: False) -> list[NotRebuilt]:
        """Rebuild; what is not as it should be."""
        rebuilding = self.rebuilding(stop)
        return [problem for problem in rebuilding() if problem is not None]

    def rebuilding(self, stop: Any = lambda: False) -> Rebuild:
        return Rebuild(self.root, self.real, self.layout, disk=os, stop=stop)

    def new_index(self) -> Index:
        """An empty one takes the place of the one that was."""
        self.where = Path(self.mktemp())
        self.real = self.opened()
        return self.real

    def tables(self) -> dict[str, list[tuple[Any, ...]]]:
        """All that the index has of instances, but for times and the numbers of rows."""
        database = sqlite3.connect(self.where)
        self.addCleanup(database.close)
        found = {}
        for table in ("patients", "studies", "series", "instances"):
            names = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
            kept = ", ".join(name for name in names if name not in _LEFT_OUT)
            rows = database.execute(f"SELECT {kept} FROM {table}")  # noqa: S608  # names of ours
            found[table] = sorted(rows)
        return found

    def fill_by_chance(self, chance: random.Random, policy: DuplicatePolicy) -> None:
        archive = self.archive(index=self.real, layout=self.layout, duplicates=policy)
        for step in range(60):
            number = chance.randrange(30)
            what = instance(number)
            data = data_set(
                what,
                study=f"1.{number % 5}",
                series=f"1.{number % 5}.{number % 10}",
                patient=f"P{number % 5} M\xfcller {chance.randrange(3)}",
                study_date=f"2024010{1 + number % 5}",
                step=f"STEP{number}",
                pixels=chance.randbytes(2 * chance.randrange(3)),
            )
            before = self.files()
            sending = self.store(archive, what, data)
            sending.addErrback(lambda _: None)  # where the policy refuses other bytes
            for path in self.files() - before:
                os.utime(self.root / "objects" / path, (1_700_000_000 + step,) * 2)
        archive.close()

    def files(self) -> set[str]:
        return self.kept


class SameIndexTests(RebuildCase):
    def test_it_is_the_same_but_for_times_whatever_was_stored(self) -> None:
        for seed, policy, pattern in (
            (1, DuplicatePolicy.REFUSE, ""),
            (
                2,
                DuplicatePolicy.REFUSE,
                "{study_date:year}/{study_instance_uid}/{sop_instance_uid}.dcm",
            ),
            (3, DuplicatePolicy.KEEP_BOTH, ""),
            (4, DuplicatePolicy.KEEP_BOTH, "{study_instance_uid}/{sop_instance_uid}"),
        ):
            self.root = Path(self.mktemp())
            self.layout = Layout(pattern) if pattern else Layout()
            self.new_index()
            self.fill_by_chance(random.Random(seed), policy)
            before = self.tables()
            self.assertIn("STEP", str(before))
            self.new_index()
            self.assertEqual([], self.rebuild(), seed)
            self.assertEqual(before, self.tables(), seed)

    def test_with_the_old_index_the_instances_that_took_the_place_of_others_stay(self) -> None:
        self.fill_by_chance(random.Random(5), DuplicatePolicy.REPLACE)
        before = {row.sop_instance_uid: (row.path, row.sha256) for row in self.real.paths()}
        self.assertEqual([], self.rebuild())
        after = {row.sop_instance_uid: (row.path, row.sha256) for row in self.real.paths()}
        self.assertEqual(before, after)

    def test_the_old_index_says_when_an_instance_was_received(self) -> None:
        self.filled()
        before = self.row(1).received_at
        self.rebuild()
        self.assertEqual(before, self.row(1).received_at)

    def test_without_it_the_time_is_that_of_the_file(self) -> None:
        self.filled()
        path = self.path_of(1)
        os.utime(path, (1_700_000_000, 1_700_000_000))
        self.new_index()
        self.rebuild()
        self.assertEqual(1_700_000_000, self.row(1).received_at.timestamp())

    def test_of_two_files_of_one_instance_the_first_is_found_again(self) -> None:
        for emptied in (True, False):
            self.root = Path(self.mktemp())
            self.new_index()
            archive = self.archive(index=self.real, duplicates=DuplicatePolicy.KEEP_BOTH)
            self.put(archive, 0)
            what = instance(0)
            self.successResultOf(self.store(archive, what, data_set(what, patient="Other")))
            archive.close()
            before = self.tables()
            # Even where the other one is older.
            (beside,) = (path for path in self.kept if not path.endswith(f"{self.uid(0)}.dcm"))
            os.utime(self.root / "objects" / beside, (1, 1))
            if emptied:
                self.new_index()
            rebuilding = self.rebuilding()
            self.assertEqual([], [each for each in rebuilding() if each is not None])
            self.assertEqual((2, 1), (rebuilding.done, rebuilding.beside))
            self.assertEqual(before, self.tables())

    def test_other_bytes_are_the_instance_where_there_are_no_others(self) -> None:
        archive = self.archive(index=self.real, duplicates=DuplicatePolicy.REPLACE)
        self.put(archive, 0)
        what = instance(0)
        self.successResultOf(self.store(archive, what, data_set(what, patient="Other")))
        archive.close()
        before = self.tables()
        self.new_index()
        self.assertEqual([], self.rebuild())
        self.assertEqual(before, self.tables())

    def test_what_was_copied_back_is_durable_before_the_node_may_start(self) -> None:
        self.filled(3)
        seen: list[tuple[int, bool]] = []

        def sync() -> None:
            seen.append((self.real.count(), (self.root / PLAN_FILE).exists()))

        layout = Layout()
        list(Rebuild(self.root, self.real, layout, disk=os, sync=sync)())
        self.assertEqual([(3, True)], seen)

    def test_it_can_be_done_again(self) -> None:
        self.filled()
        before = self.tables()
        for _ in range(2):
            self.assertEqual([], self.rebuild())
            self.assertEqual(before, self.tables())
        self.assertFalse((self.root / PLAN_FILE).exists())

    def test_the_queue_stays(self) -> None:
        self.filled()
        task = NewTask(kind=TaskKind.FORWARD, destination="PACS", payload={})
        self.real.tasks.put(task, now=self.row(0).received_at)
        before = self.real.tasks.backlog()
        self.rebuild()
        self.assertEqual(before, self.real.tasks.backlog())


class DamageTests(RebuildCase):
    def test_bytes_that_are_not_those_received_are_marked_where_that_is_known(self) -> None:
        self.filled()
        before = self.row(1)
        self.damage(1, bit_flipped)
        (problem,) = self.rebuild()
        self.assertEqual((RebuildProblem.DAMAGED, before.path), (problem.kind, problem.path))
        after = self.row(1)
        self.assertEqual((Flaw.DAMAGED, before.sha256), (after.flaw, after.sha256))

    def test_what_cannot_be_indexed_is_named_and_left_where_it_is(self) -> None:
        self.filled(1)
        path = self.path_of(0)
        contents = {"0.dcm": b"", "1.dcm": b"x" * 500, "2.dcm": truncated(path.read_bytes())}
        for name, content in contents.items():
            path.with_name(name).write_bytes(content)
        path.with_name("link.dcm").symlink_to(path.absolute())
        self.new_index()
        problems = self.rebuild()
        self.assertEqual(
            [(RebuildProblem.NOT_INDEXED, name) for name in (*contents, "link.dcm")],
            sorted(((each.kind, Path(each.path).name) for each in problems), key=lambda x: x[1]),
        )
        self.assertEqual((1, 5), (self.real.count(), len(self.kept)))

    def test_an_instance_that_has_no_file_any_more_is_named(self) -> None:
        self.filled()
        lost = self.row(1)
        self.path_of(1).unlink()
        (problem,) = self.rebuild()
        self.assertEqual(
            (RebuildProblem.LOST, lost.path, lost.sop_instance_uid),
            (problem.kind, problem.path, problem.sop_instance_uid),
        )
        self.assertEqual(2, self.real.count())

    def test_whole_bytes_beside_take_the_place_of_damaged_ones(self) -> None:
        self.filled(1)
        row, path = self.row(0), self.path_of(0)
        beside = path.with_name(f"{self.uid(0)}.{row.sha256[:16]}.dcm")
        beside.write_bytes(path.read_bytes())
        self.damage(0, bit_flipped)
        self.rebuild()
        after = self.row(0)
        self.assertEqual((Flaw.NONE, row.sha256), (after.flaw, after.sha256))
        self.assertEqual(beside.name, Path(after.path).name)


class InterruptedTests(RebuildCase):
    def setUp(self) -> None:
        super().setUp()
        self.patch(module, "BATCH", 2)
        self.patch(module, "_PAGE", 2)

    def test_it_goes_on_where_it_was_interrupted(self) -> None:
        self.filled(7)
        before = self.tables()
        read = 0
        for after in range(1, 60):
            looks = iter(range(after))
            rebuilding = self.rebuilding(lambda: next(looks, None) is None)  # noqa: B023  # at once
            list(rebuilding())
            read += rebuilding.done
            if not (self.root / PLAN_FILE).exists():
                break
            self.assertLessEqual(self.real.count(), 7)
        else:
            self.fail("it never comes to its end")
        self.assertEqual(before, self.tables())
        # Nothing was read again but for what was not indexed when it was interrupted.
        self.assertEqual(7, read)

    def test_it_goes_on_after_it_was_killed_at_any_moment(self) -> None:
        self.filled(5)
        before = self.tables()
        for survived in range(30):
            rebuilding = self.rebuilding()()
            for _ in range(survived):
                if next(rebuilding, self) is self:
                    break
            rebuilding.close()
        self.assertEqual([], self.rebuild())
        self.assertEqual(before, self.tables())

    def test_no_node_starts_before_it_is_complete(self) -> None:
        self.filled(3)
        rebuilding = self.rebuilding()()
        next(rebuilding)
        rebuilding.close()
        with self.assertRaisesRegex(StorageError, "archive rebuild"):
            self.archive(index=self.real)
        self.rebuild()
        self.archive(index=self.real)


class RefusedTests(RebuildCase):
    def test_it_is_refused_while_a_node_has_the_archive(self) -> None:
        self.filled(1)
        for node in ("", "one"):
            archive = self.archive(index=self.real, node=node)
            self.assertRaises(ArchiveInUse, self.rebuild)
            archive.close()
        self.assertEqual(1, self.real.count())
        self.assertFalse((self.root / PLAN_FILE).exists())

    def test_no_node_starts_while_it_runs(self) -> None:
        self.filled(1)
        rebuilding = self.rebuilding()()
        next(rebuilding)
        (self.root / PLAN_FILE).rename(self.mktemp())
        with self.assertRaises(ArchiveInUse):
            self.archive(index=self.real)
        rebuilding.close()

    def test_where_there_is_no_archive_none_is_made(self) -> None:
        self.root.mkdir()
        self.assertRaises(StorageError, self.rebuild)
        self.assertEqual([], list(self.root.iterdir()))

    def test_an_index_that_fails_loses_nothing_of_the_plan(self) -> None:
        self.filled(3)
        before = self.tables()

        def failing(records: object) -> None:
            raise IndexUnavailable("somewhere", "gone")

        add = self.real.add
        self.patch(self.real, "add", failing)
        self.assertRaises(IndexUnavailable, self.rebuild)
        self.patch(self.real, "add", add)
        self.assertEqual([], self.rebuild())
        self.assertEqual(before, self.tables())
        self.assertEqual([INSTANCE.transfer_syntax_uid], self.real.syntaxes(INSTANCE.sop_class_uid))
