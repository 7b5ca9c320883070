"""Bytes of the upper layer for a person: which PDUs they are, and where two runs of them differ.

For failures of tests.  What the values keep out of their own texts, as the secret of a user
identity (PS3.7 D.3.3.7), is compared and not shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from itertools import zip_longest
from typing import Any, NamedTuple

from txdicomtls.dimse import Message, decode_command
from txdicomtls.errors import DicomTLSError
from txdicomtls.pdu import PDU, PDataTF, PDUType, PresentationDataValue, decode

_HEADER_LENGTH = 6
_SHOWN_BYTES = 32


@dataclass(frozen=True, slots=True)
class ReadPDU:
    """One PDU of a run of bytes, or what is left where they are none.

    :param octets: its bytes.
    :param value: what they stand for; None where they cannot be read.
    :param is_whole: all of it is there.
    """

    octets: bytes
    value: PDU | None
    is_whole: bool

    @property
    def name(self) -> str:
        """In the standard's words, with the messages that are in it."""
        try:
            name = PDUType(self.octets[0]).name.replace("_", "-")
        except ValueError:
            return f"bytes that are no PDU ({_shown(self.octets)})"
        if name == "P-DATA-TF" and isinstance(self.value, PDataTF):
            name += f" ({', '.join(_content(value) for value in self.value.values)})"
        return name if self.is_whole else f"the first {len(self.octets)} bytes of {name}"


def pdus_in(octets: bytes) -> Iterator[ReadPDU]:
    """The PDUs that follow each other in these bytes (PS3.8 9.3.1); the last may be cut off."""
    while octets:
        length = _HEADER_LENGTH + int.from_bytes(octets[2:6], "big")
        whole = len(octets) >= max(length, _HEADER_LENGTH)
        one, octets = octets[:length], octets[length:]
        try:
            value = decode(one[0], one[_HEADER_LENGTH:]) if whole else None
        except DicomTLSError:
            value = None
        yield ReadPDU(one, value, whole)


def names_of(octets: bytes) -> str:
    """What these bytes are, in one line."""
    return ", ".join(pdu.name for pdu in pdus_in(octets)) or "nothing"


def difference(expected: bytes, received: bytes) -> str:
    """Where two runs of bytes differ first, in words for a person; empty where they do not.

    :param expected: what should have come.
    :param received: what came.
    """
    at = 0
    for left, right in zip_longest(pdus_in(expected), pdus_in(received)):
        if left is None:
            return f"expected nothing more, received {right.name}"
        if right is None:
            return f"expected {left.name}, received nothing more"
        if left.octets != right.octets:
            return _difference_of_pdus(left, right, at)
        at += len(left.octets)
    return ""


class _Field(NamedTuple):
    """One value within a PDU."""

    path: str
    value: object
    is_shown: bool


def _difference_of_pdus(expected: ReadPDU, received: ReadPDU, at: int) -> str:
    is_shown = True
    if expected.name != received.name:
        what = f"expected {expected.name}, received {received.name}"
    elif expected.value is None or received.value is None:
        what = f"{expected.name}: the bytes differ"
    else:
        what, is_shown = _first_difference(expected.value, received.value)
        what = f"{expected.name}: {what}"
    offset = _first_differing(expected.octets, received.octets)
    what += f"\n  first at byte {at + offset}, byte {offset} of this PDU"
    if is_shown:
        what += f"\n  expected {_shown(expected.octets[offset:])}"
        what += f"\n  received {_shown(received.octets[offset:])}"
    return what


def _first_difference(expected: PDU, received: PDU) -> tuple[str, bool]:
    """What differs first, and whether its bytes may be shown."""
    for left, right in zip_longest(_fields(expected), _fields(received)):
        if left is None:
            return f"{right.path} is there, and should not be", right.is_shown
        if right is None or left.path != right.path:
            return f"{left.path} is not there", left.is_shown
        if left.value != right.value:
            if left.is_shown:
                return f"{left.path} is {right.value!r}, not {left.value!r}", True
            return f"{left.path} is another (not shown here)", False
    return "the same fields, encoded otherwise", True


def _fields(value: object, path: str = "", *, is_shown: bool = True) -> Iterator[_Field]:
    """All values within a value, each with its path, in order."""
    if isinstance(value, PresentationDataValue):
        message = _command(value)
        if message is not None:
            yield _Field(f"{path}.context_id", value.context_id, is_shown)
            yield _Field(f"{path}.message", type(message).__name__, is_shown)
            yield from _fields(message, f"{path}.message")
            return
    if is_dataclass(value) and not isinstance(value, type):
        for each in fields(value):
            inner = f"{path}.{each.name}" if path else each.name
            yield from _fields(getattr(value, each.name), inner, is_shown=is_shown and each.repr)
    elif isinstance(value, tuple) and any(map(is_dataclass, value)):
        for index, element in enumerate(value):
            yield from _fields(element, f"{path}[{index}]", is_shown=is_shown)
    elif isinstance(value, bytes):
        yield _Field(path, _Octets(value), is_shown)
    else:
        yield _Field(path, value, is_shown)


class _Octets(bytes):
    """Bytes that a person reads in hexadecimal."""

    def __repr__(self) -> str:
        return f"{len(self)} bytes {_shown(self)}"


def _command(value: PresentationDataValue) -> Message | None:
    """The message of a fragment that is a whole command set."""
    if not (value.is_command and value.is_last):
        return None
    try:
        return decode_command(value.data)
    except DicomTLSError:
        return None


def _content(value: PresentationDataValue) -> str:
    message: Any = _command(value)
    if message is not None:
        return str(message.command_field.name).replace("_", "-")
    last = "the last of " if value.is_last else ""
    kind = "a command set" if value.is_command else "a data set"
    return f"{last}{kind}, {len(value.data)} bytes"


def _first_differing(left: bytes, right: bytes) -> int:
    shorter = min(len(left), len(right))
    return next((at for at in range(shorter) if left[at] != right[at]), shorter)


def _shown(octets: bytes) -> str:
    more = " ..." if len(octets) > _SHOWN_BYTES else ""
    return (octets[:_SHOWN_BYTES].hex(" ") or "nothing") + more
