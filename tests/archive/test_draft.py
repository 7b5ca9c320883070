"""Tests of :mod:`txdicomtls.archive.draft`: on real, full and failing disks."""

from __future__ import annotations

import dataclasses
import errno
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.archive.doubles import (
    INSTANCE,
    FaultyDisk,
    as_any,
    files_below,
    open_descriptors,
    pieces,
)
from txdicomtls.archive.disk import Disk
from txdicomtls.archive.draft import Draft
from txdicomtls.errors import (
    CannotUnderstand,
    DuplicateInstance,
    OutOfResources,
    StorageError,
)
from txdicomtls.instance import IncomingInstance
from txdicomtls.part10 import meta_bytes

DATA = bytes(range(256)) * 40
META = meta_bytes(INSTANCE)
FINAL = "kept/1.dcm"
TEMPORARY = "incoming/1.part"


class DraftCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.root = self.directory(Path(self.mktemp()))

    def directory(self, root: Path) -> Path:
        for name in ("incoming", "kept"):
            (root / name).mkdir(parents=True, exist_ok=True)
        return root

    def draft(
        self,
        *,
        disk: Disk = os,
        sync: bool = True,
        instance: IncomingInstance = INSTANCE,
        number: int = 1,
    ) -> Draft:
        return Draft(
            self.root / f"incoming/{number}.part",
            self.root / FINAL,
            meta_bytes(instance),
            sync=sync,
            disk=disk,
        )

    @property
    def kept(self) -> bytes:
        return (self.root / FINAL).read_bytes()


class CommitTests(DraftCase):
    def test_a_data_set_written_at_once_is_kept_after_its_head(self) -> None:
        self.draft().commit([memoryview(DATA)])
        self.assertEqual({FINAL}, files_below(self.root))
        self.assertEqual(META + DATA, self.kept)

    def test_a_data_set_written_in_pieces_is_the_same(self) -> None:
        draft = self.draft()
        for piece in pieces(DATA[:-20], 1000):
            draft.append([piece])
        draft.commit(list(pieces(DATA[-20:], 7)))
        self.assertEqual(META + DATA, self.kept)

    def test_the_last_piece_may_have_come_before(self) -> None:
        draft = self.draft()
        draft.append([memoryview(DATA)])
        draft.commit([])
        self.assertEqual(META + DATA, self.kept)

    def test_nothing_is_visible_before_it_is_kept(self) -> None:
        draft = self.draft()
        draft.append([memoryview(DATA)])
        self.assertEqual({TEMPORARY}, files_below(self.root))

    def test_bytes_are_durable_before_their_name_and_the_name_before_the_end(self) -> None:
        disk = FaultyDisk()
        self.draft(disk=disk).commit([memoryview(DATA)])
        file = ["open", "fchmod", "writev", "fsync", "close"]
        directory = ["open", "fsync", "close"]
        self.assertEqual([*file, "link", *directory, "unlink"], disk.calls)
        root = self.root.absolute()
        self.assertEqual([root / TEMPORARY, root / "kept"], disk.synced)

    def test_nothing_is_synced_where_that_is_not_wanted(self) -> None:
        disk = FaultyDisk()
        self.draft(disk=disk, sync=False).commit([memoryview(DATA)])
        self.assertNotIn("fsync", disk.calls)
        self.assertEqual(META + DATA, self.kept)

    def test_the_mode_does_not_depend_on_the_umask(self) -> None:
        for mask in (0o000, 0o022, 0o777):
            self.addCleanup(os.umask, os.umask(mask))
            self.draft().commit([memoryview(DATA)])
            self.assertEqual(0o100640, (self.root / FINAL).stat().st_mode)
            (self.root / FINAL).unlink()

    def test_an_empty_data_set_is_refused(self) -> None:
        self.assertRaises(CannotUnderstand, self.draft().commit, [])
        self.assertEqual(set(), files_below(self.root))

    def test_a_data_set_of_odd_length_is_refused_however_it_came(self) -> None:
        self.assertRaises(CannotUnderstand, self.draft().commit, [memoryview(DATA[1:])])
        draft = self.draft()
        draft.append([memoryview(DATA)])
        self.assertRaises(CannotUnderstand, draft.commit, [memoryview(b"x")])
        self.assertEqual(set(), files_below(self.root))

    def test_a_removed_draft_leaves_nothing(self) -> None:
        before = open_descriptors()
        draft = self.draft()
        draft.append([memoryview(DATA)])
        draft.remove()
        self.assertEqual(set(), files_below(self.root))
        self.assertEqual(before, open_descriptors())


class DuplicateTests(DraftCase):
    def setUp(self) -> None:
        super().setUp()
        self.draft().commit([memoryview(DATA)])
        self.first = self.kept

    def refused(self, data: bytes, instance: IncomingInstance = INSTANCE) -> None:
        draft = self.draft(instance=instance, number=2)
        self.assertRaises(DuplicateInstance, draft.commit, [memoryview(data)])
        self.assertEqual({FINAL}, files_below(self.root))
        self.assertEqual(self.first, self.kept)

    def test_the_same_bytes_again_are_a_success_and_one_file(self) -> None:
        self.draft(number=2).commit([memoryview(DATA)])
        self.assertEqual({FINAL}, files_below(self.root))
        self.assertEqual(self.first, self.kept)

    def test_the_same_bytes_from_another_sender_are_a_success(self) -> None:
        other = dataclasses.replace(INSTANCE, calling_ae_title="ANOTHER_AE", called_ae_title="X")
        self.draft(instance=other, number=2).commit([memoryview(DATA)])
        self.assertEqual(self.first, self.kept)

    def test_the_name_of_the_first_is_made_durable_for_the_second_as_well(self) -> None:
        disk = FaultyDisk()
        self.draft(disk=disk, number=2).commit([memoryview(DATA)])
        self.assertEqual(2, disk.calls.count("fsync"))
        self.assertGreater(len(disk.calls) - disk.calls[::-1].index("fsync"), 6)

    def test_other_bytes_are_refused_wherever_they_differ(self) -> None:
        self.refused(DATA[:-1] + b"x")
        self.refused(b"x" + DATA[1:])
        self.refused(DATA + b"xx")
        self.refused(DATA[:-2])

    def test_bytes_that_differ_or_end_after_some_mebibytes_are_refused(self) -> None:
        (self.root / FINAL).unlink()
        large = bytes(3 << 20)
        self.draft().commit([memoryview(large)])
        self.first = self.kept
        self.refused(large[:-1] + b"x")
        self.refused(large[: 2 << 20])

    def test_the_same_bytes_with_another_meaning_are_refused(self) -> None:
        self.refused(DATA, dataclasses.replace(INSTANCE, transfer_syntax_uid="1.2.840.10008.1.2"))
        self.refused(DATA, dataclasses.replace(INSTANCE, sop_class_uid="1.2.840.10008.1.1"))

    def test_a_damaged_file_is_not_overwritten(self) -> None:
        for damaged in (b"", b"x" * 500, META, META[:-3]):
            (self.root / FINAL).write_bytes(damaged)
            self.first = damaged
            self.refused(DATA)


class PlantedTests(DraftCase):
    """Something that is not ours lies where the file is to be kept."""

    def refused(self) -> None:
        before = open_descriptors()
        self.assertRaises(StorageError, self.draft().commit, [memoryview(DATA)])
        self.assertNotIn(TEMPORARY, files_below(self.root))
        self.assertEqual(before, open_descriptors())

    def test_a_link_is_not_followed(self) -> None:
        outside = Path(self.mktemp())
        outside.write_bytes(META + DATA)
        (self.root / FINAL).symlink_to(outside.absolute())
        self.refused()
        self.assertEqual(META + DATA, outside.read_bytes())

    def test_a_dangling_link_creates_nothing(self) -> None:
        outside = Path(self.mktemp())
        (self.root / FINAL).symlink_to(outside.absolute())
        self.refused()
        self.assertFalse(outside.exists())

    def test_a_fifo_is_not_waited_for(self) -> None:
        os.mkfifo(self.root / FINAL)
        self.refused()

    def test_a_directory_is_refused(self) -> None:
        (self.root / FINAL).mkdir()
        self.refused()

    def test_a_link_in_the_place_of_the_temporary_file_is_not_followed(self) -> None:
        outside = Path(self.mktemp())
        (self.root / TEMPORARY).symlink_to(outside.absolute())
        self.assertRaises(OutOfResources, self.draft().commit, [memoryview(DATA)])
        self.assertFalse(outside.exists())

    def test_a_directory_that_is_gone_is_reported(self) -> None:
        (self.root / "kept").rmdir()
        self.refused()
        self.assertEqual(set(), files_below(self.root))


def at_once(draft: Draft) -> None:
    draft.commit([memoryview(DATA)])


def in_pieces(draft: Draft) -> None:
    for piece in pieces(DATA[:-100], 3000):
        draft.append([piece])
    draft.commit([memoryview(DATA[-100:])])


WAYS: tuple[Callable[[Draft], None], ...] = (at_once, in_pieces)


class FaultTests(DraftCase):
    """Each call of the system fails in turn, until all have."""

    def outcome(self, way: Callable[[Draft], None], disk: FaultyDisk) -> bool:
        """Whether it was kept, as it says itself; the disk must agree."""
        before = open_descriptors()
        try:
            way(self.draft(disk=disk))
        except OutOfResources:
            kept = False
        else:
            kept = True
        self.assertEqual(before, open_descriptors(), disk.calls)
        names = files_below(self.root)
        if kept:
            self.assertIn(FINAL, names)
        if FINAL in names:
            self.assertEqual(META + DATA, self.kept, disk.calls)
        if not disk.for_good and disk.failed != "unlink":
            self.assertNotIn(TEMPORARY, names, disk.calls)
        return kept

    def each_call(self, code: int, *, for_good: bool, most: int = 1 << 30) -> None:
        for way in WAYS:
            number = 1
            while True:
                self.root = self.directory(Path(self.mktemp()))
                disk = FaultyDisk(failing=number, code=code, for_good=for_good, most=most)
                kept = self.outcome(way, disk)
                # Once the name is durable it is kept, even if the other name of it stays.
                self.assertEqual(disk.failed in ("", "unlink"), kept, disk.calls)
                if not disk.failed:
                    break
                number += 1
            self.assertGreater(number, 9)

    def test_a_disk_that_is_full_at_any_call(self) -> None:
        self.each_call(errno.ENOSPC, for_good=False)

    def test_a_disk_that_fails_at_any_call(self) -> None:
        self.each_call(errno.EIO, for_good=False)

    def test_a_disk_that_is_full_from_any_call_on(self) -> None:
        self.each_call(errno.ENOSPC, for_good=True)

    def test_a_disk_that_goes_away_at_any_call(self) -> None:
        self.each_call(errno.EIO, for_good=True)

    def test_a_disk_that_takes_little_at_once_and_fails_at_any_call(self) -> None:
        self.each_call(errno.EIO, for_good=False, most=1999)

    def test_a_second_sender_finds_a_truthful_state_after_any_failure(self) -> None:
        for number in range(1, 12):
            self.root = self.directory(Path(self.mktemp()))
            self.outcome(at_once, FaultyDisk(failing=number))
            self.draft(number=2).commit([memoryview(DATA)])
            self.assertEqual(META + DATA, self.kept)

    def test_comparing_with_the_first_fails_at_any_call(self) -> None:
        number = 1
        while True:
            self.root = self.directory(Path(self.mktemp()))
            self.draft(number=9).commit([memoryview(DATA)])
            disk = FaultyDisk(failing=number)
            kept = self.outcome(at_once, disk)
            self.assertEqual(disk.failed in ("", "unlink"), kept, disk.calls)
            if not disk.failed:
                break
            number += 1
        self.assertEqual(3, disk.calls[5:].count("open"))  # two to compare, one to sync

    def test_every_reason_is_told_and_means_that_a_later_try_may_succeed(self) -> None:
        for code in (
            errno.ENOSPC,
            errno.EDQUOT,
            errno.EFBIG,
            errno.EROFS,
            errno.EACCES,
            errno.EPERM,
            errno.EMFILE,
            errno.ENFILE,
            errno.EIO,
        ):
            draft = self.draft(disk=FaultyDisk(failing=1, code=code))
            error = self.assertRaises(OutOfResources, draft.commit, [memoryview(DATA)])
            self.assertIn(os.strerror(code).lower(), str(error))
            self.assertNotIn(str(self.root), str(error))

    def test_an_error_of_the_program_leaves_nothing_behind_either(self) -> None:
        draft = self.draft()
        draft.append([memoryview(DATA)])
        self.assertRaises(TypeError, draft.append, as_any([1]))
        self.assertEqual(set(), files_below(self.root))


class FullDiskTests(DraftCase):
    def test_a_real_full_disk_is_left_as_it_was_and_recovers(self) -> None:
        where = Path(self.mktemp()).absolute()
        where.mkdir()
        if os.geteuid() != 0:
            raise SkipTest("mounting a small file system takes root")
        mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(where)]
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SkipTest(f"no file system can be mounted here: {done.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", str(where)], check=True)
        self.root = self.directory(where)

        for large in (self.draft(), self.draft(number=2)):
            error = self.assertRaises(OutOfResources, large.commit, [memoryview(bytes(2 << 20))])
            self.assertIn("no space left", str(error))
            self.assertEqual(set(), files_below(where))
        in_parts = self.draft(number=3)
        in_parts.append([memoryview(bytes(900 << 10))])
        self.assertRaises(OutOfResources, in_parts.append, [memoryview(bytes(900 << 10))])
        self.assertEqual(set(), files_below(where))

        self.draft(number=4).commit([memoryview(DATA)])
        self.assertEqual(META + DATA, self.kept)

    def test_the_limit_of_file_size_is_an_error_and_not_the_end(self) -> None:
        child = (
            "import sys, os, pathlib\n"
            "from txdicomtls.archive.draft import Draft\n"
            "from txdicomtls.errors import OutOfResources\n"
            "root = pathlib.Path(sys.argv[1])\n"
            "draft = Draft(root / 'incoming/1', root / 'kept/1', b'', sync=True, disk=os)\n"
            "try:\n"
            "    draft.commit([memoryview(bytes(100000))])\n"
            "except OutOfResources as error:\n"
            "    print(error)\n"
        )
        done = subprocess.run(
            [sys.executable, "-B", "-c", child, str(self.root.absolute())],
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=True,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50000, 50000)),
        )
        self.assertIn(os.strerror(errno.EFBIG).lower(), done.stdout)
        self.assertEqual(set(), files_below(self.root))
