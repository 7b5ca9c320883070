"""Tests of :mod:`txdicomtls.archive.commit`, of naming and of registration, through an archive."""

from __future__ import annotations

import errno
import itertools
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.archive.cases import ArchiveCase
from tests.archive.doubles import INSTANCE, UID, FaultyDisk, files_below, open_descriptors
from tests.archive.instances import FakeIndex, data_set, instance
from txdicomtls.archive import FileArchive
from txdicomtls.archive.disk import Disk
from txdicomtls.archive.draft import Draft, Sealed
from txdicomtls.archive.inspection import Inspection
from txdicomtls.archive.outcome import Settled
from txdicomtls.errors import IndexUnavailable, OutOfResources, StorageError
from txdicomtls.index.attributes import WANTED
from txdicomtls.instance import IncomingInstance
from txdicomtls.part10 import meta_bytes

UNAVAILABLE = IndexUnavailable("sqlite://", "it is locked")
OTHER = data_set(pixels=bytes(99) + b"x")


class CommitCase(ArchiveCase):
    def setUp(self) -> None:
        super().setUp()
        self.numbers = itertools.count()

    def sealed(
        self,
        archive: FileArchive,
        what: IncomingInstance = INSTANCE,
        data: bytes | None = None,
        *,
        disk: Disk = os,
    ) -> Sealed:
        draft = Draft(
            self.root / "incoming" / f"test-{next(self.numbers)}.part",
            what,
            Inspection(what, WANTED),
            archive._identify,
            disk=disk,
        )
        return draft.seal([memoryview(data_set(what) if data is None else data)])

    def commit(self, archive: FileArchive, *sealed: Sealed) -> list[Settled]:
        before = open_descriptors() - len(sealed)
        settled = archive._commit(sealed)
        archive._commit.close()
        self.assertEqual(before, open_descriptors())
        return settled

    def errors(self, settled: Sequence[Settled]) -> list[str]:
        return [type(each.error).__name__ if each.error else "" for each in settled]


class OrderTests(CommitCase):
    def test_bytes_then_names_then_index_then_the_temporary_name(self) -> None:
        disk = FaultyDisk()
        calls = disk.calls

        class Watching(FakeIndex):
            def add(self, records: Any) -> Any:
                calls.append("index")
                return super().add(records)

        archive = self.archive(index=Watching(), disk=disk)
        sealed = self.sealed(archive)
        calls.clear()
        disk.synced.clear()
        self.assertEqual([""], self.errors(self.commit(archive, sealed)))
        directory = ["open", "open", "close", "open", "close"]
        after = ["link", "fsync", "index", "unlink", "close"]
        self.assertEqual(["fsync", "close", *directory, *after], calls)
        root = self.root.absolute()
        kept = archive.path_of(UID)
        self.assertEqual([root / "incoming/test-0.part", kept.absolute().parent], disk.synced)

    def test_a_batch_is_one_transaction_and_syncs_each_directory_once(self) -> None:
        disk = FaultyDisk()
        archive = self.archive(disk=disk)
        by_directory: dict[Path, list[IncomingInstance]] = {}
        for each in map(instance, range(600)):
            by_directory.setdefault(archive.path_of(each.sop_instance_uid).parent, []).append(each)
        directory, some = max(by_directory.items(), key=lambda item: len(item[1]))
        sealed = [self.sealed(archive, each) for each in some]
        disk.synced.clear()
        self.commit(archive, *sealed)
        self.assertEqual([len(some)], self.index.batches)
        self.assertEqual(1, disk.synced.count(directory.absolute()))
        self.assertEqual(len(some) + 1, len(disk.synced))
        self.assertEqual(set(), self.incoming)

    def test_nothing_is_synced_where_that_is_not_wanted(self) -> None:
        disk = FaultyDisk()
        archive = self.archive(disk=disk, sync=False)
        self.commit(archive, self.sealed(archive), self.sealed(archive, instance(1)))
        self.assertNotIn("fsync", disk.calls)
        self.assertEqual(2, len(self.kept))

    def test_an_instance_twice_in_one_batch_is_kept_once_and_both_succeed(self) -> None:
        archive = self.archive()
        settled = self.commit(archive, self.sealed(archive), self.sealed(archive))
        self.assertEqual(["", ""], self.errors(settled))
        self.assertEqual((1, 1), (len(self.kept), len(self.index.rows)))

    def test_two_truths_about_an_instance_in_one_batch_get_one_answer_each(self) -> None:
        archive = self.archive()
        settled = self.commit(archive, self.sealed(archive), self.sealed(archive, data=OTHER))
        self.assertEqual(["", "DuplicateInstance"], self.errors(settled))
        self.assertEqual(meta_bytes(INSTANCE) + data_set(), archive.path_of(UID).read_bytes())


class PlantedTests(CommitCase):
    """Something that is not ours lies where a file is to be kept."""

    def setUp(self) -> None:
        super().setUp()
        self.ready = self.archive(index=None)
        self.final = self.ready.path_of(UID)

    def refused(self) -> None:
        (settled,) = self.commit(self.ready, self.sealed(self.ready))
        self.assertIsInstance(settled.error, StorageError)
        self.assertEqual(set(), self.incoming)

    def test_a_link_is_not_followed(self) -> None:
        outside = Path(self.mktemp())
        outside.write_bytes(meta_bytes(INSTANCE) + data_set())
        self.final.symlink_to(outside.absolute())
        self.refused()

    def test_a_dangling_link_creates_nothing(self) -> None:
        outside = Path(self.mktemp())
        self.final.symlink_to(outside.absolute())
        self.refused()
        self.assertFalse(outside.exists())

    def test_a_fifo_is_not_waited_for(self) -> None:
        os.mkfifo(self.final)
        self.refused()

    def test_a_directory_is_refused(self) -> None:
        self.final.mkdir()
        self.refused()

    def test_a_link_in_the_place_of_a_directory_leads_nowhere(self) -> None:
        outside = Path(self.mktemp())
        outside.mkdir()
        self.final.parent.rmdir()
        self.final.parent.symlink_to(outside.absolute())
        self.refused()
        self.assertEqual([], list(outside.iterdir()))

    def test_a_directory_that_is_gone_is_made_again(self) -> None:
        self.final.parent.rmdir()
        self.assertEqual([""], self.errors(self.commit(self.ready, self.sealed(self.ready))))
        self.assertTrue(self.final.exists())


class IndexTests(CommitCase):
    def test_nothing_is_acknowledged_while_the_index_cannot_be_used(self) -> None:
        archive = self.archive()
        self.index.failing = UNAVAILABLE
        settled = self.commit(archive, self.sealed(archive), self.sealed(archive, instance(1)))
        self.assertEqual(["OutOfResources"] * 2, self.errors(settled))

    def test_what_waited_for_the_index_is_settled_after_the_next_that_is_taken(self) -> None:
        archive = self.archive()
        for error in (UNAVAILABLE, None):
            self.index.failing = error
            self.commit(archive, self.sealed(archive, instance(1 if error else 2)))
        self.assertEqual({f"{UID}.1", f"{UID}.2"}, set(self.index.rows))
        self.assertEqual(set(), self.incoming)
        self.assertEqual(2, len(self.kept))

    def test_an_answer_that_was_lost_is_found_out_later(self) -> None:
        archive = self.archive()
        self.index.failing_after = UNAVAILABLE
        self.assertEqual(
            ["OutOfResources"], self.errors(self.commit(archive, self.sealed(archive)))
        )
        self.assertEqual(1, len(self.incoming))
        self.index.failing_after = None
        self.assertEqual([""], self.errors(self.commit(archive, self.sealed(archive))))
        self.assertEqual((set(), 1), (self.incoming, len(self.kept)))

    def test_what_the_index_cannot_take_harms_nobody_else_and_leaves_nothing(self) -> None:
        archive = self.archive()
        self.index.not_taken = f"{UID}.1"
        sealed = [self.sealed(archive, instance(number)) for number in range(3)]
        self.assertEqual(["", "StorageError", ""], self.errors(self.commit(archive, *sealed)))
        self.assertEqual(2, len(self.kept))
        self.assertEqual(set(), self.incoming)
        self.assertEqual(1, len(self.flushLoggedErrors(ValueError)))

    def test_what_says_not_where_it_belongs_is_refused_where_an_index_must_know(self) -> None:
        archive = self.archive()
        for data in (data_set(study=""), data_set(series="")):
            error = self.failureResultOf(self.store(archive, INSTANCE, data)).value
            self.assertEqual("MismatchedInstance", type(error).__name__)
        self.assertEqual((set(), set()), (self.kept, self.incoming))


class FaultTests(CommitCase):
    """Each call of the system fails in turn, from the first byte to the end."""

    def each_call(self, code: int, *, for_good: bool, index: bool, number: int = 2) -> None:
        for failing in itertools.count(1):
            self.root = Path(self.mktemp())
            self.index = FakeIndex()
            disk = FaultyDisk()
            archive = self.archive(disk=disk, index=self.index if index else None, sync=True)
            disk.calls.clear()
            disk.failing, disk.code, disk.for_good = failing, code, for_good
            archive._commit._each = _in_order  # type: ignore[method-assign]  # one call at a time
            before = open_descriptors()
            outcomes = self.attempt(archive, disk, number)
            self.assertEqual(before, open_descriptors(), disk.calls)
            self.check(archive, outcomes, disk)
            # The service goes on as soon as the disk does.
            failed, disk.failing = disk.failed, 0
            self.assertEqual([""] * number, self.attempt(archive, disk, number), disk.calls)
            self.check(archive, [""] * number, disk)
            if index or failed != "unlink":
                most = number if for_good else failed == "unlink"
                self.assertLessEqual(len(self.incoming), most, disk.calls)
            if not failed:
                break
        self.assertGreater(failing, 20)

    def attempt(self, archive: FileArchive, disk: FaultyDisk, number: int) -> list[str]:
        sealed: list[Sealed] = []
        errors: list[str] = []
        for each in range(number):
            try:
                sealed.append(self.sealed(archive, instance(each), disk=disk))
            except OutOfResources:
                errors.append("OutOfResources")
        return errors + self.errors(archive._commit(sealed))

    def check(self, archive: FileArchive, outcomes: Sequence[str], disk: FaultyDisk) -> None:
        """What was acknowledged is there, whole and indexed; what is there is whole."""
        self.assertLessEqual(set(outcomes), {"", "OutOfResources"})
        if disk.failed in ("unlink", ""):
            self.assertEqual({""}, set(outcomes) or {""}, disk.calls)
        whole = 0
        for each in range(len(outcomes)):
            path = archive.path_of(f"{UID}.{each}")
            if path.exists():
                whole += 1
                content = meta_bytes(instance(each)) + data_set(instance(each))
                self.assertEqual(content, path.read_bytes(), disk.calls)
        self.assertGreaterEqual(whole, outcomes.count(""), disk.calls)
        if archive._index is not None:
            self.assertGreaterEqual(len(self.index.rows), outcomes.count(""))
            self.assertLessEqual(len(self.index.rows), whole)

    def test_a_disk_that_is_full_at_any_call(self) -> None:
        for index in (False, True):
            self.each_call(errno.ENOSPC, for_good=False, index=index)

    def test_a_disk_that_fails_at_any_call(self) -> None:
        for index in (False, True):
            self.each_call(errno.EIO, for_good=False, index=index)

    def test_a_disk_that_becomes_read_only_at_any_call(self) -> None:
        for index in (False, True):
            self.each_call(errno.EROFS, for_good=True, index=index)

    def test_no_descriptors_from_any_call_on(self) -> None:
        for index in (False, True):
            self.each_call(errno.EMFILE, for_good=True, index=index)


def _in_order(function: Any, items: Sequence[Any]) -> None:
    for item in items:
        function(item)


class NoLeftoversTests(CommitCase):
    def test_the_same_bad_object_ten_thousand_times_leaves_nothing(self) -> None:
        archive = self.archive(index=None)
        before = open_descriptors()
        for _ in range(10_000):
            self.failureResultOf(self.store(archive, INSTANCE, data_set()[:-2]))
        self.assertEqual(before, open_descriptors())
        self.assertEqual({"archive", "lock"}, files_below(self.root))
