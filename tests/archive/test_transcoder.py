"""Tests of :mod:`txdicomtls.archive.transcoder`: by hand, and over real files; DCMTK judges."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from twisted.trial.unittest import SynchronousTestCase

from tests.dataset.test_corpus import files
from tests.interop.peers import dcmtk
from txdicomtls.archive.transcoder import transcode
from txdicomtls.dataset import Walker
from txdicomtls.dataset.encoding import encoding_of
from txdicomtls.errors import MalformedDataSet
from txdicomtls.part10 import read_header
from txdicomtls.uids import (
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)

LITTLE = EXPLICIT_VR_LITTLE_ENDIAN
IMPLICIT = IMPLICIT_VR_LITTLE_ENDIAN
BIG = EXPLICIT_VR_BIG_ENDIAN

SYNTAXES = (LITTLE, IMPLICIT, BIG)

#: Their data sets are truncated, or lie about their lengths.
UNSOUND = ("MR_truncated.dcm", "DICOMDIR-nooffset", "rtplan_truncated.dcm")

#: Bytes; larger files have nothing that smaller ones have not, and take their time.
LARGEST = 200_000


def transcoded(data: bytes, before: str, after: str) -> bytes:
    pieces: list[bytes] = []
    transcode(BytesIO(data), encoding_of(before), pieces.append, encoding_of(after))
    return b"".join(pieces)


def explicit(tag: int, vr: bytes, value: bytes, order: str = "<") -> bytes:
    """An element whose value representation is a short one."""
    return struct.pack(f"{order}HH2sH", tag >> 16, tag & 0xFFFF, vr, len(value)) + value


def long(tag: int, vr: bytes, value: bytes, order: str = "<") -> bytes:
    """An element whose value representation is a long one."""
    return struct.pack(f"{order}HH2sHL", tag >> 16, tag & 0xFFFF, vr, 0, len(value)) + value


def implicit(tag: int, value: bytes) -> bytes:
    return struct.pack("<HHL", tag >> 16, tag & 0xFFFF, len(value)) + value


def sequence(tag: int, *items: bytes, order: str = "<") -> bytes:
    """A sequence of undefined length, as they are written."""
    marks = [struct.pack(f"{order}HHL", 0xFFFE, number, 0) for number in (0xE00D, 0xE0DD)]
    item = struct.pack(f"{order}HHL", 0xFFFE, 0xE000, 0xFFFFFFFF)
    head = struct.pack(f"{order}HH2sHL", tag >> 16, tag & 0xFFFF, b"SQ", 0, 0xFFFFFFFF)
    return head + b"".join(item + content + marks[0] for content in items) + marks[1]


class ByHandTests(SynchronousTestCase):
    def check(self, before: str, data: bytes, after: str, expected: bytes) -> None:
        self.assertEqual(expected, transcoded(data, before, after))

    def test_words_are_turned_round_by_their_size(self) -> None:
        value = bytes(range(16))
        for vr, size in {
            b"SS": 2, b"US": 2, b"AT": 2, b"FL": 4, b"SL": 4, b"UL": 4, b"FD": 8,
            b"AE": 1, b"LO": 1, b"UI": 1,
        }.items():  # fmt: skip
            turned = b"".join(value[at : at + size][::-1] for at in range(0, 16, size))
            little, big = explicit(0x00091001, vr, value), explicit(0x00091001, vr, turned, ">")
            self.check(LITTLE, little, BIG, big)
            self.check(BIG, big, LITTLE, little)

    def test_so_are_those_of_long_values(self) -> None:
        value = bytes(range(256)) * 4099  # in more than one piece, and not at its border
        for vr, size in {
            b"OW": 2, b"OF": 4, b"OL": 4, b"OD": 8, b"OV": 8, b"SV": 8, b"UV": 8, b"OB": 1,
            b"UT": 1, b"UN": 1,
        }.items():  # fmt: skip
            turned = b"".join(value[at : at + size][::-1] for at in range(0, len(value), size))
            self.check(LITTLE, long(0x7FE00010, vr, value), BIG, long(0x7FE00010, vr, turned, ">"))

    def test_what_the_dictionary_knows_gets_its_representation(self) -> None:
        self.check(
            IMPLICIT,
            implicit(0x00100010, b"A^B ") + implicit(0x00280010, b"\x01\x02"),
            BIG,
            explicit(0x00100010, b"PN", b"A^B ", ">")
            + explicit(0x00280010, b"US", b"\x02\x01", ">"),
        )

    def test_what_it_does_not_know_is_unknown_and_stays_as_it_is(self) -> None:
        self.check(
            IMPLICIT,
            implicit(0x00090010, b"NOBODY") + implicit(0x00091001, b"\x01\x02"),
            BIG,
            explicit(0x00090010, b"LO", b"NOBODY", ">") + long(0x00091001, b"UN", b"\x01\x02", ">"),
        )

    def test_private_elements_are_known_by_whoever_reserved_their_block(self) -> None:
        creator = b"SIEMENS CSA HEADER"
        self.check(
            IMPLICIT,
            implicit(0x00290010, creator) + implicit(0x00291008, b"IMAGE NUM 4 "),
            LITTLE,
            explicit(0x00290010, b"LO", creator) + explicit(0x00291008, b"CS", b"IMAGE NUM 4 "),
        )

    def test_signed_pixels_have_signed_values_also_in_items(self) -> None:
        for signed, vr in ((0, b"US"), (1, b"SS")):
            word = struct.pack("<H", signed)
            descriptor = b"\x01\x00\x02\x00\x03\x00"
            inner = implicit(0x00283002, descriptor)
            item = struct.pack("<HHL", 0xFFFE, 0xE000, len(inner)) + inner
            self.check(
                IMPLICIT,
                implicit(0x00280103, word)
                + implicit(0x00280106, b"\x05\x00")
                + implicit(0x00283000, item),
                LITTLE,
                explicit(0x00280103, b"US", word)
                + explicit(0x00280106, vr, b"\x05\x00")
                + sequence(0x00283000, explicit(0x00283002, vr, descriptor)),
            )

    def test_sequences_of_either_length_are_gone_through(self) -> None:
        content = explicit(0x00080060, b"CS", b"CT") + explicit(0x00280010, b"US", b"\x01\x02")
        turned = explicit(0x00080060, b"CS", b"CT", ">") + explicit(
            0x00280010, b"US", b"\x02\x01", ">"
        )
        item = struct.pack("<HHL", 0xFFFE, 0xE000, len(content)) + content
        expected = sequence(0x0040A730, turned, turned, order=">")
        self.check(LITTLE, long(0x0040A730, b"SQ", item * 2), BIG, expected)
        self.check(LITTLE, sequence(0x0040A730, content, content), BIG, expected)
        self.check(LITTLE, long(0x0040A730, b"SQ", b""), BIG, sequence(0x0040A730, order=">"))

    def test_an_unknown_sequence_is_in_implicit_vr_little_endian_whatever_is_around(self) -> None:
        inner = implicit(0x00280010, b"\x01\x02")
        unknown = (
            struct.pack(">HH2sHL", 0x0009, 0x1001, b"UN", 0, 0xFFFFFFFF)
            + struct.pack("<HHL", 0xFFFE, 0xE000, len(inner))
            + inner
            + struct.pack("<HHL", 0xFFFE, 0xE0DD, 0)
        )
        expected = sequence(0x00091001, explicit(0x00280010, b"US", b"\x02\x01", ">"), order=">")
        self.check(BIG, unknown, BIG, expected)

    def test_group_lengths_are_left_out(self) -> None:
        name = explicit(0x00100010, b"PN", b"A^B ")
        self.check(LITTLE, explicit(0x00100000, b"UL", bytes(4)) + name, LITTLE, name)

    def test_a_value_too_long_for_its_representation_is_unknown(self) -> None:
        value = b"x" * 70_000
        self.check(IMPLICIT, implicit(0x00104000, value), LITTLE, explicit_or_unknown(value))

    def test_text_stays_as_it_is_whatever_is_in_it(self) -> None:
        for value in (b"\xff\xfe\x00\x80", b"1.50", b"  x ", b"\x1b$B;3"):
            for tag, vr in ((0x00100010, b"PN"), (0x00281050, b"DS")):
                data = explicit(tag, vr, value.ljust(6))
                self.check(IMPLICIT, implicit(tag, value.ljust(6)), LITTLE, data)


def explicit_or_unknown(value: bytes) -> bytes:
    """Patient Comments, which may not have more than 64 KiB."""
    return long(0x00104000, b"UN", value)


class HostileTests(SynchronousTestCase):
    def check(self, before: str, data: bytes, problem: str) -> None:
        error = self.assertRaises(MalformedDataSet, transcoded, data, before, BIG)
        self.assertIn(problem, str(error))

    def test_what_is_truncated_is_refused(self) -> None:
        whole = explicit(0x00100010, b"PN", b"A^B ")
        self.check(LITTLE, whole[:5], "truncated in a header")
        self.check(LITTLE, whole[:-1], "truncated in a value")
        self.check(LITTLE, sequence(0x0040A730, whole)[:-8], "truncated in a value")
        self.check(LITTLE, sequence(0x0040A730, whole)[:-16], "truncated in a header")

    def test_what_is_longer_than_what_it_is_in_is_refused(self) -> None:
        content = explicit(0x00080060, b"CS", b"CT")
        item = struct.pack("<HHL", 0xFFFE, 0xE000, len(content) - 2) + content
        self.check(LITTLE, long(0x0040A730, b"SQ", item) + content, "longer than what it is in")
        item = struct.pack("<HHL", 0xFFFE, 0xE000, len(content)) + content
        short = struct.pack("<HH2sHL", 0x0040, 0xA730, b"SQ", 0, len(item) - 2) + item
        self.check(LITTLE, short + content, "longer than its sequence")

    def test_what_no_representation_can_be_is_refused(self) -> None:
        self.check(LITTLE, explicit(0x00100010, b"ZZ", b""), "unknown value representation")
        self.check(LITTLE, explicit(0x00280010, b"US", b"abc"), "no whole number of words")
        fragments = struct.pack("<HH2sHL", 0x7FE0, 0x0010, b"OB", 0, 0xFFFFFFFF)
        self.check(LITTLE, fragments, "undefined length where there can be none")
        self.check(LITTLE, long(0x0040A730, b"SQ", bytes(8)), "should be an item")

    def test_sequences_are_not_followed_without_end(self) -> None:
        opened = struct.pack("<HH2sHL", 0x0040, 0xA730, b"SQ", 0, 0xFFFFFFFF)
        opened += struct.pack("<HHL", 0xFFFE, 0xE000, 0xFFFFFFFF)
        self.check(LITTLE, opened * 10_000, "sequences inside each other")


class CorpusTests(SynchronousTestCase):
    """All uncompressed files that come with pydicom, and its further test data."""

    def sources(self) -> Iterator[tuple[Path, str, bytes]]:
        for path, syntax, data in files():
            sound = path.name not in UNSOUND and len(data) < LARGEST
            if sound and syntax in SYNTAXES:
                yield path, syntax, data

    def test_what_is_written_is_sound_and_back_again_it_is_what_it_was(self) -> None:
        count = 0
        for path, syntax, data in self.sources():
            normal = transcoded(data, syntax, syntax)
            for other in SYNTAXES:
                there = transcoded(data, syntax, other)
                walker = Walker(other)
                walker.feed(there)
                walker.end()
                back = transcoded(there, other, syntax)
                if IMPLICIT in (syntax, other) and syntax != IMPLICIT:
                    # Representations that no dictionary knows are lost in implicit VR.
                    self.assertEqual(there, transcoded(back, syntax, other), path)
                elif syntax != IMPLICIT:
                    self.assertEqual(normal, back, path)
                count += 1
        self.assertGreater(count, 300)

    def test_dcmconv_comes_to_the_same_elements_and_values(self) -> None:
        program = dcmtk("dcmconv")
        options = {LITTLE: "+te", IMPLICIT: "+ti", BIG: "+tb"}
        theirs = Path(self.mktemp())
        count = 0
        for path, syntax, data in self.sources():
            for other in SYNTAXES:
                if other == syntax:
                    continue
                subprocess.run(
                    [program, "-e", "-g", options[other], path, theirs],
                    check=True,
                    capture_output=True,
                )
                offset = read_header(theirs).data_offset
                expected = values(theirs.read_bytes()[offset:], other)
                self.assertEqual(expected, values(transcoded(data, syntax, other), other), path)
                count += 1
        self.assertGreater(count, 200)


def values(data: bytes, syntax: str) -> dict[tuple[int, ...], Any]:
    """All raw values as pydicom reads them, by their place, without padding."""
    return _values(read_dataset(BytesIO(data), syntax == IMPLICIT, syntax != BIG), ())


def _values(dataset: Dataset, place: tuple[int, ...]) -> dict[tuple[int, ...], Any]:
    found: dict[tuple[int, ...], Any] = {}
    element: Any
    for element in dataset.values():  # not decoded
        at = (*place, int(element.tag))
        if element.VR == "SQ":
            found[at] = len(element.value or ())
            for number, item in enumerate(element.value or ()):
                found |= _values(item, (*at, number))
        else:
            found[at] = (element.VR, (element.value or b"").rstrip(b" \0"))
    return found
