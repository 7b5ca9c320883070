"""The bytes of data sets, written out by hand (PS3.5 7)."""

from __future__ import annotations

import struct

from txdicomtls import uids

IMPLICIT = uids.IMPLICIT_VR_LITTLE_ENDIAN
EXPLICIT = uids.EXPLICIT_VR_LITTLE_ENDIAN
BIG = uids.EXPLICIT_VR_BIG_ENDIAN
DEFLATED = uids.DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN
JPEG = "1.2.840.10008.1.2.4.50"

UNDEFINED = 0xFFFFFFFF
SEQUENCE = 0x00400275
PIXEL_DATA = 0x7FE00010
_LONG = ("OB", "OW", "SQ", "UN", "UT")


def explicit(
    tag: int, vr: str, value: bytes = b"", *, length: int | None = None, order: str = "<"
) -> bytes:
    """An element in explicit VR; its length is that of the value, unless it is to lie."""
    length = len(value) if length is None else length
    head = struct.pack(order + "HH2s", tag >> 16, tag & 0xFFFF, vr.encode("latin-1"))
    if vr in _LONG:
        return head + struct.pack(order + "HL", 0, length) + value
    return head + struct.pack(order + "H", length) + value


def implicit(tag: int, value: bytes = b"", *, length: int | None = None, order: str = "<") -> bytes:
    """An element in implicit VR, an item or a delimiter."""
    length = len(value) if length is None else length
    return struct.pack(order + "HHL", tag >> 16, tag & 0xFFFF, length) + value


def item(*content: bytes, length: int | None = None) -> bytes:
    """An item with its length."""
    return implicit(0xFFFEE000, b"".join(content), length=length)


def open_item(*content: bytes) -> bytes:
    """An item with a delimiter."""
    return implicit(0xFFFEE000, b"".join(content), length=UNDEFINED) + END_OF_ITEM


END_OF_ITEM = implicit(0xFFFEE00D)
END_OF_SEQUENCE = implicit(0xFFFEE0DD)


def sequence(*items: bytes) -> bytes:
    """A sequence in explicit VR, with its length."""
    return explicit(SEQUENCE, "SQ", b"".join(items))


def open_sequence(*items: bytes, tag: int = SEQUENCE, vr: str = "SQ") -> bytes:
    """A sequence in explicit VR, or fragments, with a delimiter."""
    return explicit(tag, vr, b"".join(items), length=UNDEFINED) + END_OF_SEQUENCE


def nested(depth: int) -> bytes:
    """Sequences of undefined length inside each other."""
    begin = explicit(SEQUENCE, "SQ", length=UNDEFINED) + implicit(0xFFFEE000, length=UNDEFINED)
    return begin * depth + (END_OF_ITEM + END_OF_SEQUENCE) * depth


NAME = explicit(0x00100010, "PN", b"Doe^John")
COMMENT = explicit(0x00204000, "LT", b"ok")
