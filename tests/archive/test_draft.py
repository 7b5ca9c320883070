"""Tests of :mod:`txdicomtls.archive.draft`: on real, full and failing disks."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.archive.doubles import (
    INSTANCE,
    FaultyDisk,
    as_any,
    files_below,
    open_descriptors,
    pieces,
)
from tests.archive.instances import data_set
from txdicomtls.archive.disk import Disk
from txdicomtls.archive.draft import Draft, Identified, Sealed
from txdicomtls.archive.inspection import Contents, Inspection
from txdicomtls.errors import CannotUnderstand, InvalidInstance, OutOfResources
from txdicomtls.instance import IncomingInstance
from txdicomtls.part10 import meta_bytes

DATA = data_set(pixels=bytes(range(256)) * 40)
META = meta_bytes(INSTANCE)
TEMPORARY = "1.part"
IDENTIFIED = Identified(path=PurePosixPath("objects/1.dcm"), record=None)


def identified(what: IncomingInstance, contents: Contents) -> Identified:
    return IDENTIFIED


def unwanted(what: IncomingInstance, contents: Contents) -> Identified:
    raise InvalidInstance("not wanted")


class DraftCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.root = Path(self.mktemp())
        self.root.mkdir()

    def draft(
        self,
        *,
        disk: Disk = os,
        identify: Callable[[IncomingInstance, Contents], Identified] = identified,
        synced: bool = False,
    ) -> Draft:
        inspection = Inspection(INSTANCE)
        return Draft(
            self.root / TEMPORARY, INSTANCE, inspection, identify, disk=disk, synced=synced
        )

    def closed(self, sealed: Sealed) -> Sealed:
        assert sealed.descriptor is not None
        os.close(sealed.descriptor)
        return sealed

    @property
    def written(self) -> bytes:
        return (self.root / TEMPORARY).read_bytes()


class SealTests(DraftCase):
    def test_a_data_set_written_at_once_lies_after_its_head(self) -> None:
        sealed = self.closed(self.draft().seal([memoryview(DATA)]))
        self.assertEqual({TEMPORARY}, files_below(self.root))
        self.assertEqual(META + DATA, self.written)
        self.assertEqual(len(DATA), sealed.size)
        self.assertEqual(IDENTIFIED.path, sealed.path)

    def test_a_data_set_written_in_pieces_is_the_same(self) -> None:
        draft = self.draft()
        for piece in pieces(DATA[:-20], 1000):
            draft.append([piece])
        self.closed(draft.seal(list(pieces(DATA[-20:], 7))))
        self.assertEqual(META + DATA, self.written)

    def test_the_last_piece_may_have_come_before(self) -> None:
        draft = self.draft()
        draft.append([memoryview(DATA)])
        self.closed(draft.seal([]))
        self.assertEqual(META + DATA, self.written)

    def test_nothing_is_synced_yet_and_the_file_is_open(self) -> None:
        disk = FaultyDisk()
        sealed = self.draft(disk=disk).seal([memoryview(DATA)])
        self.assertEqual(["open", "fchmod", "writev"], disk.calls)
        self.closed(sealed)

    def test_the_mode_does_not_depend_on_the_umask(self) -> None:
        for mask in (0o000, 0o022, 0o777):
            self.addCleanup(os.umask, os.umask(mask))
            self.closed(self.draft().seal([memoryview(DATA)]))
            self.assertEqual(0o100640, (self.root / TEMPORARY).stat().st_mode)
            (self.root / TEMPORARY).unlink()

    def test_what_is_refused_when_it_is_complete_never_reaches_the_disk_if_it_is_small(
        self,
    ) -> None:
        for data in (b"", DATA[:-1], DATA[:-2]):
            disk = FaultyDisk()
            self.assertRaises(CannotUnderstand, self.draft(disk=disk).seal, [memoryview(data)])
            self.assertEqual([], disk.calls)

    def test_what_the_disk_needs_long_for_is_written_before_it_is_inspected(self) -> None:
        seen: list[list[str]] = []

        def look(what: IncomingInstance, contents: Contents) -> Identified:
            seen.append(list(disk.calls))
            return identified(what, contents)

        long = data_set(pixels=bytes(1 << 17))
        for data in (long, DATA):
            disk = FaultyDisk()
            self.closed(self.draft(disk=disk, identify=look, synced=True).seal([memoryview(data)]))
            self.assertEqual(META + data, self.written)
            (self.root / TEMPORARY).unlink()
        self.assertEqual([["open", "fchmod", "writev"], []], seen)
        disk = FaultyDisk()
        with self.assertRaises(CannotUnderstand):
            self.draft(disk=disk, synced=True).seal([memoryview(long[:-2])])
        self.assertEqual(set(), files_below(self.root))

    def test_what_is_refused_leaves_nothing_however_it_came(self) -> None:
        before = open_descriptors()
        for data in (DATA + b"x", DATA[:-2]):
            draft = self.draft()
            draft.append([memoryview(data[:1000])])
            draft.append([memoryview(data[1000:])])
            self.assertRaises(CannotUnderstand, draft.seal, [])
        draft = self.draft()
        draft.append([memoryview(DATA[:1000])])
        self.assertRaises(CannotUnderstand, draft.append, [memoryview(DATA + DATA)])
        draft = self.draft(identify=unwanted)
        draft.append([memoryview(DATA)])
        self.assertRaises(InvalidInstance, draft.seal, [])
        self.assertEqual(set(), files_below(self.root))
        self.assertEqual(before, open_descriptors())

    def test_a_removed_draft_leaves_nothing(self) -> None:
        before = open_descriptors()
        draft = self.draft()
        draft.append([memoryview(DATA)])
        draft.remove()
        self.assertEqual(set(), files_below(self.root))
        self.assertEqual(before, open_descriptors())

    def test_a_link_in_the_place_of_the_temporary_file_is_not_followed(self) -> None:
        outside = Path(self.mktemp())
        (self.root / TEMPORARY).symlink_to(outside.absolute())
        self.assertRaises(OutOfResources, self.draft().seal, [memoryview(DATA)])
        self.assertFalse(outside.exists())


def at_once(draft: Draft) -> Sealed:
    return draft.seal([memoryview(DATA)])


def in_pieces(draft: Draft) -> Sealed:
    for piece in pieces(DATA[:-100], 3000):
        draft.append([piece])
    return draft.seal([memoryview(DATA[-100:])])


WAYS: tuple[Callable[[Draft], Sealed], ...] = (at_once, in_pieces)


class FaultTests(DraftCase):
    """Each call of the system fails in turn, until all have."""

    def outcome(self, way: Callable[[Draft], Sealed], disk: FaultyDisk) -> bool:
        """Whether it was sealed, as it says itself; the disk must agree."""
        before = open_descriptors()
        try:
            self.closed(way(self.draft(disk=disk)))
        except OutOfResources:
            sealed = False
        else:
            sealed = True
        self.assertEqual(before, open_descriptors(), disk.calls)
        if sealed:
            self.assertEqual(META + DATA, self.written)
            (self.root / TEMPORARY).unlink()
        elif not disk.for_good:
            self.assertEqual(set(), files_below(self.root), disk.calls)
        return sealed

    def each_call(self, code: int, *, for_good: bool, most: int = 1 << 30) -> None:
        for way in WAYS:
            number = 1
            while True:
                self.root = Path(self.mktemp())
                self.root.mkdir()
                disk = FaultyDisk(failing=number, code=code, for_good=for_good, most=most)
                sealed = self.outcome(way, disk)
                self.assertEqual(not disk.failed, sealed, disk.calls)
                if not disk.failed:
                    break
                number += 1
            self.assertGreater(number, 3)

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
            error = self.assertRaises(OutOfResources, draft.seal, [memoryview(DATA)])
            self.assertIn(os.strerror(code).lower(), str(error))
            self.assertNotIn(str(self.root), str(error))

    def test_an_error_of_the_program_leaves_nothing_behind_either(self) -> None:
        draft = self.draft()
        draft.append([memoryview(DATA)])
        self.assertRaises(TypeError, draft.append, as_any([1, 2]))
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
        self.root = where
        for _ in range(2):
            large = memoryview(data_set(pixels=bytes(2 << 20)))
            error = self.assertRaises(OutOfResources, self.draft().seal, [large])
            self.assertIn("no space left", str(error))
            self.assertEqual(set(), files_below(where))
        in_parts = self.draft()
        in_parts.append([large[: 900 << 10]])
        self.assertRaises(OutOfResources, in_parts.append, [large[900 << 10 :]])
        self.assertEqual(set(), files_below(where))
        self.closed(self.draft().seal([memoryview(DATA)]))
        self.assertEqual(META + DATA, self.written)

    def test_the_limit_of_file_size_is_an_error_and_not_the_end(self) -> None:
        child = (
            "import sys, pathlib\n"
            "from tests.archive.doubles import at_once\n"
            "from tests.archive.instances import INSTANCE, data_set\n"
            "from txdicomtls.archive import FileArchive\n"
            "archive = FileArchive(pathlib.Path(sys.argv[1]) / 'data', in_thread=at_once)\n"
            "archive.prepare()\n"
            "sink = archive.receive(INSTANCE)\n"
            "sink.write(memoryview(data_set(pixels=bytes(100000))))\n"
            "sink.finish().addErrback(lambda failure: print(failure.value))\n"
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
        self.assertEqual({"data/archive", "data/lock"}, files_below(self.root))
