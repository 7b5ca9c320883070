"""Command sets typed by hand from the tables of PS3.7, and builders of broken ones."""

from __future__ import annotations

import struct

from txdicomtls.dimse import CEchoRQ, CEchoRSP, CStoreRQ, CStoreRSP, Message, Priority

VERIFICATION = "1.2.840.10008.1.1"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"

ECHO_RQ = bytes.fromhex(
    "0000 0000 04000000 38000000"
    "0000 0200 12000000 312e322e3834302e31303030382e312e3100"
    "0000 0001 02000000 3000"
    "0000 1001 02000000 0100"
    "0000 0008 02000000 0101"
)
ECHO_RSP = bytes.fromhex(
    "0000 0000 04000000 42000000"
    "0000 0200 12000000 312e322e3834302e31303030382e312e3100"
    "0000 0001 02000000 3080"
    "0000 2001 02000000 0100"
    "0000 0008 02000000 0101"
    "0000 0009 02000000 0000"
)
STORE_RQ = bytes.fromhex(
    "0000 0000 04000000 72000000"
    "0000 0200 1a000000 312e322e3834302e31303030382e352e312e342e312e312e3700"
    "0000 0001 02000000 0100"
    "0000 1001 02000000 0201"
    "0000 0007 02000000 0200"
    "0000 0008 02000000 0100"
    "0000 0010 08000000 312e322e332e3400"
    "0000 3010 06000000 4d4f56455220"
    "0000 3110 02000000 feff"
)
STORE_RSP = bytes.fromhex(
    "0000 0000 04000000 78000000"
    "0000 0200 1a000000 312e322e3834302e31303030382e352e312e342e312e312e3700"
    "0000 0001 02000000 0180"
    "0000 2001 02000000 0201"
    "0000 0008 02000000 0101"
    "0000 0009 02000000 00a7"
    "0000 0109 04000000 0800 1800"
    "0000 0209 0a000000 6469736b2066756c6c20"
    "0000 0010 08000000 312e322e332e3400"
)
GOLDEN: tuple[tuple[bytes, Message], ...] = (
    (ECHO_RQ, CEchoRQ(affected_sop_class_uid=VERIFICATION, message_id=1)),
    (
        ECHO_RSP,
        CEchoRSP(
            affected_sop_class_uid=VERIFICATION, message_id_being_responded_to=1, status=0x0000
        ),
    ),
    (
        STORE_RQ,
        CStoreRQ(
            affected_sop_class_uid=SECONDARY_CAPTURE,
            affected_sop_instance_uid="1.2.3.4",
            message_id=0x0102,
            priority=Priority.LOW,
            move_originator_ae_title="MOVER",
            move_originator_message_id=0xFFFE,
        ),
    ),
    (
        STORE_RSP,
        CStoreRSP(
            affected_sop_class_uid=SECONDARY_CAPTURE,
            affected_sop_instance_uid="1.2.3.4",
            message_id_being_responded_to=0x0102,
            status=0xA700,
            offending_element=(0x00080018,),
            error_comment="disk full",
        ),
    ),
)


def element(number: int, value: bytes, group: int = 0) -> bytes:
    return struct.pack("<HHI", group, number, len(value)) + value


def unsigned_short(number: int, value: int) -> bytes:
    return element(number, value.to_bytes(2, "little"))


#: A C-STORE-RQ, element by element.
STORE_ELEMENTS = {
    0x0002: element(0x0002, b"1.2\0"),
    0x0100: unsigned_short(0x0100, 0x0001),
    0x0110: unsigned_short(0x0110, 7),
    0x0700: unsigned_short(0x0700, 0),
    0x0800: unsigned_short(0x0800, 1),
    0x1000: element(0x1000, b"1.2.3\0"),
}


def store_request(**changes: bytes) -> bytes:
    """A C-STORE-RQ in which elements were replaced, taken out (by nothing) or added."""
    numbered = {int(name.removeprefix("x"), 16): data for name, data in changes.items()}
    return b"".join((STORE_ELEMENTS | numbered).values())
