"""What a data set says it is."""

from __future__ import annotations

import random
import struct
import zlib

from twisted.trial.unittest import SynchronousTestCase

from tests.association.pair import CT, EXPLICIT, IMPLICIT
from tests.datasets import element, identity
from txdicomtls import uids
from txdicomtls.dataset.identity import MOST, IdentityReader

BIG = uids.EXPLICIT_VR_BIG_ENDIAN
DEFLATED = uids.DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN
JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
INSTANCE = "1.2.3.4"

#: Tags of 64 bits and values that must not be taken for what is sought.
PIXELS = b"\x08\x00\x18\x00UI\x02\x001." * 5000


def identified(transfer_syntax: str, before: bytes = b"") -> bytes:
    """A data set that says what it is, after other elements."""
    charset = element(0x0008, 0x0005, b"CS", b"ISO_IR 100", transfer_syntax)
    data = charset + before + identity(CT, INSTANCE, transfer_syntax)
    data += element(0x0010, 0x0010, b"PN", b"Doe^John", transfer_syntax) + PIXELS
    return deflated(data) if transfer_syntax == DEFLATED else data


def deflated(data: bytes) -> bytes:
    """Without a header, as PS3.5 A.5 has it."""
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return deflater.compress(data) + deflater.flush()


class IdentityReaderTests(SynchronousTestCase):
    def read(self, transfer_syntax: str, *pieces: bytes) -> IdentityReader:
        reader = IdentityReader(transfer_syntax)
        for piece in pieces:
            if reader.done:
                break
            reader.read(memoryview(piece))
        return reader

    def assert_says(self, reader: IdentityReader, sop_class: str, sop_instance: str) -> None:
        self.assertEqual((sop_class, sop_instance), (reader.sop_class_uid, reader.sop_instance_uid))

    def test_it_is_read_in_every_encoding(self) -> None:
        for syntax in (IMPLICIT, EXPLICIT, BIG, DEFLATED, JPEG_BASELINE):
            reader = self.read(syntax, identified(syntax))
            self.assertTrue(reader.done)
            self.assert_says(reader, CT, INSTANCE)

    def test_it_is_the_same_however_it_is_cut(self) -> None:
        source = random.Random(1)
        for syntax in (IMPLICIT, EXPLICIT, BIG, DEFLATED):
            data = identified(syntax)
            for most in (1, 3, 40):
                pieces, at = [], 0
                while at < len(data):
                    size = source.randint(0, most)
                    pieces.append(data[at : at + size])
                    at += size
                reader = self.read(syntax, *pieces)
                self.assertTrue(reader.done)
                self.assert_says(reader, CT, INSTANCE)

    def test_values_with_long_lengths_may_stand_before_it(self) -> None:
        for syntax in (IMPLICIT, EXPLICIT, BIG):
            for representation in (b"OB", b"UN", b"UT", b"SQ"):
                before = element(0x0008, 0x0006, representation, bytes(300), syntax)
                self.assert_says(self.read(syntax, identified(syntax, before)), CT, INSTANCE)

    def test_another_instance_contradicts_and_silence_does_not(self) -> None:
        reader = self.read(EXPLICIT, identity(CT, INSTANCE, EXPLICIT))
        self.assertFalse(reader.contradicts(CT, INSTANCE))
        self.assertTrue(reader.contradicts(CT, "1.2.3"))
        self.assertTrue(reader.contradicts("1.2.3", INSTANCE))
        self.assertFalse(self.read(EXPLICIT).contradicts(CT, INSTANCE))

    def test_padding_of_either_kind_is_not_part_of_it(self) -> None:
        data = element(0x0008, 0x0018, b"UI", b"1.2.3 ", EXPLICIT)
        self.assert_says(self.read(EXPLICIT, data), "", "1.2.3")

    def test_a_data_set_that_ends_early_says_what_it_said_so_far(self) -> None:
        data = identity(CT, INSTANCE, EXPLICIT)
        reader = self.read(EXPLICIT, data[:-1])
        self.assertFalse(reader.done)
        self.assert_says(reader, CT, "")

    def test_a_data_set_without_it_says_nothing(self) -> None:
        for data in (b"", bytes(MOST * 2), b"\xff" * 100, PIXELS[8:], b"noise" * 1000):
            self.assert_says(self.read(EXPLICIT, data), "", "")

    def test_what_comes_after_the_place_of_it_is_not_read(self) -> None:
        after = element(0x0008, 0x0020, b"DA", b"20260101", EXPLICIT)
        reader = self.read(EXPLICIT, after + identity(CT, INSTANCE, EXPLICIT))
        self.assertTrue(reader.done)
        self.assert_says(reader, "", "")

    def test_a_sequence_of_undefined_length_hides_it(self) -> None:
        sequence = struct.pack("<HH2sHL", 0x0008, 0x0006, b"SQ", 0, 0xFFFFFFFF)
        reader = self.read(EXPLICIT, identified(EXPLICIT, sequence))
        self.assertTrue(reader.done)
        self.assert_says(reader, "", "")

    def test_no_more_than_the_first_bytes_are_looked_at(self) -> None:
        for syntax in (IMPLICIT, EXPLICIT):
            before = element(0x0008, 0x0006, b"UN", bytes(MOST), syntax)
            data = identified(syntax, before)
            pieces = [data[at : at + 1000] for at in range(0, len(data), 1000)]
            reader = self.read(syntax, *pieces)
            self.assertTrue(reader.done)
            self.assert_says(reader, "", "")

    def test_what_inflates_without_end_is_not_inflated(self) -> None:
        bomb = deflated(bytes(50 << 20))
        reader = self.read(DEFLATED, bomb)
        self.assertTrue(reader.done)
        self.assert_says(reader, "", "")

    def test_what_does_not_inflate_says_nothing(self) -> None:
        reader = self.read(DEFLATED, b"\xff" * 100)
        self.assertTrue(reader.done)
        self.assert_says(reader, "", "")

    def test_a_length_that_lies_is_waited_for_no_longer_than_the_bound(self) -> None:
        data = struct.pack("<HHL", 0x0008, 0x0016, 0xFFFFFFF0)
        reader = self.read(IMPLICIT, data, bytes(MOST))
        self.assertTrue(reader.done)
        self.assert_says(reader, "", "")

    def test_nobody_knows_what_a_private_transfer_syntax_says(self) -> None:
        reader = self.read("1.3.12.2.1107.5.9", identified(EXPLICIT))
        self.assertTrue(reader.done)
        self.assert_says(reader, "", "")
