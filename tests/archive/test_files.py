"""Tests of :mod:`txdicomtls.archive.files`, with real files, threads and processes."""

from __future__ import annotations

import dataclasses
import errno
import os
import stat
import subprocess
import sys
import threading
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, DeferredList, ensureDeferred
from twisted.internet.threads import deferToThreadPool
from twisted.logger import formatEvent, globalLogPublisher
from twisted.python.threadpool import ThreadPool
from twisted.trial.unittest import SynchronousTestCase, TestCase
from zope.interface.verify import verifyObject

from tests.archive.cases import ArchiveCase
from tests.archive.doubles import (
    HOSTILE,
    INSTANCE,
    UID,
    FaultyDisk,
    as_any,
    at_once,
    files_below,
    open_descriptors,
    pieces,
)
from tests.archive.instances import SERIES, STUDY, data_set, instance
from tests.archive.test_commit import OTHER
from txdicomtls.archive import ArchiveEventKind, DuplicatePolicy, FileArchive, Layout
from txdicomtls.errors import (
    DamagedInstance,
    DuplicateInstance,
    InvalidInstance,
    MismatchedInstance,
    OutOfResources,
    StorageError,
)
from txdicomtls.index.record import Flaw
from txdicomtls.instance import IncomingInstance
from txdicomtls.interfaces import IInstanceReceiver
from txdicomtls.part10 import meta_bytes, read_header
from txdicomtls.threads import InThread

DATA = data_set()


class PrepareTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.root = Path(self.mktemp())

    def archive(self) -> FileArchive:
        archive = FileArchive(self.root, in_thread=at_once)
        self.addCleanup(archive.close)
        return archive

    def refused(self) -> str:
        before = open_descriptors()
        error = self.assertRaises(StorageError, self.archive().prepare)
        self.assertEqual(before, open_descriptors())
        return str(error)

    def test_the_directories_are_there_whatever_the_umask(self) -> None:
        for mask in (0o000, 0o777):
            self.root = Path(self.mktemp())
            self.addCleanup(os.umask, os.umask(mask))
            self.archive().prepare()
            made = [self.root, *(path for path in self.root.rglob("*") if path.is_dir())]
            self.assertEqual(3 + 256, len(made))
            for path in made:
                self.assertEqual(0o750, stat.S_IMODE(path.stat().st_mode), path)

    def test_every_directory_is_durable_before_anything_is_received(self) -> None:
        root = self.root.absolute()
        for expected in ([root.parent, root / "objects", root], [root / "objects", root]):
            disk = FaultyDisk()
            archive = FileArchive(self.root, in_thread=at_once, disk=disk)
            archive.prepare()
            archive.close()
            self.assertEqual(expected, disk.synced)
            self.assertEqual("close", disk.calls[-1])

    def test_an_archive_that_is_there_already_is_left_as_it_is(self) -> None:
        first = self.archive()
        first.prepare()
        self.root.chmod(0o700)
        sink = first.receive(INSTANCE)
        sink.write(memoryview(DATA))
        self.successResultOf(sink.finish())
        first.close()
        self.archive().prepare()
        self.assertEqual(0o700, stat.S_IMODE(self.root.stat().st_mode))
        self.assertEqual(meta_bytes(INSTANCE) + DATA, first.path_of(UID).read_bytes())

    def test_an_archive_is_used_by_one_at_a_time(self) -> None:
        first = self.archive()
        first.prepare()
        self.assertIn("in use already", self.refused())
        first.close()
        self.archive().prepare()

    def test_a_second_process_is_refused_until_the_first_has_ended(self) -> None:
        child = (
            "import sys, pathlib\n"
            "from tests.archive.doubles import at_once\n"
            "from txdicomtls.archive.files import FileArchive\n"
            "archive = FileArchive(pathlib.Path(sys.argv[1]), in_thread=at_once)\n"
            "archive.prepare()\n"
            "print('ready', flush=True)\n"
            "sys.stdin.read()\n"
        )
        process = subprocess.Popen(
            [sys.executable, "-B", "-c", child, str(self.root.absolute())],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.addCleanup(process.communicate)
        assert process.stdout is not None
        self.assertEqual(b"ready\n", process.stdout.readline())
        self.assertIn("in use already", self.refused())
        process.kill()
        process.wait()
        self.archive().prepare()

    def test_what_a_crash_left_is_removed_and_nothing_else(self) -> None:
        first = self.archive()
        first.prepare()
        outside = Path(self.mktemp())
        outside.write_bytes(b"not ours")
        (self.root / "incoming" / "7.part").write_bytes(b"half")
        (self.root / "incoming" / "8.part").symlink_to(outside.absolute())
        (self.root / "objects" / "00" / "1.2.dcm").write_bytes(b"kept")
        first.close()
        self.archive().prepare()
        self.assertEqual({"archive", "lock", "objects/00/1.2.dcm"}, files_below(self.root))
        self.assertEqual(b"not ours", outside.read_bytes())

    def test_a_link_in_the_place_of_a_directory_is_refused(self) -> None:
        outside = Path(self.mktemp())
        outside.mkdir()
        for name in ("objects", "incoming", "objects/a7"):
            self.root = Path(self.mktemp())
            place = self.root / name
            place.parent.mkdir(parents=True)
            place.symlink_to(outside.absolute())
            self.assertIn(name, self.refused())
            self.assertEqual([], list(outside.iterdir()))

    def test_the_root_itself_may_be_a_link(self) -> None:
        real = Path(self.mktemp())
        real.mkdir()
        self.root.symlink_to(real.absolute())
        self.archive().prepare()
        self.assertTrue((real / "objects").is_dir())

    def test_a_root_that_cannot_be_made_is_named(self) -> None:
        self.root = Path(self.mktemp()) / "missing"
        self.assertIn(str(self.root), self.refused())
        self.root = Path(self.mktemp())
        self.root.write_bytes(b"a file")
        self.assertIn(str(self.root), self.refused())

    def test_any_failure_is_told_and_the_next_try_succeeds(self) -> None:
        self.archive().prepare()  # so that each try is short
        number = 1
        before = open_descriptors()
        while True:
            root = Path(self.mktemp())
            (root / "objects").mkdir(parents=True)
            for name in range(256):
                (root / "objects" / f"{name:02x}").mkdir()
            disk = FaultyDisk(failing=number, code=errno.EROFS)
            archive = FileArchive(root, in_thread=at_once, disk=disk)
            try:
                archive.prepare()
            except StorageError as error:
                self.assertIn("read-only", str(error))
            else:
                archive.close()
                self.assertEqual("", disk.failed)
                break
            self.assertEqual(before, open_descriptors())
            again = FileArchive(root, in_thread=at_once)
            again.prepare()
            again.close()
            # The directories are all made the same way: a few of them are enough.
            number += 1 if number < 6 or number > 255 else 50
        self.assertGreater(number, 260)


class ReceiveTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.root = Path(self.mktemp())
        self.archive = FileArchive(self.root, in_thread=at_once)
        self.archive.prepare()
        self.addCleanup(self.archive.close)

    def store(self, what: IncomingInstance, data: bytes) -> Deferred[None]:
        sink = self.archive.receive(what)
        for piece in pieces(data, 999):
            sink.write(piece)
        return sink.finish()

    def test_it_is_what_it_says(self) -> None:
        verifyObject(IInstanceReceiver, self.archive)

    def test_what_was_stored_lies_where_the_archive_says(self) -> None:
        self.successResultOf(self.store(INSTANCE, DATA))
        path = self.archive.path_of(UID)
        header = read_header(path)
        self.assertEqual(UID, header.sop_instance_uid)
        self.assertEqual(DATA, path.read_bytes()[header.data_offset :])
        self.assertEqual(0o640, stat.S_IMODE(path.stat().st_mode))

    def test_nothing_is_on_the_disk_before_the_first_bytes_are_written(self) -> None:
        before = files_below(self.root)
        sink = self.archive.receive(INSTANCE)
        sink.write(memoryview(DATA))
        self.assertEqual(before, files_below(self.root))

    def test_nothing_hostile_ever_names_a_file(self) -> None:
        around = self.root.absolute().parent
        before = files_below(around)
        for text in HOSTILE:
            for field in ("sop_instance_uid", "sop_class_uid", "transfer_syntax_uid"):
                what = dataclasses.replace(INSTANCE, **{field: text})
                self.assertRaises(InvalidInstance, self.store, what, DATA)
            self.assertRaises(InvalidInstance, self.archive.path_of, text)
        self.assertEqual(before, files_below(around))

    def test_hostile_ae_titles_reach_no_path(self) -> None:
        around = self.root.absolute().parent
        before = files_below(around)
        for text in (*HOSTILE, "../secret/VICTIM", "A\\B", "A\nB"):
            what = dataclasses.replace(
                INSTANCE, calling_ae_title=text, called_ae_title=text, peer=text
            )
            self.successResultOf(self.store(what, DATA))
        new = {str(self.archive.path_of(UID).absolute().relative_to(around))}
        self.assertEqual(new, files_below(around) - before)

    def test_an_archive_that_was_never_prepared_keeps_nothing_and_says_so(self) -> None:
        self.archive = FileArchive(Path(self.mktemp()), in_thread=at_once)
        self.failureResultOf(self.store(INSTANCE, DATA), OutOfResources)

    def test_after_a_disk_went_away_at_any_call_a_restart_finds_every_acknowledged_file(
        self,
    ) -> None:
        for number in range(1, 12):
            disk = FaultyDisk(failing=number, for_good=True)
            root = self.root
            uid = f"{UID}.{number}"
            dying = FileArchive(root, in_thread=at_once, disk=disk)
            results: list[object] = []
            sink = dying.receive(instance(number))
            sink.write(memoryview(data_set(instance(number))))
            sink.finish().addBoth(results.append)
            self.archive.close()

            self.archive = FileArchive(root, in_thread=at_once)
            self.archive.prepare()
            self.assertEqual([], list((root / "incoming").iterdir()))
            path = self.archive.path_of(uid)
            if path.exists():
                content = meta_bytes(instance(number)) + data_set(instance(number))
                self.assertEqual(content, path.read_bytes())
            if results == [None]:
                self.assertTrue(path.exists(), disk.calls)
            self.successResultOf(self.store(instance(number), data_set(instance(number))))
        self.addCleanup(self.archive.close)


class DuplicateTests(ArchiveCase):
    """Other bytes of an instance that is kept: what each policy makes of them."""

    def setUp(self) -> None:
        super().setUp()
        self.first, self.second = data_set(), OTHER

    def content(self, name: str) -> bytes:
        return (self.root / "objects" / name).read_bytes()[len(meta_bytes(INSTANCE)) :]

    @property
    def found(self) -> bytes:
        """What is found by the UID."""
        return self.content(self.index.rows[UID].path.removeprefix("objects/"))

    def kinds(self) -> list[ArchiveEventKind]:
        return [event.kind for event in self.events]

    def test_refused_ones_leave_nothing_and_both_hashes_are_told(self) -> None:
        archive = self.archive()
        lines: list[str] = []
        observer: Any = lambda event: lines.append(formatEvent(event))  # noqa: E731  # short
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)
        self.successResultOf(self.store(archive, data=self.first))
        self.failureResultOf(self.store(archive, data=self.second), DuplicateInstance)
        self.successResultOf(self.store(archive, data=self.first))
        self.assertEqual(self.first, self.found)
        (event,) = self.events
        self.assertIs(ArchiveEventKind.REFUSED, event.kind)
        self.assertEqual(sha256(self.first).hexdigest(), event.kept_sha256)
        self.assertEqual(sha256(self.second).hexdigest(), event.received_sha256)
        self.assertEqual("CT_ROOM_1", event.calling_ae_title)
        self.assertEqual((1, set()), (len(self.kept), self.incoming))
        (line,) = [line for line in lines if "refused" in line]
        for told in (UID, "'CT_ROOM_1'", event.kept_sha256, event.received_sha256):
            self.assertIn(told, line)

    def test_the_same_bytes_with_another_meaning_are_refused(self) -> None:
        archive = self.archive(index=None)
        private = dataclasses.replace(INSTANCE, transfer_syntax_uid="1.2.3")
        self.successResultOf(self.store(archive, private, self.first))
        self.failureResultOf(self.store(archive, INSTANCE, self.first), DuplicateInstance)

    def test_both_are_kept_and_the_first_is_found(self) -> None:
        archive = self.archive(duplicates=DuplicatePolicy.KEEP_BOTH)
        for data in (self.first, self.second, self.second, self.first):
            self.successResultOf(self.store(archive, data=data))
        self.assertEqual(self.first, self.found)
        self.assertEqual({self.first, self.second}, set(map(self.content, self.kept)))
        self.assertEqual([ArchiveEventKind.KEPT_BOTH] * 2, self.kinds())

    def test_the_new_one_takes_the_place_of_the_first_and_can_lose_it_again(self) -> None:
        archive = self.archive(duplicates=DuplicatePolicy.REPLACE)
        self.successResultOf(self.store(archive, data=self.first))
        for data in (self.second, self.first, data_set(pixels=b"more"), self.second):
            self.successResultOf(self.store(archive, data=data))
            self.assertEqual(data, self.found)
            self.assertEqual(1, len(self.kept))
            self.successResultOf(self.store(archive, data=data))
            self.assertEqual(1, len(self.kept))
        self.assertEqual([ArchiveEventKind.REPLACED] * 4, self.kinds())
        self.assertEqual(set(), self.incoming)

    def test_each_policy_works_without_an_index(self) -> None:
        for policy, files in (
            (DuplicatePolicy.REFUSE, 1),
            (DuplicatePolicy.KEEP_BOTH, 2),
            (DuplicatePolicy.REPLACE, 1),
        ):
            self.root = Path(self.mktemp())
            archive = self.archive(index=None, duplicates=policy)
            self.successResultOf(self.store(archive, data=self.first))
            outcome = self.store(archive, data=self.second)
            if policy is DuplicatePolicy.REFUSE:
                self.failureResultOf(outcome, DuplicateInstance)
            else:
                self.successResultOf(outcome)
            self.assertEqual(files, len(self.kept))
            here = archive.path_of(UID).read_bytes().removeprefix(meta_bytes(INSTANCE))
            self.assertEqual(self.second if policy is DuplicatePolicy.REPLACE else self.first, here)
            self.assertEqual(set(), self.incoming)

    def test_a_damaged_file_is_repaired_by_the_same_bytes(self) -> None:
        archive = self.archive()
        self.successResultOf(self.store(archive, data=self.first))
        for damage in (b"", b"x" * 500, meta_bytes(INSTANCE) + self.second):
            (name,) = self.kept
            (self.root / "objects" / name).write_bytes(damage)
            self.successResultOf(self.store(archive, data=self.first))
            self.assertEqual(self.first, self.found)
            self.assertEqual(1, len(self.kept), damage)
        self.assertEqual([ArchiveEventKind.REPAIRED] * 3, self.kinds())

    def test_a_missing_file_is_there_again_when_the_same_bytes_come(self) -> None:
        archive = self.archive()
        self.successResultOf(self.store(archive, data=self.first))
        archive.path_of(UID).unlink()
        self.index.mark(UID, Flaw.MISSING)
        self.successResultOf(self.store(archive, data=self.first))
        self.assertEqual(self.first, self.found)
        self.assertIs(Flaw.NONE, self.index.rows[UID].flaw)

    def test_without_an_index_a_damaged_file_is_not_overwritten(self) -> None:
        archive = self.archive(index=None)
        for damaged in (b"", b"x" * 500, meta_bytes(INSTANCE)):
            archive.path_of(UID).write_bytes(damaged)
            self.failureResultOf(self.store(archive, data=self.first), DuplicateInstance)
            self.assertEqual(damaged, archive.path_of(UID).read_bytes())


class LayoutTests(ArchiveCase):
    PATTERN = "{study_date:year}/{study_instance_uid}/{series_instance_uid}/{sop_instance_uid}.dcm"

    def test_files_lie_where_the_pattern_says_and_directories_are_durable(self) -> None:
        disk = FaultyDisk()
        archive = self.archive(layout=Layout(self.PATTERN), disk=disk)
        self.successResultOf(self.store(archive))
        self.assertEqual({f"2026/{STUDY}/{SERIES}/{UID}.dcm"}, self.kept)
        objects = self.root.absolute() / "objects"
        for made in (objects, objects / "2026", objects / "2026" / STUDY):
            self.assertIn(made, disk.synced)
        for path in (self.root / "objects").rglob("*"):
            expected = 0o750 if path.is_dir() else 0o640
            self.assertEqual(expected, stat.S_IMODE(path.stat().st_mode), path)

    def test_a_directory_is_synced_into_the_one_above_once(self) -> None:
        disk = FaultyDisk()
        archive = self.archive(layout=Layout(self.PATTERN), disk=disk)
        self.successResultOf(self.store(archive))
        before = len(disk.synced)
        self.successResultOf(self.store(archive, instance(1)))
        self.assertEqual(before + 2, len(disk.synced))  # the file, and its directory

    def test_hostile_uids_and_dates_of_a_data_set_reach_no_path(self) -> None:
        archive = self.archive(layout=Layout(self.PATTERN))
        around = self.root.absolute().parent
        before = files_below(around)
        for text in HOSTILE:
            if text.isascii() and text.strip("\0 ") == text and len(text) < 65:
                for data in (data_set(study=text), data_set(series=text)):
                    outcome = self.store(archive, INSTANCE, data)
                    self.failureResultOf(outcome, InvalidInstance, MismatchedInstance)
        self.assertEqual(before, files_below(around))
        for number, text in enumerate(("../../..", "20261301", "", "2026/1/1")):
            what = instance(number)
            self.successResultOf(self.store(archive, what, data_set(what, study_date=text)))
        self.assertEqual({"undated"}, {Path(name).parts[0] for name in self.kept})

    def test_an_instance_in_another_study_is_the_same_instance(self) -> None:
        archive = self.archive(layout=Layout(self.PATTERN))
        self.successResultOf(self.store(archive))
        other = data_set(study="1.9")
        self.failureResultOf(self.store(archive, INSTANCE, other), DuplicateInstance)
        self.assertEqual({f"2026/{STUDY}/{SERIES}/{UID}.dcm"}, self.kept)

    def test_what_was_away_for_a_moment_is_not_given_up_for_other_bytes(self) -> None:
        archive = self.archive(layout=Layout(self.PATTERN))
        self.successResultOf(self.store(archive))
        path = self.root / self.index.rows[UID].path
        away = Path(self.mktemp())
        path.rename(away)
        self.failureResultOf(archive.open_instance(UID), DamagedInstance)
        self.assertIs(Flaw.MISSING, self.index.rows[UID].flaw)
        away.rename(path)
        other = data_set(study="1.9")
        self.failureResultOf(self.store(archive, INSTANCE, other), DuplicateInstance)
        self.assertEqual({f"2026/{STUDY}/{SERIES}/{UID}.dcm"}, self.kept)
        self.assertIs(Flaw.NONE, self.index.rows[UID].flaw)
        path.write_bytes(path.read_bytes()[:-2])
        self.failureResultOf(archive.open_instance(UID), DamagedInstance)
        self.successResultOf(self.store(archive, INSTANCE, other))
        self.assertEqual({f"2026/1.9/{SERIES}/{UID}.dcm"}, self.kept)

    def test_a_layout_can_be_changed_with_instances_in_the_archive(self) -> None:
        first = self.archive()
        self.successResultOf(self.store(first))
        first.close()
        archive = self.archive(layout=Layout(self.PATTERN))
        self.successResultOf(self.store(archive))
        self.failureResultOf(self.store(archive, data=OTHER), DuplicateInstance)
        self.successResultOf(self.store(archive, instance(1)))
        self.assertEqual(2, len(self.kept))


class ThreadTests(TestCase):
    """With the real reactor and a pool of real threads."""

    def setUp(self) -> None:
        from twisted.internet import reactor

        pool = ThreadPool(0, 8)
        pool.start()
        self.addCleanup(pool.stop)
        self.in_thread: InThread = partial(deferToThreadPool, as_any(reactor), pool)
        self.root = Path(self.mktemp())

    def prepared(self, **arguments: object) -> FileArchive:
        archive = FileArchive(self.root, in_thread=self.in_thread, **as_any(arguments))
        archive.prepare()
        self.addCleanup(archive.close)
        return archive

    async def store(self, archive: FileArchive, what: IncomingInstance, data: bytes) -> str:
        """Send as an association does; the name of the outcome."""
        sink = archive.receive(what)
        for piece in pieces(data, 16384):
            room = sink.write(piece)
            if room is not None:
                await room
        try:
            await sink.finish()
        except StorageError as error:
            return type(error).__name__
        return "kept"

    async def test_a_large_object_is_kept_bit_by_bit(self) -> None:
        archive = self.prepared()
        data = data_set(pixels=os.urandom(1 << 20) * 20)
        self.assertEqual("kept", await self.store(archive, INSTANCE, data))
        self.assertEqual(meta_bytes(INSTANCE) + data, archive.path_of(UID).read_bytes())

    async def test_nothing_touches_the_disk_in_the_reactor_thread(self) -> None:
        reactor_thread = threading.get_ident()
        here: list[str] = []

        class Watched(FaultyDisk):
            def _call(self, name: str) -> None:
                super()._call(name)
                if threading.get_ident() == reactor_thread:
                    here.append(name)

        disk = Watched()
        archive = self.prepared(disk=disk)
        self.assertIn("fsync", here)  # prepare() was called here, so the watch works
        here.clear()
        large = data_set(pixels=bytes(3 << 20))
        self.assertEqual("kept", await self.store(archive, INSTANCE, large))
        self.assertEqual("kept", await self.store(archive, INSTANCE, large))
        sink = archive.receive(instance(1))
        sink.write(memoryview(bytes(3 << 20)))
        sink.discard()
        self.assertEqual([], here)
        while files_below(self.root / "incoming"):
            await self.in_thread(threading.Event().wait, 0.001)

    async def test_two_senders_of_one_instance_at_once_make_one_complete_file(self) -> None:
        archive = self.prepared()
        stores = []
        for number in range(200):
            data = data_set(instance(number))
            stores += [
                ensureDeferred(self.store(archive, instance(number), data)) for _ in range(2)
            ]
        for success, outcome in await DeferredList(stores, consumeErrors=True):
            self.assertEqual((True, "kept"), (success, outcome))
        self.assertEqual(200, len(files_below(self.root / "objects")))
        for number in range(200):
            content = archive.path_of(f"{UID}.{number}").read_bytes()
            self.assertEqual(meta_bytes(instance(number)) + data_set(instance(number)), content)

    async def test_two_senders_of_other_bytes_at_once_get_one_truth_each(self) -> None:
        archive = self.prepared()
        for number in range(100):
            what = instance(number)
            first, second = (data_set(what, pixels=bytes([byte]) * 5000) for byte in (1, 2))
            outcomes = await DeferredList(
                [
                    ensureDeferred(self.store(archive, instance(number), data))
                    for data in (first, second)
                ]
            )
            answers = [str(outcome) for _, outcome in outcomes]
            self.assertEqual(sorted(("kept", DuplicateInstance.__name__)), sorted(answers))
            winner = first if answers[0] == "kept" else second
            content = archive.path_of(f"{UID}.{number}").read_bytes()
            self.assertEqual(meta_bytes(instance(number)) + winner, content)
        self.assertEqual(100, len(files_below(self.root / "objects")))
