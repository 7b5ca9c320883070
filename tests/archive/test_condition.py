"""Tests of :mod:`txdicomtls.archive.condition` and :mod:`txdicomtls.archive.look`."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from unittest import mock

from twisted.trial.unittest import SynchronousTestCase

from tests.archive.cases import ArchiveCase
from tests.archive.doubles import FaultyDisk, Jobs
from tests.archive.instances import instance
from txdicomtls.archive import ArchiveState
from txdicomtls.archive.condition import LOOK_EVERY, Condition
from txdicomtls.archive.look import Look
from txdicomtls.archive.root import Root
from txdicomtls.errors import OutOfResources


class ConditionTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.jobs = Jobs()
        self.now = 0.0
        self.found = ArchiveState.NORMAL
        self.looks: list[bool] = []
        self.condition = Condition(self.look, self.jobs, lambda: self.now)

    def look(self, write: bool) -> ArchiveState:
        self.looks.append(write)
        return self.found

    def refused(self) -> bool:
        try:
            self.condition.check()
        except OutOfResources:
            return True
        return False

    def test_nobody_waits_for_a_look(self) -> None:
        self.found = ArchiveState.LOW
        self.assertFalse(self.refused())
        self.jobs.do_all()
        self.assertTrue(self.refused())

    def test_it_is_looked_at_once_a_second_at_most(self) -> None:
        for _ in range(10):
            self.condition.check()
            self.jobs.do_all()
        self.assertEqual([False], self.looks)
        self.now += LOOK_EVERY
        self.condition.check()
        self.jobs.do_all()
        self.assertEqual([False, False], self.looks)

    def test_a_look_that_takes_long_is_not_joined_by_others(self) -> None:
        for _ in range(10):
            self.condition.check()
            self.condition.doubt()
            self.now += LOOK_EVERY
        self.assertEqual(1, len(self.jobs.waiting))
        self.jobs.do_all()
        self.assertEqual([False, True], self.looks)  # what was doubted meanwhile

    def test_after_a_failure_it_is_tried_to_write(self) -> None:
        self.condition.doubt()
        self.jobs.do_all()
        self.assertEqual([True], self.looks)

    def test_it_recovers_by_itself(self) -> None:
        for bad in (ArchiveState.LOW, ArchiveState.READ_ONLY, ArchiveState.FAILED):
            self.found = bad
            self.condition.doubt()
            self.jobs.do_all()
            self.assertIs(bad, self.condition.state)
            self.assertTrue(self.refused())
            self.found = ArchiveState.NORMAL
            self.now += LOOK_EVERY
            self.assertTrue(self.refused())
            self.jobs.do_all()
            self.assertTrue(self.looks[-1])
            self.assertFalse(self.refused())

    def test_a_look_that_breaks_is_a_failed_archive(self) -> None:
        self.look = mock.Mock(side_effect=RuntimeError("a bug"))  # type: ignore[method-assign]
        self.condition = Condition(self.look, self.jobs, lambda: self.now)
        self.condition.doubt()
        self.jobs.do_all()
        self.assertIs(ArchiveState.FAILED, self.condition.state)
        self.assertEqual(1, len(self.flushLoggedErrors(RuntimeError)))


class LookTests(ArchiveCase):
    def setUp(self) -> None:
        super().setUp()
        self.archive(index=None)

    def look(self, *, least_free: int = 0, disk: FaultyDisk | None = None) -> ArchiveState:
        disk = disk or FaultyDisk()
        root = Root(self.root, node="", disk=disk, sync=True)
        state = Look(root, least_free=least_free, disk=disk)(True)
        self.assertFalse(root.trial.exists())
        return state

    def test_an_archive_with_room_is_normal(self) -> None:
        self.assertIs(ArchiveState.NORMAL, self.look())

    def test_less_room_than_there_must_be_is_low(self) -> None:
        self.assertIs(ArchiveState.LOW, self.look(least_free=1 << 60))

    def test_where_the_archive_is_not_it_has_failed(self) -> None:
        (self.root / "archive").unlink()
        self.assertIs(ArchiveState.FAILED, self.look())

    def test_each_error_of_the_system_has_its_state(self) -> None:
        for code, state in (
            (errno.ENOSPC, ArchiveState.LOW),
            (errno.EDQUOT, ArchiveState.LOW),
            (errno.EROFS, ArchiveState.READ_ONLY),
            (errno.EACCES, ArchiveState.READ_ONLY),
            (errno.EIO, ArchiveState.FAILED),
            (errno.EMFILE, ArchiveState.NORMAL),
        ):
            for number in (1, 2, 3):
                self.assertIs(state, self.look(disk=FaultyDisk(failing=number, code=code)))

    def statvfs(self, change: Callable[[dict[str, int]], None]) -> None:
        real = os.statvfs(self.root)
        fields = {name: getattr(real, name) for name in dir(real) if name.startswith("f_")}
        change(fields)
        self.patch(os, "statvfs", lambda _: mock.Mock(**fields))

    def test_no_room_for_the_name_of_a_file_is_low(self) -> None:
        self.statvfs(lambda fields: fields.update(f_files=1000, f_favail=0))
        self.assertIs(ArchiveState.LOW, self.look())

    def test_a_file_system_that_counts_no_files_is_not_low(self) -> None:
        self.statvfs(lambda fields: fields.update(f_files=0, f_favail=0))
        self.assertIs(ArchiveState.NORMAL, self.look())

    def test_a_read_only_file_system_is_seen_without_writing(self) -> None:
        self.statvfs(lambda fields: fields.update(f_flag=fields["f_flag"] | os.ST_RDONLY))
        self.assertIs(ArchiveState.READ_ONLY, self.look())


class RefusingTests(ArchiveCase):
    def test_one_call_that_fails_stops_nobody_else(self) -> None:
        disk = FaultyDisk()
        archive = self.archive(disk=disk)
        disk.failing = len(disk.calls) + 1
        self.failureResultOf(self.store(archive), OutOfResources)
        self.assertIs(ArchiveState.NORMAL, archive.state)
        self.successResultOf(self.store(archive, instance(1)))

    def test_a_disk_that_stays_full_is_not_tried_by_each_sender(self) -> None:
        disk = FaultyDisk(code=errno.ENOSPC, for_good=True)
        archive = self.archive(disk=disk)
        disk.failing = len(disk.calls) + 1
        self.failureResultOf(self.store(archive), OutOfResources)
        self.assertIs(ArchiveState.LOW, archive.state)
        calls = len(disk.calls)
        for number in range(100):
            self.assertRaises(OutOfResources, archive.receive, instance(number))
        self.assertEqual(calls, len(disk.calls))
        disk.failing = 0
        self.now += LOOK_EVERY
        self.assertRaises(OutOfResources, archive.receive, instance(1))
        self.successResultOf(self.store(archive))

    def test_an_archive_that_is_unmounted_is_not_written_to(self) -> None:
        archive = self.archive()
        away = Path(self.mktemp())
        self.root.rename(away)
        self.root.mkdir()
        self.now += LOOK_EVERY
        self.failureResultOf(self.store(archive), OutOfResources)
        self.assertIs(ArchiveState.FAILED, archive.state)
        self.assertEqual([], list(self.root.iterdir()))
        self.root.rmdir()
        away.rename(self.root)
        self.now += LOOK_EVERY
        self.assertRaises(OutOfResources, archive.receive, instance(1))
        self.successResultOf(self.store(archive))

    def test_the_watermark_holds_from_the_start(self) -> None:
        archive = self.archive(least_free=1 << 60)
        self.assertIs(ArchiveState.LOW, archive.state)
        self.assertRaises(OutOfResources, archive.receive, instance(1))
