"""Tests of :mod:`txdicomtls.archive.sink`, with threads that work when the test says so."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.archive.doubles import INSTANCE, FaultyDisk, Jobs, files_below, pieces
from tests.archive.instances import data_set
from tests.archive.test_draft import identified
from txdicomtls.archive.disk import Disk
from txdicomtls.archive.draft import Draft, Sealed
from txdicomtls.archive.inspection import Inspection
from txdicomtls.archive.sink import JOB_SIZE, MOST_WAITING, FileSink
from txdicomtls.errors import CannotUnderstand, DuplicateInstance, OutOfResources
from txdicomtls.interfaces import IInstanceSink
from txdicomtls.part10 import meta_bytes

META = meta_bytes(INSTANCE)
SMALL = data_set()
PIECE = 16384
LARGE = data_set(pixels=os.urandom(PIECE) * 640)  # 10 MiB
#: A data set whose end has not come when these have.
BEGUN = LARGE[: 2 * JOB_SIZE]


class SinkTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.root = Path(self.mktemp())
        self.root.mkdir()
        self.jobs = Jobs()
        self.failures: list[Failure] = []
        self.refusing = False
        self.sink = self.make()

    def make(self, disk: Disk = os, *, largest: int | None = None) -> FileSink:
        draft = Draft(
            self.root / "temporary", INSTANCE, Inspection(INSTANCE), identified, disk=disk
        )
        return FileSink(draft, self.jobs, self.keep, largest=largest, failed=self.failures.append)

    def keep(self, seal: Callable[[], Sealed], *, takes_long: bool) -> Deferred[None]:
        self.takes_long = takes_long
        return self.jobs(seal).addCallback(self.kept_for_good)

    def kept_for_good(self, sealed: Sealed) -> None:
        assert sealed.descriptor is not None
        os.close(sealed.descriptor)
        if self.refusing:
            raise DuplicateInstance("other bytes")
        sealed.temporary.rename(self.root / "final")

    @property
    def kept(self) -> bytes:
        return (self.root / "final").read_bytes()

    def write(self, data: bytes) -> list[Deferred[None]]:
        """Write in pieces like a careful sender: on to the first that has to wait."""
        for piece in pieces(data, PIECE):
            room = self.sink.write(piece)
            if room is not None:
                return [room]
        return []

    def write_all(self, data: bytes) -> None:
        """Write everything, doing the jobs whenever the sink asks to wait."""
        for piece in pieces(data, PIECE):
            room = self.sink.write(piece)
            while room is not None and not room.called:
                self.jobs.do_one()

    def test_it_is_what_it_says(self) -> None:
        verifyObject(IInstanceSink, self.sink)

    def test_a_small_object_is_one_job(self) -> None:
        for piece in pieces(SMALL, 3):
            self.assertIsNone(self.sink.write(piece))
        self.assertEqual([], self.jobs.waiting)
        finished = self.sink.finish()
        self.assertEqual(1, len(self.jobs.waiting))
        self.assertNoResult(finished)
        self.jobs.do_one()
        self.assertIsNone(self.successResultOf(finished))
        self.assertEqual(META + SMALL, self.kept)
        self.assertEqual([], self.jobs.waiting)

    def test_it_says_whether_there_is_much_left_to_be_done_at_the_end(self) -> None:
        for data, takes_long in ((SMALL, False), (LARGE[: JOB_SIZE // 2], True)):
            self.sink = self.make()
            self.write(data)
            self.sink.finish().addErrback(lambda _: None)
            self.assertIs(takes_long, self.takes_long)
            self.jobs.do_all()

    def test_a_large_object_arrives_in_order_and_whole(self) -> None:
        self.write_all(LARGE)
        finished = self.sink.finish()
        self.jobs.do_all()
        self.successResultOf(finished)
        self.assertEqual(META + LARGE, self.kept)

    def test_one_job_is_under_way_at_a_time(self) -> None:
        self.write(LARGE)
        self.assertEqual(1, len(self.jobs.waiting))
        self.jobs.do_one()
        self.assertEqual(1, len(self.jobs.waiting))

    def test_a_job_begins_at_about_one_mebibyte(self) -> None:
        self.write(LARGE[: JOB_SIZE - 2 * PIECE])
        self.assertEqual([], self.jobs.waiting)
        self.write(LARGE[: 2 * PIECE])
        self.assertEqual(1, len(self.jobs.waiting))

    def test_the_sender_waits_at_six_mebibytes_until_the_disk_has_kept_up(self) -> None:
        written = 0
        room: Deferred[None] | None = None
        while room is None:
            room = self.sink.write(memoryview(LARGE)[:PIECE])
            written += PIECE
        self.assertLessEqual(written, MOST_WAITING + PIECE)
        self.assertGreater(written, MOST_WAITING * 0.9)
        self.assertNoResult(room)
        self.jobs.do_one()
        self.assertIsNone(self.successResultOf(room))

    def test_every_write_that_had_to_wait_is_told(self) -> None:
        rooms = self.write(LARGE)
        again = self.sink.write(memoryview(SMALL))
        assert again is not None
        self.jobs.do_one()
        for room in (*rooms, again):
            self.successResultOf(room)

    def test_very_small_fragments_do_not_fill_the_memory(self) -> None:
        count = 0
        for piece in pieces(LARGE, 2):
            count += 1
            if self.sink.write(piece) is not None:
                break
        self.assertLess(count, 30000)

    def test_empty_pieces_are_nothing(self) -> None:
        self.assertIsNone(self.sink.write(memoryview(b"")))
        self.sink.write(memoryview(SMALL))
        self.sink.write(memoryview(b""))
        finished = self.sink.finish()
        self.jobs.do_all()
        self.successResultOf(finished)
        self.assertEqual(META + SMALL, self.kept)

    def test_finishing_waits_for_the_job_under_way(self) -> None:
        data = data_set(pixels=bytes(2 * JOB_SIZE))
        self.write(data)
        finished = self.sink.finish()
        self.assertEqual(1, len(self.jobs.waiting))
        self.jobs.do_one()
        self.assertNoResult(finished)
        self.jobs.do_one()
        self.successResultOf(finished)
        self.assertEqual(META + data, self.kept)

    def test_what_cannot_be_kept_is_told(self) -> None:
        self.refusing = True
        self.sink = self.make()
        self.sink.write(memoryview(SMALL))
        finished = self.sink.finish()
        self.jobs.do_all()
        self.failureResultOf(finished, DuplicateInstance)

    def test_a_data_set_over_the_limit_is_refused_and_one_at_it_is_kept(self) -> None:
        for data in (SMALL, LARGE):
            self.sink = self.make(largest=len(data))
            self.write_all(data)
            finished = self.sink.finish()
            self.jobs.do_all()
            self.successResultOf(finished)
            (self.root / "final").unlink()
            self.sink = self.make(largest=len(data) - 1)
            self.write_all(data)
            finished = self.sink.finish()
            self.jobs.do_all()
            self.assertIn("larger", str(self.failureResultOf(finished, OutOfResources).value))
            self.assertEqual(set(), files_below(self.root))

    def test_nobody_waits_for_the_disk_with_what_is_over_the_limit(self) -> None:
        self.sink = self.make(largest=len(LARGE) // 2)
        self.write(LARGE)
        for _ in range(100):
            self.assertIsNone(self.sink.write(memoryview(LARGE)))
        self.sink.discard()
        self.jobs.do_all()
        self.assertEqual(set(), files_below(self.root))

    def test_an_odd_or_empty_data_set_is_not_understood(self) -> None:
        empty = self.sink.finish()
        self.jobs.do_all()
        self.failureResultOf(empty, CannotUnderstand)
        self.sink = self.make()
        self.write_all(LARGE + b"x")
        odd = self.sink.finish()
        self.jobs.do_all()
        self.failureResultOf(odd, CannotUnderstand)
        self.assertEqual(set(), files_below(self.root))

    def test_after_an_error_the_rest_is_dropped_and_finishing_fails(self) -> None:
        # The calls are open, fchmod, writev; the second job's first write is the fourth.
        for failing in (1, 3, 4):
            self.sink = self.make(FaultyDisk(failing=failing, code=errno.ENOSPC))
            for piece in pieces(LARGE, PIECE):
                room = self.sink.write(piece)
                if room is not None:
                    self.jobs.do_all()
                    self.successResultOf(room)
            self.jobs.do_all()
            self.assertIsNone(self.sink.write(memoryview(LARGE)))
            self.assertEqual(set(), files_below(self.root))
            finished = self.sink.finish()
            self.jobs.do_all()
            error = self.failureResultOf(finished, OutOfResources).value
            self.assertIn("no space left", str(error))
            self.assertIs(error, self.failures.pop().value)

    def test_an_error_while_finishing_waits_is_told(self) -> None:
        self.sink = self.make(FaultyDisk(failing=3))
        self.write(BEGUN)
        finished = self.sink.finish()
        self.jobs.do_all()
        self.failureResultOf(finished, OutOfResources)
        self.assertEqual(set(), files_below(self.root))

    def test_discarding_a_small_object_needs_no_thread(self) -> None:
        self.sink.write(memoryview(SMALL))
        self.sink.discard()
        self.assertEqual([], self.jobs.waiting)
        self.assertEqual(set(), files_below(self.root))

    def test_discarding_between_jobs_removes_what_was_written(self) -> None:
        self.write(LARGE[: JOB_SIZE + PIECE])
        self.jobs.do_one()
        self.assertEqual({"temporary"}, files_below(self.root))
        self.sink.discard()
        self.jobs.do_all()
        self.assertEqual(set(), files_below(self.root))

    def test_discarding_during_a_job_happens_after_it(self) -> None:
        self.write(LARGE)
        self.sink.discard()
        self.assertEqual(1, len(self.jobs.waiting))
        self.jobs.do_one()
        self.assertEqual({"temporary"}, files_below(self.root))
        self.jobs.do_all()
        self.assertEqual(set(), files_below(self.root))

    def test_discarding_lets_nobody_wait(self) -> None:
        rooms = self.write(LARGE)
        self.sink.discard()
        self.jobs.do_all()
        self.assertIsNone(self.successResultOf(rooms[0]))

    def test_discarding_during_a_job_that_fails_leaves_nothing(self) -> None:
        self.sink = self.make(FaultyDisk(failing=3))
        self.write(LARGE)
        self.sink.discard()
        self.jobs.do_all()
        self.assertEqual(set(), files_below(self.root))

    def test_who_stops_waiting_for_the_end_does_not_disturb_it(self) -> None:
        self.sink.write(memoryview(SMALL))
        finished = self.sink.finish()
        finished.cancel()
        self.failureResultOf(finished, CancelledError)
        self.jobs.do_all()
        self.assertEqual(META + SMALL, self.kept)
