"""Tests of :mod:`txdicomtls.archive.retrieval` and :mod:`txdicomtls.archive.outgoing`."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from zope.interface.verify import verifyObject

from tests.archive.doubles import Jobs, as_any, open_descriptors
from tests.archive.provided import (
    CT,
    EXPLICIT,
    ProviderCase,
    all_of,
    at_once,
    bytes_of,
    retrieval,
    sent,
)
from txdicomtls.archive import ArchiveRetrievals, Converter
from txdicomtls.archive import retrieval as module
from txdicomtls.archive.outgoing import BLOCK, OutgoingDataSet
from txdicomtls.codes import Level, Root
from txdicomtls.errors import (
    DamagedInstance,
    IndexUnavailable,
    NotADicomFile,
    OutOfResources,
    UnknownInstance,
)
from txdicomtls.index import Flaw
from txdicomtls.interfaces import IRetrieveProvider
from txdicomtls.uids import EXPLICIT_VR_BIG_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN

JPEG = "1.2.840.10008.1.2.4.50"
LARGE = bytes(range(256)) * 8192  # two blocks, and the head of the data set


class RetrievalTests(ProviderCase):
    def setUp(self) -> None:
        super().setUp()
        self.provider = ArchiveRetrievals(self.kept_in, self.known, at_once)
        # The index keeps its connections, for writing and for reading: before anything is counted
        # they are there.
        self.known.remove("1.2.3.4.0")
        self.known.get(["1.2.3.4.0"])

    def uids(self, asked: Any) -> list[str]:
        selected = self.result(sent(self.provider.select(asked)))
        return [each.sop_instance_uid for each in selected]

    def one(self, uid: str = "1.2.3.4.1") -> Any:
        (found,) = self.result(sent(self.provider.select(retrieval(Level.IMAGE, IMAGE=uid))))
        return found

    def test_it_is_a_provider(self) -> None:
        self.assertTrue(verifyObject(IRetrieveProvider, self.provider))

    def test_unique_keys_of_all_levels_choose(self) -> None:
        for study, series, number in ((1, 1, 1), (1, 1, 2), (1, 2, 1), (2, 1, 1)):
            self.keep(
                f"1.2.{study}.{series}.{number}",
                study=f"1.2.{study}",
                series=f"1.2.{study}.{series}",
            )
        for asked, wanted in (
            (retrieval(Level.STUDY, STUDY="1.2.1"), ["1.2.1.1.1", "1.2.1.1.2", "1.2.1.2.1"]),
            (
                retrieval(Level.STUDY, STUDY="1.2.1\\1.2.2"),
                ["1.2.1.1.1", "1.2.1.1.2", "1.2.1.2.1", "1.2.2.1.1"],
            ),
            (retrieval(Level.SERIES, STUDY="1.2.1", SERIES="1.2.1.2"), ["1.2.1.2.1"]),
            (retrieval(Level.SERIES, SERIES="1.2.1.1"), ["1.2.1.1.1", "1.2.1.1.2"]),
            (retrieval(Level.IMAGE, STUDY="1.2.2", IMAGE="1.2.1.1.1"), []),
            (retrieval(Level.IMAGE, IMAGE="1.2.2.1.1\\1.2.1.1.1\\1.9"), ["1.2.1.1.1", "1.2.2.1.1"]),
            (retrieval(Level.STUDY, STUDY="1.2.9"), []),
        ):
            self.assertEqual(wanted, sorted(self.uids(asked)), asked.keys)
            selection = self.result(self.provider.select(asked))
            self.assertEqual(len(wanted), selection.count)

    def test_a_patient_is_chosen_by_the_id(self) -> None:
        self.keep("1.2.3.4.1")
        asked = retrieval(Level.PATIENT, root=Root.PATIENT, PATIENT="nobody")
        self.assertEqual([], self.uids(asked))

    def test_pages_are_read_when_they_are_asked_for_and_what_arrives_later_is_not_sent(
        self,
    ) -> None:
        self.patch(module, "PAGE", 2)
        for number in range(5):
            self.keep(f"1.2.3.4.{number}")

        async def take_all() -> list[str]:
            selection = await self.provider.select(retrieval(Level.STUDY, STUDY="1.2.3"))
            found: list[str] = []
            async for each in as_any(selection.instances):
                if not found:
                    self.keep("1.2.3.4.99")
                found.append(each.sop_instance_uid)
            return found

        self.assertEqual([f"1.2.3.4.{number}" for number in range(5)], self.result(take_all()))

    def test_what_is_sent_is_what_was_received(self) -> None:
        before = open_descriptors()
        for pixels in (b"\1\2", LARGE, bytes(BLOCK), bytes(BLOCK * 3)):
            data = self.keep("1.2.3.4.1", pixels=pixels)
            self.assertEqual(data, self.result(bytes_of(self.one())))
            self.known.remove("1.2.3.4.1")
            self.path_of("1.2.3.4.1").unlink()
        self.assertEqual(before, open_descriptors())

    def test_blocks_are_made_of_whole_fragments(self) -> None:
        data = self.keep("1.2.3.4.1", pixels=LARGE)
        for fragment in (1, 1024, 16_372, 131_060, BLOCK, 3 * BLOCK):
            self.assertEqual(data, self.result(bytes_of(self.one(), fragment=fragment)))

    def test_damage_is_found_before_the_first_byte_is_sent(self) -> None:
        for pixels in (b"\1\2", LARGE):
            self.keep("1.2.3.4.1", pixels=pixels)
            self.damage("1.2.3.4.1")
            self.fails(self.one().open(EXPLICIT, 1000), DamagedInstance)
            self.assertIs(Flaw.DAMAGED, self.known.get(["1.2.3.4.1"])["1.2.3.4.1"].flaw)
            self.known.remove("1.2.3.4.1")
            self.path_of("1.2.3.4.1").unlink()

    def test_others_go_on_without_what_is_damaged(self) -> None:
        wanted = {f"1.2.3.4.{number}": self.keep(f"1.2.3.4.{number}") for number in range(4)}
        self.damage("1.2.3.4.2")
        self.path_of("1.2.3.4.3").unlink()
        selected = self.result(sent(self.provider.select(retrieval(Level.STUDY, STUDY="1.2.3"))))
        for each in selected[:2]:
            self.assertEqual(wanted[each.sop_instance_uid], self.result(bytes_of(each)))
        for each, flaw in zip(selected[2:], (Flaw.DAMAGED, Flaw.MISSING), strict=True):
            self.fails(bytes_of(each), DamagedInstance)
            uid = each.sop_instance_uid
            self.assertIs(flaw, self.known.get([uid])[uid].flaw)

    def test_what_is_very_large_is_checked_before_its_last_block(self) -> None:
        self.provider = ArchiveRetrievals(self.kept_in, self.known, at_once, checked_first=BLOCK)
        before = open_descriptors()
        data = self.keep("1.2.3.4.1", pixels=LARGE)
        self.assertEqual(data, self.result(bytes_of(self.one())))
        self.damage("1.2.3.4.1")
        blocks: list[tuple[Any, bool]] = []

        async def read() -> None:
            opened = await self.one_of(self.provider).open(EXPLICIT, 1000)
            async for block, last in opened.blocks():
                blocks.append((block, last))

        self.fails(read(), DamagedInstance)
        self.assertTrue(blocks)
        self.assertNotIn(True, [last for _, last in blocks])
        # Once it is known, a second attempt does not even begin.
        self.fails(self.one().open(EXPLICIT, 1000), DamagedInstance)
        self.assertEqual(before, open_descriptors())

    def one_of(self, provider: ArchiveRetrievals) -> Any:
        return provider.outgoing(self.known.get(["1.2.3.4.1"])["1.2.3.4.1"])

    def test_what_was_removed_meanwhile_is_unknown(self) -> None:
        self.keep("1.2.3.4.1")
        outgoing = self.one()
        self.known.remove("1.2.3.4.1")
        self.fails(outgoing.open(EXPLICIT, 1000), UnknownInstance)

    def test_without_a_converter_there_is_one_transfer_syntax(self) -> None:
        self.keep("1.2.3.4.1")
        self.assertEqual((EXPLICIT,), self.one().transfer_syntaxes)
        before = open_descriptors()
        self.fails(self.one().open(IMPLICIT_VR_LITTLE_ENDIAN, 1000), NotADicomFile)
        self.assertEqual(before, open_descriptors())

    def test_an_uncompressed_instance_is_sent_in_another_transfer_syntax(self) -> None:
        converter = Converter(self.kept_in.incoming)
        self.provider = ArchiveRetrievals(self.kept_in, self.known, at_once, converter=converter)
        self.keep("1.2.3.4.1", pixels=LARGE)
        before = open_descriptors()
        found = self.one()
        self.assertEqual((EXPLICIT, IMPLICIT_VR_LITTLE_ENDIAN), found.transfer_syntaxes[:2])
        self.assertEqual(4, len(found.transfer_syntaxes))
        big = self.result(bytes_of(found, EXPLICIT_VR_BIG_ENDIAN))
        self.assertEqual(b"\x00\x08\x00\x16UI", big[:6])
        self.assertTrue(big.endswith(LARGE[-100:]))  # OB has no words
        self.damage("1.2.3.4.1")
        self.fails(found.open(EXPLICIT_VR_BIG_ENDIAN, 1000), DamagedInstance)
        self.assertEqual(before, open_descriptors())
        self.assertEqual(set(), self.incoming)

    def test_a_compressed_instance_is_sent_as_it_is(self) -> None:
        self.provider = ArchiveRetrievals(
            self.kept_in, self.known, at_once, converter=Converter(self.kept_in.incoming)
        )
        data = self.keep("1.2.3.4.1", syntax=JPEG)
        self.assertEqual((JPEG,), self.one().transfer_syntaxes)
        self.assertEqual(CT, self.one().sop_class_uid)
        self.assertEqual(data, self.result(bytes_of(self.one(), JPEG)))

    def test_an_index_that_is_away_is_an_error_of_its_own(self) -> None:
        def away(keys: Any) -> int:
            raise IndexUnavailable("here", "gone")

        self.patch(self.known, "count", away)
        self.fails(self.provider.select(retrieval(Level.STUDY, STUDY="1.2")), IndexUnavailable)


class Bytes:
    """Something to be read that knows whether it was closed."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.is_closed = False

    def read(self, size: int) -> bytes:
        assert not self.is_closed
        taken, self.data = self.data[:size], self.data[size:]
        return taken

    def close(self) -> None:
        self.is_closed = True


class OutgoingTests(ProviderCase):
    def opened(self, size: int, jobs: Any = at_once) -> tuple[Bytes, OutgoingDataSet]:
        source = Bytes(bytes(size))
        return source, OutgoingDataSet(source, size, fragment=1000, in_thread=jobs)

    def test_who_stops_in_between_closes_it(self) -> None:
        source, opened = self.opened(5 * BLOCK)

        async def take_one() -> None:
            async with aclosing(opened.blocks()) as blocks:
                await anext(blocks)

        self.result(take_one())
        self.assertTrue(source.is_closed)

    def test_it_can_be_closed_without_asking_for_blocks(self) -> None:
        source, opened = self.opened(5 * BLOCK)
        opened.begin()
        self.result(opened.close())
        self.result(opened.close())
        self.assertTrue(source.is_closed)

    def test_what_fits_into_one_block_is_closed_at_once(self) -> None:
        source, opened = self.opened(100)
        opened.begin()
        self.assertTrue(source.is_closed)
        self.assertEqual([(bytes(100), True)], self.result(all_of(opened.blocks())))

    def test_one_block_is_read_ahead_and_no_more(self) -> None:
        jobs = Jobs()
        source, opened = self.opened(5 * BLOCK, jobs)
        blocks = opened.blocks()
        first = Deferred.fromCoroutine(as_any(anext(blocks)))
        jobs.do_one()
        block, _ = self.successResultOf(first)
        self.assertEqual(1, len(jobs.waiting))
        jobs.do_all()
        self.assertEqual(5 * BLOCK - 2 * len(block), len(source.data))
        self.assertEqual([], jobs.waiting)
        closing = Deferred.fromCoroutine(as_any(blocks.aclose()))
        jobs.do_all()
        self.successResultOf(closing)
        self.assertTrue(source.is_closed)

    def test_who_is_cancelled_while_waiting_closes_it(self) -> None:
        jobs = Jobs()
        source, opened = self.opened(5 * BLOCK, jobs)
        waiting = Deferred.fromCoroutine(as_any(anext(opened.blocks())))
        waiting.cancel()
        jobs.do_all()
        self.failureResultOf(waiting, CancelledError)
        self.assertTrue(source.is_closed)

    def test_what_is_shorter_than_it_was_is_not_sent_to_its_end(self) -> None:
        source = Bytes(bytes(BLOCK * 2))
        opened = OutgoingDataSet(source, BLOCK * 3, fragment=1000, in_thread=at_once)
        self.fails(all_of(opened.blocks()), OutOfResources)
        self.assertTrue(source.is_closed)
