"""One uncompressed encoding of a data set into another, byte by byte (PS3.5 7, A.1 to A.3).

Theory of operation.  Nothing is decoded.  The heads of elements are read and written anew;
a value is copied as it is, or, where the byte order changes, with its words turned round, and a
long one in pieces.  So text that is in no character set it names, and numbers that are none, are
afterwards what they were, and memory does not depend on how large the data set is.

In implicit VR an element does not say its value representation.  Where it is to be said, it comes
from the dictionaries of pydicom; what they do not know becomes UN, whose bytes are always those of
implicit VR little endian (PS3.5 6.2.2), and so stay as they are.

Sequences and items are written with undefined length, because how long they become is known
only behind them.  Group lengths are left out (they are retired, and would be wrong).
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Callable
from typing import BinaryIO, NoReturn

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from txdicomtls.dataset.encoding import (
    IMPLICIT_LITTLE,
    ITEM,
    ITEM_DELIMITATION,
    LONG_VRS,
    SEQUENCE_DELIMITATION,
    SEQUENCE_TAGS,
    SHORT_VRS,
    UNDEFINED_LENGTH,
    Encoding,
)
from txdicomtls.dataset.representations import dictionary_vr
from txdicomtls.errors import MalformedDataSet

#: Bytes of a value that are in memory at once; a whole number of words of any size.
_PIECE = 1 << 18

#: Sequences inside each other.
_DEPTH = 64

_LONGEST_SHORT = 0xFFFF
_PIXEL_REPRESENTATION = 0x00280103

#: The words that values are made of, by their size in bytes (PS3.5 7.3); all others are of bytes.
_WORDS = {
    b"AT": "H",
    b"OW": "H",
    b"SS": "H",
    b"US": "H",
    b"FL": "I",
    b"OF": "I",
    b"OL": "I",
    b"SL": "I",
    b"UL": "I",
    b"FD": "Q",
    b"OD": "Q",
    b"OV": "Q",
    b"SV": "Q",
    b"UV": "Q",
}


def transcode(
    source: BinaryIO, before: Encoding, write: Callable[[bytes], object], after: Encoding
) -> None:
    """Write a data set in another encoding.  Blocks.

    :param source: at its first byte, with nothing behind its last; not deflated.
    :param before: its encoding.
    :param write: takes the next bytes of what comes of it.
    :param after: the encoding that it is to have; whoever takes the bytes deflates them.
    :raises MalformedDataSet: it is not sound, or cannot be in the other encoding.
    :raises OSError: the source cannot be read.
    """
    _Transcoder(source, write, after).elements(before, None, 0, pixels_are_signed=False)


class _Transcoder:
    """Goes through a data set once.

    :ivar at: how many bytes of the source have been read.
    """

    def __init__(self, source: BinaryIO, write: Callable[[bytes], object], after: Encoding) -> None:
        self._source = source
        self._write = write
        self._after = after
        self.at = 0

    def elements(
        self, before: Encoding, end: int | None, depth: int, *, pixels_are_signed: bool
    ) -> None:
        """Go through the data set, or one item.

        :param end: offset of what follows; None for the end of the source or, in an item, its
            delimiter.
        :param depth: how many sequences are around.
        :param pixels_are_signed: what Pixel Representation around the item says.
        """
        around = Dataset()  # what decides about the representation of others
        if pixels_are_signed:
            _remember(around, _PIXEL_REPRESENTATION, "US", 1)
        while end is None or self.at < end:
            head = self._source.read(8)
            if not head and end is None and not depth:
                return
            self.at += len(head)
            if len(head) < 8:
                self._fail("the data set is truncated in a header")
            group, number = struct.unpack(before.order + "HH", head[:4])
            tag = group << 16 | number
            if tag == ITEM_DELIMITATION and depth and end is None:
                return
            vr, length = self._representation(head, tag, before, around)
            if not number and vr == b"UL" and length == 4:
                self._read(length, tag)
            elif vr == b"SQ" or (vr == b"UN" and length == UNDEFINED_LENGTH):
                inner = IMPLICIT_LITTLE if vr == b"UN" else before  # PS3.5 6.2.2
                signed = _PIXEL_REPRESENTATION in around and (
                    around[_PIXEL_REPRESENTATION].value == 1
                )
                self._sequence(tag, length, inner, depth, pixels_are_signed=signed)
            elif length == UNDEFINED_LENGTH:
                self._fail("an undefined length where there can be none", tag)
            else:
                self._value(tag, vr, length, before, around)
        if self.at != end:
            self._fail("an element is longer than what it is in")

    def _representation(
        self, head: bytes, tag: int, before: Encoding, around: Dataset
    ) -> tuple[bytes, int]:
        """What an element is, and how long: SQ for all that is to be gone through."""
        if not before.explicit:
            (length,) = struct.unpack_from("<L", head, 4)
            if length == UNDEFINED_LENGTH or tag in SEQUENCE_TAGS:
                return b"SQ", length
            vr = dictionary_vr(tag, around).encode("ascii")
            # What only a private dictionary calls a sequence may be anything.
            return (b"UN" if vr == b"SQ" else vr), length
        vr = head[4:6]
        if vr in SHORT_VRS:
            return vr, struct.unpack_from(before.order + "H", head, 6)[0]
        if vr not in LONG_VRS:
            self._fail("an unknown value representation", tag)
        (length,) = struct.unpack(before.order + "L", self._read(4, tag))
        return vr, length

    def _value(self, tag: int, vr: bytes, length: int, before: Encoding, around: Dataset) -> None:
        after = self._after
        if after.explicit and vr in SHORT_VRS and length > _LONGEST_SHORT:
            vr = b"UN"  # too long for its own representation (PS3.5 6.2.2)
        words = _WORDS.get(vr, "") if before.order != after.order else ""
        if words and length % array(words).itemsize:
            self._fail("a value that is no whole number of words", tag)
        self._write(self._head(tag, vr, length))
        left = length
        while left:
            piece = self._read(min(left, _PIECE), tag)
            left -= len(piece)
            if length <= _LONGEST_SHORT:
                _note(around, tag, piece, before)
            if words:
                turned = array(words, piece)
                turned.byteswap()
                piece = turned.tobytes()
            self._write(piece)

    def _sequence(
        self, tag: int, length: int, before: Encoding, depth: int, *, pixels_are_signed: bool
    ) -> None:
        """Go through a sequence (PS3.5 7.5)."""
        if depth >= _DEPTH:
            self._fail(f"more than {_DEPTH} sequences inside each other", tag)
        end = None if length == UNDEFINED_LENGTH else self.at + length
        self._write(self._head(tag, b"SQ", UNDEFINED_LENGTH))
        while end is None or self.at < end:
            group, number, size = struct.unpack(before.order + "HHL", self._read(8, tag))
            mark = group << 16 | number
            if mark == SEQUENCE_DELIMITATION and end is None:
                break
            if mark != ITEM:
                self._fail("what should be an item is not", tag)
            self._write(self._mark(ITEM, UNDEFINED_LENGTH))
            item_end = None if size == UNDEFINED_LENGTH else self.at + size
            self.elements(before, item_end, depth + 1, pixels_are_signed=pixels_are_signed)
            self._write(self._mark(ITEM_DELIMITATION, 0))
        if end is not None and self.at != end:
            self._fail("an item is longer than its sequence", tag)
        self._write(self._mark(SEQUENCE_DELIMITATION, 0))

    def _head(self, tag: int, vr: bytes, length: int) -> bytes:
        after = self._after
        head = struct.pack(after.order + "HH", tag >> 16, tag & 0xFFFF)
        if not after.explicit:
            return head + struct.pack("<L", length)
        if vr in SHORT_VRS:
            return head + struct.pack(after.order + "2sH", vr, length)
        return head + struct.pack(after.order + "2sHL", vr, 0, length)

    def _mark(self, tag: int, length: int) -> bytes:
        return struct.pack(self._after.order + "HHL", tag >> 16, tag & 0xFFFF, length)

    def _read(self, size: int, tag: int) -> bytes:
        data = self._source.read(size)
        self.at += len(data)
        if len(data) < size:
            self._fail("the data set is truncated in a value", tag)
        return data

    def _fail(self, problem: str, tag: int | None = None) -> NoReturn:
        raise MalformedDataSet(problem, tag=tag, offset=self.at)


def _note(around: Dataset, tag: int, value: bytes, before: Encoding) -> None:
    """Remember what others depend on: reserved private blocks, and whether pixels are signed."""
    if tag == _PIXEL_REPRESENTATION and len(value) == 2:
        _remember(around, tag, "US", struct.unpack(before.order + "H", value)[0])
    elif tag & 0x0001_0000 and 0x10 <= tag & 0xFFFF <= 0xFF:
        _remember(around, tag, "LO", value.decode("ascii", "replace").strip(" \0"))


def _remember(around: Dataset, tag: int, vr: str, value: object) -> None:
    around[tag] = DataElement(BaseTag(tag), vr, value, already_converted=True)
