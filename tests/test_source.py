"""A file as the data set of a request."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.archive.doubles import Jobs, at_once, open_descriptors
from tests.scu.files import ELEMENT, make_file
from txdicomtls import part10, source, uids
from txdicomtls.errors import NotADicomFile
from txdicomtls.source import FileSource, open_source
from txdicomtls.threads import InThread

FRAGMENT = 16378  # of a peer that takes 16384
BLOCK = (1 << 20) // FRAGMENT * FRAGMENT


class SourceCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.path = Path(self.mktemp())
        before = open_descriptors()
        self.addCleanup(lambda: self.assertEqual(before, open_descriptors()))

    def file(self, data: bytes, **more: str) -> Path:
        return make_file(self.path, data, **more)

    def read(self, opened: FileSource, in_thread: InThread = at_once) -> Deferred[list[Any]]:
        async def collect() -> list[Any]:
            return [block async for block in opened.blocks(in_thread)]

        return Deferred.fromCoroutine(collect())


class BlockTests(SourceCase):
    def test_a_small_file_is_one_block_and_needs_no_descriptor_any_more(self) -> None:
        opened = open_source(self.file(ELEMENT), FRAGMENT)
        self.assertIsNone(opened.descriptor)
        self.assertEqual([(ELEMENT, True)], self.successResultOf(self.read(opened)))

    def test_blocks_are_whole_fragments_and_the_last_is_marked(self) -> None:
        for length in (BLOCK - 2, BLOCK, BLOCK + 2, 2 * BLOCK, 2 * BLOCK + 500):
            data = os.urandom(length)
            opened = open_source(self.file(data), FRAGMENT)
            blocks = self.successResultOf(self.read(opened))
            self.assertTrue(data == b"".join(block for block, _ in blocks), length)
            self.assertEqual([False] * (len(blocks) - 1) + [True], [last for _, last in blocks])
            self.assertEqual([BLOCK] * (len(blocks) - 1), [len(block) for block, _ in blocks[:-1]])
            self.assertTrue(blocks[-1][0])

    def test_a_fragment_larger_than_a_block_is_a_block(self) -> None:
        fragment = (1 << 20) + 2
        opened = open_source(self.file(bytes(fragment + 100)), fragment)
        lengths = [len(block) for block, _ in self.successResultOf(self.read(opened))]
        self.assertEqual([fragment, 100], lengths)

    def test_the_next_block_is_read_while_this_one_is_on_its_way(self) -> None:
        jobs = Jobs()
        blocks = open_source(self.file(bytes(2 * BLOCK)), FRAGMENT).blocks(jobs)

        async def take() -> Any:
            return await anext(blocks)

        block, last = self.successResultOf(Deferred.fromCoroutine(take()))
        self.assertEqual((BLOCK, False, 1), (len(block), last, len(jobs.waiting)))
        following = Deferred.fromCoroutine(take())
        self.assertNoResult(following)
        jobs.waiting.pop()()
        self.assertEqual((bytes(BLOCK), True), self.successResultOf(following))
        ending = Deferred.fromCoroutine(take())
        jobs.waiting.pop()()
        self.failureResultOf(ending, StopAsyncIteration)

    def test_who_stops_early_closes_the_file(self) -> None:
        blocks: Any = open_source(self.file(bytes(3 * BLOCK)), FRAGMENT).blocks(at_once)

        async def take_one() -> None:
            await anext(blocks)
            await blocks.aclose()

        self.successResultOf(Deferred.fromCoroutine(take_one()))


class TroubleTests(SourceCase):
    def test_a_file_that_became_shorter_is_never_passed_off_as_whole(self) -> None:
        opened = open_source(self.file(bytes(2 * BLOCK + 500)), FRAGMENT)
        os.truncate(self.path, BLOCK + 10_000)
        error = self.failureResultOf(self.read(opened), NotADicomFile).value
        self.assertIn("shorter", str(error))
        self.assertEqual(str(self.path), error.path)

    def test_a_file_that_became_shorter_before_it_was_opened_is_refused(self) -> None:
        read_header = part10.read_header

        def too_late(path: Path) -> Any:
            header = read_header(path)
            os.truncate(path, header.data_offset + 2)
            return header

        self.patch(source, "read_header", too_late)
        self.assertRaises(NotADicomFile, open_source, self.file(ELEMENT), FRAGMENT)

    def test_a_file_that_is_gone_before_it_was_opened_is_refused(self) -> None:
        read_header = part10.read_header

        def too_late(path: Path) -> Any:
            header = read_header(path)
            path.unlink()
            return header

        self.patch(source, "read_header", too_late)
        self.assertRaises(NotADicomFile, open_source, self.file(ELEMENT), FRAGMENT)

    def test_what_is_no_dicom_file_is_refused(self) -> None:
        self.path.write_bytes(b"not DICOM")
        self.assertRaises(NotADicomFile, open_source, self.path, FRAGMENT)

    def test_a_data_set_of_odd_length_is_refused(self) -> None:
        error = self.assertRaises(NotADicomFile, open_source, self.file(ELEMENT + b"x"), FRAGMENT)
        self.assertIn("odd", str(error))

    def test_a_deflated_data_set_of_odd_length_gets_the_byte_that_it_lacks(self) -> None:
        for length in (11, BLOCK + 1, 2 * BLOCK + 1):
            data = os.urandom(length)
            path = self.file(data, transfer_syntax=uids.DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN)
            blocks = self.successResultOf(self.read(open_source(path, FRAGMENT)))
            self.assertTrue(data + b"\0" == b"".join(block for block, _ in blocks))

    def test_a_deflated_data_set_of_even_length_is_left_alone(self) -> None:
        path = self.file(b"abcd", transfer_syntax=uids.DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN)
        blocks = self.successResultOf(self.read(open_source(path, FRAGMENT)))
        self.assertEqual([(b"abcd", True)], blocks)
