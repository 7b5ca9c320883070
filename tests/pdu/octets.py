"""Bodies of association PDUs put together by hand, right or wrong."""

from __future__ import annotations

APPLICATION_CONTEXT = b"\x10\x00\x00\x151.2.840.10008.3.1.1.1"
VERIFICATION = b"\x30\x00\x00\x111.2.840.10008.1.1"
IMPLICIT = b"\x40\x00\x00\x111.2.840.10008.1.2"
NO_USER_INFORMATION = b"\x50\x00\x00\x00"


def item(item_type: int, value: bytes) -> bytes:
    return bytes((item_type, 0)) + len(value).to_bytes(2, "big") + value


def proposed(context_id: int, sub_items: bytes = VERIFICATION + IMPLICIT) -> bytes:
    return item(0x20, bytes((context_id, 0, 0, 0)) + sub_items)


def answered(context_id: int, result: int, sub_items: bytes) -> bytes:
    return item(0x21, bytes((context_id, 0, result, 0)) + sub_items)


def variable_field(
    *contexts: bytes,
    application_context: bytes = APPLICATION_CONTEXT,
    user_information: bytes = NO_USER_INFORMATION,
) -> bytes:
    return application_context + b"".join(contexts) + user_information


def associate(variable: bytes, version: int = 1) -> bytes:
    return version.to_bytes(2, "big") + b"\0\0" + b"PACS".ljust(16) * 2 + bytes(32) + variable
