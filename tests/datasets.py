"""The beginning of a data set: which instance it says that it is."""

from __future__ import annotations

import struct

from txdicomtls import uids


def identity(sop_class_uid: str, sop_instance_uid: str, transfer_syntax_uid: str) -> bytes:
    """SOP Class UID and SOP Instance UID as elements; one that is empty is left out."""
    return b"".join(
        element(0x0008, number, b"UI", value.encode(), transfer_syntax_uid)
        for number, value in ((0x0016, sop_class_uid), (0x0018, sop_instance_uid))
        if value
    )


def instance(
    sop_class_uid: str,
    sop_instance_uid: str,
    transfer_syntax_uid: str,
    *,
    study: str = "1.2.3.100",
    series: str = "1.2.3.101",
) -> bytes:
    """The same, and to which study and series it belongs: enough for an archive to keep it."""
    return identity(sop_class_uid, sop_instance_uid, transfer_syntax_uid) + b"".join(
        element(0x0020, number, b"UI", value.encode(), transfer_syntax_uid)
        for number, value in ((0x000D, study), (0x000E, series))
    )


def element(
    group: int, number: int, representation: bytes, value: bytes, transfer_syntax_uid: str
) -> bytes:
    """One element with a value of less than 64 KiB (PS3.5 7.1)."""
    order = ">" if transfer_syntax_uid == uids.EXPLICIT_VR_BIG_ENDIAN else "<"
    value += b"\0" * (len(value) % 2)
    tag = struct.pack(f"{order}HH", group, number)
    if transfer_syntax_uid == uids.IMPLICIT_VR_LITTLE_ENDIAN:
        return tag + struct.pack("<L", len(value)) + value
    if representation in (b"OB", b"SQ", b"UN", b"UT"):
        return tag + representation + struct.pack(f"{order}HL", 0, len(value)) + value
    return tag + representation + struct.pack(f"{order}H", len(value)) + value
