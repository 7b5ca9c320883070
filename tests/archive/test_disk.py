"""Tests of :mod:`txdicomtls.archive.disk`."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.archive.doubles import FaultyDisk, pieces
from txdicomtls.archive.disk import joined_in_parts, write_all


class WriteAllTests(SynchronousTestCase):
    def written(self, views: Sequence[memoryview], disk: FaultyDisk | None = None) -> bytes:
        path = Path(self.mktemp())
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
        try:
            write_all(disk or os, descriptor, views)
        finally:
            os.close(descriptor)
        return path.read_bytes()

    def test_more_buffers_than_one_call_takes(self) -> None:
        data = os.urandom(5000)
        self.assertEqual(data, self.written(list(pieces(data, 1))))

    @given(st.lists(st.binary(min_size=1, max_size=20), max_size=20), st.integers(1, 30))
    def test_short_writes_lose_and_repeat_nothing(self, buffers: list[bytes], most: int) -> None:
        disk = FaultyDisk(most=most)
        self.assertEqual(
            b"".join(buffers), self.written([memoryview(buffer) for buffer in buffers], disk)
        )

    def test_the_callers_list_is_left_as_it_was(self) -> None:
        views = list(pieces(b"abcdef", 2))
        self.written(views, FaultyDisk(most=3))
        self.assertEqual([b"ab", b"cd", b"ef"], views)

    def test_a_write_that_takes_nothing_is_an_error_and_not_for_ever(self) -> None:
        error = self.assertRaises(OSError, self.written, [memoryview(b"abc")], FaultyDisk(most=0))
        self.assertEqual(errno.EIO, error.errno)


class JoinedInPartsTests(SynchronousTestCase):
    def test_many_buffers_become_few_parts_and_nothing_is_lost(self) -> None:
        data = os.urandom(5 << 20)
        parts = list(joined_in_parts(list(pieces(data, 100_000))))
        self.assertEqual(data, b"".join(parts))
        self.assertEqual(5, len(parts))
        self.assertLess(max(map(len, parts)), (1 << 20) + 100_000)

    def test_one_buffer_is_not_copied(self) -> None:
        (view,) = pieces(bytes(3 << 20), 3 << 20)
        self.assertEqual([view.obj], [part.obj for part in joined_in_parts([view])])

    def test_nothing_is_no_part(self) -> None:
        self.assertEqual([], list(joined_in_parts([])))
        self.assertEqual([], list(joined_in_parts([memoryview(b"")])))
