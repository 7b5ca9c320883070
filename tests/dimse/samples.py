"""Command sets typed by hand from the tables of PS3.7, and builders of broken ones."""

from __future__ import annotations

import struct

from txdicomtls.dimse import (
    CCancelRQ,
    CEchoRQ,
    CEchoRSP,
    CFindRQ,
    CMoveRQ,
    CMoveRSP,
    CStoreRQ,
    CStoreRSP,
    Message,
    NActionRQ,
    NEventReportRSP,
    NGetRQ,
    Priority,
)

VERIFICATION = "1.2.840.10008.1.1"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
STUDY_ROOT_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
STUDY_ROOT_GET = "1.2.840.10008.5.1.4.1.2.2.3"
STORAGE_COMMITMENT = "1.2.840.10008.1.20.1"
STORAGE_COMMITMENT_INSTANCE = "1.2.840.10008.1.20.1.1"
PERFORMED_PROCEDURE_STEP = "1.2.840.10008.3.1.2.3.3"

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
FIND_RQ = bytes.fromhex(
    "0000 0000 04000000 4c000000"
    "0000 0200 1c000000 312e322e3834302e31303030382e352e312e342e312e322e322e3100"
    "0000 0001 02000000 2000"
    "0000 1001 02000000 0700"
    "0000 0007 02000000 0000"
    "0000 0008 02000000 0100"
)
CANCEL_RQ = bytes.fromhex(
    "0000 0000 04000000 1e000000"
    "0000 0001 02000000 ff0f"
    "0000 2001 02000000 0700"
    "0000 0008 02000000 0101"
)
MOVE_RQ = bytes.fromhex(
    "0000 0000 04000000 5c000000"
    "0000 0200 1c000000 312e322e3834302e31303030382e352e312e342e312e322e322e3200"
    "0000 0001 02000000 2100"
    "0000 1001 02000000 0800"
    "0000 0006 08000000 4152434849564520"
    "0000 0007 02000000 0100"
    "0000 0008 02000000 0100"
)
MOVE_RSP = bytes.fromhex(
    "0000 0000 04000000 74000000"
    "0000 0200 1c000000 312e322e3834302e31303030382e352e312e342e312e322e322e3200"
    "0000 0001 02000000 2180"
    "0000 2001 02000000 0800"
    "0000 0008 02000000 0101"
    "0000 0009 02000000 00ff"
    "0000 2010 02000000 ffff"
    "0000 2110 02000000 0200"
    "0000 2210 02000000 0000"
    "0000 2310 02000000 0100"
)
ACTION_RQ = bytes.fromhex(
    "0000 0000 04000000 62000000"
    "0000 0300 14000000 312e322e3834302e31303030382e312e32302e31"
    "0000 0001 02000000 3001"
    "0000 1001 02000000 0900"
    "0000 0008 02000000 0100"
    "0000 0110 16000000 312e322e3834302e31303030382e312e32302e312e31"
    "0000 0810 02000000 0100"
)
EVENT_REPORT_RSP = bytes.fromhex(
    "0000 0000 04000000 6c000000"
    "0000 0200 14000000 312e322e3834302e31303030382e312e32302e31"
    "0000 0001 02000000 0081"
    "0000 2001 02000000 0a00"
    "0000 0008 02000000 0101"
    "0000 0009 02000000 0000"
    "0000 0010 16000000 312e322e3834302e31303030382e312e32302e312e31"
    "0000 0210 02000000 0200"
)
GET_RQ = bytes.fromhex(
    "0000 0000 04000000 5e000000"
    "0000 0300 18000000 312e322e3834302e31303030382e332e312e322e332e3300"
    "0000 0001 02000000 1001"
    "0000 1001 02000000 0b00"
    "0000 0008 02000000 0101"
    "0000 0110 08000000 312e322e332e3400"
    "0000 0510 08000000 4000 5202 1000 2000"
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
    (FIND_RQ, CFindRQ(affected_sop_class_uid=STUDY_ROOT_FIND, message_id=7)),
    (CANCEL_RQ, CCancelRQ(message_id_being_responded_to=7)),
    (
        MOVE_RQ,
        CMoveRQ(
            affected_sop_class_uid=STUDY_ROOT_MOVE,
            message_id=8,
            priority=Priority.HIGH,
            move_destination="ARCHIVE",
        ),
    ),
    (
        MOVE_RSP,
        CMoveRSP(
            affected_sop_class_uid=STUDY_ROOT_MOVE,
            message_id_being_responded_to=8,
            status=0xFF00,
            number_of_remaining_suboperations=0xFFFF,
            number_of_completed_suboperations=2,
            number_of_failed_suboperations=0,
            number_of_warning_suboperations=1,
        ),
    ),
    (
        ACTION_RQ,
        NActionRQ(
            has_data_set=True,
            requested_sop_class_uid=STORAGE_COMMITMENT,
            requested_sop_instance_uid=STORAGE_COMMITMENT_INSTANCE,
            message_id=9,
            action_type_id=1,
        ),
    ),
    (
        EVENT_REPORT_RSP,
        NEventReportRSP(
            affected_sop_class_uid=STORAGE_COMMITMENT,
            affected_sop_instance_uid=STORAGE_COMMITMENT_INSTANCE,
            message_id_being_responded_to=10,
            status=0x0000,
            event_type_id=2,
        ),
    ),
    (
        GET_RQ,
        NGetRQ(
            requested_sop_class_uid=PERFORMED_PROCEDURE_STEP,
            requested_sop_instance_uid="1.2.3.4",
            message_id=11,
            attribute_identifier_list=(0x00400252, 0x00100020),
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
