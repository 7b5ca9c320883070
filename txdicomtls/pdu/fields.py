"""The fields and items that PDUs are made of, written and read (PS3.8 9.3.1).

Writing is strict.  Reading never goes beyond the end of what holds a field, and works
on views: a body of a mebibyte is walked once, and copied only where a value keeps some
of it.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from txdicomtls.errors import LocalProtocolError, RemoteProtocolError
from txdicomtls.pdu.items import ItemType

_UID = re.compile(r"[0-9.]{1,64}")
_AE_TITLE = re.compile(r"[ -\[\]-~]{1,16}")  # PS3.5 6.2: no control character, no backslash

_ITEM_HEADER = struct.Struct(">BBH")


# -- writing -------------------------------------------------------------------------------


def item(item_type: ItemType, value: bytes, second: int = 0) -> bytes:
    """An item or sub-item.

    :param second: its second byte: reserved everywhere but in 57H, where it is the version.
    :raises LocalProtocolError: the value is longer than an Item-length can say.
    """
    if len(value) > 0xFFFF:
        raise LocalProtocolError(
            f"item {item_type:02X}H would hold {len(value)} bytes; at most 65535 fit"
        )
    return _ITEM_HEADER.pack(item_type, second, len(value)) + value


def uid_item(item_type: ItemType, text: str) -> bytes:
    """An item that holds nothing but a UID.

    :raises LocalProtocolError: it is no UID.
    """
    return item(item_type, uid_field(text, item_type.name.lower().replace("_", " ")))


def number_field(value: int, size: int, field: str) -> bytes:
    """An unsigned big-endian number of ``size`` bytes.

    :param field: its name, for the text of errors.
    :raises LocalProtocolError: it does not fit.
    """
    if not 0 <= value < 1 << 8 * size:
        raise LocalProtocolError(f"{field} {value} does not fit in {size} bytes")
    return value.to_bytes(size, "big")


def prefixed_field(value: bytes, field: str) -> bytes:
    """A field after its own length in 2 bytes.

    :raises LocalProtocolError: it is longer than that can say.
    """
    return number_field(len(value), 2, f"length of {field}") + value


def uid_field(text: str, field: str) -> bytes:
    """A UID, without padding (PS3.8 F.1).

    :raises LocalProtocolError: it is not 1 to 64 digits and dots.
    """
    if not _UID.fullmatch(text):
        raise LocalProtocolError(f"{field} {text!r} is not a UID of 1 to 64 digits and dots")
    return text.encode("ascii")


def ae_title_field(title: str, field: str) -> bytes:
    """An AE title, padded to 16 bytes (PS3.8 9.3.2).

    :raises LocalProtocolError: it is empty, too long, has spaces at its ends or
        characters that an AE title cannot have (PS3.5 6.2).
    """
    if not _AE_TITLE.fullmatch(title) or title != title.strip():
        raise LocalProtocolError(
            f"{field} {title!r} is not 1 to 16 printable ASCII characters without a backslash "
            "and without spaces at its ends"
        )
    return title.encode("ascii").ljust(16)


def returned_ae_title_field(title: str, field: str) -> bytes:
    """An AE title of the request on its way back in the acceptance, whatever it holds.

    :raises LocalProtocolError: no request can have held it.
    """
    octets = title.encode("latin-1", "replace")
    if octets.decode("latin-1") != title or len(octets) > 16:
        raise LocalProtocolError(f"{field} {title!r} is not what a request can have held")
    return octets.ljust(16)


# -- reading -------------------------------------------------------------------------------


def read_items(variable: memoryview, within: str) -> Iterator[tuple[int, int, memoryview]]:
    """Walk the items, or sub-items, that fill a variable field.

    :param variable: the whole variable field.
    :param within: what it is the field of, for the text of errors.
    :return: type, second byte and value of each item, in order; whoever walks skips the
        types that mean nothing there.
    :raises RemoteProtocolError: an item reaches beyond the field, or 1 to 3 bytes that
        are no item remain.
    """
    position, end = 0, len(variable)
    while position < end:
        if end - position < 4:
            raise RemoteProtocolError(f"stray bytes at the end of {within}: {end - position}")
        item_type, second, length = _ITEM_HEADER.unpack_from(variable, position)
        position += 4
        if length > end - position:
            raise RemoteProtocolError(
                f"Item-length of item {item_type:02X}H in {within} is {length}, "
                f"and {end - position} bytes are left"
            )
        yield item_type, second, variable[position : position + length]
        position += length


class FieldReader:
    """Takes the fields of one item in the order in which the standard's table lists them.

    :param value: the item after its header.
    :param within: name of the item, for the text of errors.
    :param second: second byte of the item's header, which 57H uses.
    """

    __slots__ = ("_within", "rest", "second")

    def __init__(self, value: memoryview, within: str, second: int = 0) -> None:
        #: What has not been taken yet.
        self.rest = value
        self.second = second
        self._within = within

    def take(self, length: int, field: str) -> memoryview:
        """The next field, of ``length`` bytes.

        :param field: its name, for the text of errors.
        :raises RemoteProtocolError: the item ends before it does.
        """
        rest = self.rest
        if length > len(rest):
            raise RemoteProtocolError(
                f"{field} of {self._within} has {length} bytes, and {len(rest)} are left"
            )
        self.rest = rest[length:]
        return rest[:length]

    def number(self, size: int, field: str) -> int:
        """The next field, an unsigned big-endian number of ``size`` bytes.

        :raises RemoteProtocolError: the item ends before it does.
        """
        return int.from_bytes(self.take(size, field), "big")

    def prefixed(self, field: str) -> memoryview:
        """The next field, which comes after its own length in 2 bytes.

        :raises RemoteProtocolError: the item ends before it does.
        """
        return self.take(self.number(2, f"length of {field}"), field)

    def prefixed_uid(self, field: str) -> str:
        """The next field, a UID after its own length in 2 bytes.

        :raises RemoteProtocolError: the item ends before it does, or it is empty.
        """
        return read_uid(self.prefixed(field), f"{field} of {self._within}")

    def take_rest(self) -> memoryview:
        """The last field, which has no length of its own."""
        rest = self.rest
        self.rest = rest[len(rest) :]
        return rest

    def end(self) -> None:
        """Check that nothing is left.

        :raises RemoteProtocolError: bytes remain that belong to no field.
        """
        if self.rest:
            raise RemoteProtocolError(f"stray bytes at the end of {self._within}: {len(self.rest)}")


def read_uid(octets: memoryview, field: str) -> str:
    """The text of a UID without padding, whatever else it holds: policy judges it.

    PS3.8 F.1 allows no padding, yet some peers pad with a NUL, as data sets do, or with
    a space.

    :param field: its name, for the text of errors.
    :raises RemoteProtocolError: it is empty.
    """
    text = read_text(octets)
    if not text:
        raise RemoteProtocolError(f"{field} is empty")
    return text


def read_text(octets: memoryview) -> str:
    """A text without padding; what is not ASCII in it shows as escapes."""
    return str(octets, "ascii", "backslashreplace").rstrip("\0 ")


def read_ae_title(octets: bytes) -> str:
    """The text of an AE title without the spaces that mean nothing, whatever else it holds."""
    return octets.decode("latin-1").rstrip("\0 ").lstrip(" ")
