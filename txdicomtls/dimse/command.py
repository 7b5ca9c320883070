"""Command sets to bytes and back: implicit VR little endian, group 0000 (PS3.7 6.3.1, Annex E).

Theory of operation.  Reading is strict about what an answer depends on and lenient about the
rest.  First the elements are taken apart; where that fails nothing of it can be
trusted, and the command is unreadable.  Then the Command Field says which class of messages
it is, and the class says which elements it needs.  A request that fails here, but
whose Message ID could be read, is malformed: it can be answered, and the
association goes on.  The group length is never used, absent, zero or wrong;
unknown elements of group 0000 are skipped; texts are kept as they came.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from txdicomtls.dimse.elements import ELEMENTS_BY_NAME, VR, CommandElement
from txdicomtls.dimse.messages import (
    LONG_STRING_LIMIT,
    MESSAGES,
    NO_DATA_SET,
    RESPONSE,
    CommandField,
    Message,
    is_sendable_uid,
    message_name,
)
from txdicomtls.dimse.status import Status
from txdicomtls.errors import (
    LocalProtocolError,
    MalformedCommand,
    RemoteProtocolError,
    UnreadableCommand,
)

_HEADER = struct.Struct("<HHI")
_UNSIGNED_SHORT = struct.Struct("<H")
_UNSIGNED_LONG = struct.Struct("<I")
_TAG = struct.Struct("<HH")

_COMMAND_FIELD = ELEMENTS_BY_NAME["command_field"]
_MESSAGE_ID = ELEMENTS_BY_NAME["message_id"]
_DATA_SET_TYPE = ELEMENTS_BY_NAME["command_data_set_type"]
_AFFECTED_SOP_CLASS = ELEMENTS_BY_NAME["affected_sop_class_uid"]
_REQUESTED_SOP_CLASS = ELEMENTS_BY_NAME["requested_sop_class_uid"]

_Elements = dict[int, bytes]


# -- sending ---------------------------------------------------------------------------------


def encode_command(message: Message) -> bytes:
    """The command set of a message, with its group length (PS3.7 6.3.1).

    :raises LocalProtocolError: a value cannot be sent, and the text names the field; or the
        standard forbids what the message says.
    """
    name = message_name(message.command_field)
    if contradiction := message.contradiction():
        raise LocalProtocolError(f"{name}: {contradiction}")
    body = bytearray()
    for parameter in message.layout.parameters:
        element = parameter.element
        value = getattr(message, element.name)
        if value is None or value in ("", ()):
            if parameter.mandatory:
                raise LocalProtocolError(f"{element.name}: a {name} must have it")
            continue
        try:
            encoded = _ENCODERS[element.vr](value)
        except ValueError as problem:
            raise LocalProtocolError(f"{element.name}: {problem}") from None
        body += _HEADER.pack(0, element.number, len(encoded)) + encoded
    return _HEADER.pack(0, 0, 4) + _UNSIGNED_LONG.pack(len(body)) + bytes(body)


def _encode_unsigned_short(value: int) -> bytes:
    if not 0 <= value <= 0xFFFF:
        raise ValueError(f"{value} is not between 0 and 65535")
    return _UNSIGNED_SHORT.pack(value)


def _encode_tags(value: tuple[int, ...]) -> bytes:
    if not all(0 <= tag <= 0xFFFFFFFF for tag in value):
        raise ValueError("a tag has 32 bits")
    return b"".join(_TAG.pack(tag >> 16, tag & 0xFFFF) for tag in value)


def _encode_uid(value: str) -> bytes:
    if not is_sendable_uid(value):
        raise ValueError("not a UID of at most 64 digits and dots")
    return _padded(value, b"\0")


def _encode_ae_title(value: str) -> bytes:
    return _encode_text(value, 16)


def _encode_long_string(value: str) -> bytes:
    return _encode_text(value, LONG_STRING_LIMIT)


def _encode_text(value: str, limit: int) -> bytes:
    if len(value) > limit or not value.isascii() or not value.isprintable() or "\\" in value:
        raise ValueError(f"not at most {limit} printable ASCII characters without backslash")
    if not value.strip():
        raise ValueError("it has only spaces")
    return _padded(value, b" ")


def _padded(value: str, padding: bytes) -> bytes:
    encoded = value.encode("ascii")
    return encoded + padding if len(encoded) % 2 else encoded


_ENCODERS: dict[VR, Callable[[Any], bytes]] = {
    VR.AE: _encode_ae_title,
    VR.AT: _encode_tags,
    VR.LO: _encode_long_string,
    VR.UI: _encode_uid,
    VR.US: _encode_unsigned_short,
}


# -- receiving -------------------------------------------------------------------------------


def decode_command(data: bytes | bytearray | memoryview) -> Message:
    """The message that a complete command set stands for.

    UIDs and AE titles are stripped of their padding and otherwise kept as the peer sent them:
    whoever uses one judges it.

    :param data: all fragments of the command set, joined.
    :raises UnreadableCommand: it is no command set, or a response or a request
        that lacks what an answer needs.
    :raises MalformedCommand: a request that is to be answered with 0x0211 or 0x0212.
    """
    elements = _take_apart(bytes(data))
    try:
        command_field = _number(elements, _COMMAND_FIELD)
    except ValueError as problem:
        raise UnreadableCommand(f"command set: {problem}") from None
    message_type = MESSAGES.get(command_field)
    if message_type is None:
        problem_text = f"{message_name(command_field)}: this operation is not provided"
        raise _refused(elements, command_field, Status.UNRECOGNIZED_OPERATION, problem_text)
    try:
        return _message(message_type, elements)
    except ValueError as problem:
        problem_text = f"{message_name(command_field)}: {problem}"
        raise _refused(elements, command_field, Status.MISTYPED_ARGUMENT, problem_text) from None


def _take_apart(data: bytes) -> _Elements:
    """The values of a command set by element number.

    :raises UnreadableCommand: it is not a row of elements of group 0000, each once.
    """
    elements: _Elements = {}
    position, end = 0, len(data)
    while position < end:
        if end - position < _HEADER.size:
            raise UnreadableCommand("command set: it ends within the header of an element")
        group, number, length = _HEADER.unpack_from(data, position)
        position += _HEADER.size
        if group != 0:
            raise UnreadableCommand(
                f"command set: element ({group:04X},{number:04X}) is not of group 0000"
            )
        if length > end - position:
            raise UnreadableCommand(
                f"command set: length {length} of (0000,{number:04X}) is beyond the end"
            )
        if number in elements:
            raise UnreadableCommand(f"command set: (0000,{number:04X}) comes twice")
        elements[number] = data[position : position + length]
        position += length
    return elements


def _message(message_type: type[Message], elements: _Elements) -> Message:
    """The message of a known class.

    :raises ValueError: a mandatory element is missing, or one cannot be read; names it.
    """
    values: dict[str, Any] = {}
    for parameter in message_type.layout.parameters:
        element = parameter.element
        value = _value(elements, element)
        if value is not None:
            values[element.name] = value
        elif parameter.mandatory:
            raise ValueError(f"{element.name} is missing")
    del values["command_field"]
    has_data_set = values.pop("command_data_set_type") != NO_DATA_SET
    fixed = message_type.layout.has_data_set
    if fixed is None:
        values["has_data_set"] = has_data_set
    elif fixed != has_data_set:
        raise ValueError("it must have a data set" if fixed else "it must not have a data set")
    return message_type(**values)


def _refused(
    elements: _Elements, command_field: int, status: int, problem: str
) -> RemoteProtocolError:
    """The error for a command that cannot be taken: malformed if it can be answered."""
    if command_field & RESPONSE or command_field == CommandField.C_CANCEL_RQ:
        return UnreadableCommand(problem)
    try:
        message_id = _number(elements, _MESSAGE_ID)
        has_data_set = _announces_data_set(elements, command_field)
    except ValueError as worse:
        return UnreadableCommand(f"{problem}; {worse}")
    return MalformedCommand(
        problem,
        message_id=message_id,
        command_field=command_field,
        affected_sop_class_uid=(
            _value(elements, _AFFECTED_SOP_CLASS) or _value(elements, _REQUESTED_SOP_CLASS) or ""
        ),
        status=status,
        has_data_set=has_data_set,
    )


def _announces_data_set(elements: _Elements, command_field: int) -> bool:
    """Whether a data set follows a command that is refused.

    Without Command Data Set Type we go by what its class always does, to answer more peers.

    :raises ValueError: that cannot be known, so where the next message begins cannot be either.
    """
    message_type = MESSAGES.get(command_field)
    fixed = None if message_type is None else message_type.layout.has_data_set
    if _DATA_SET_TYPE.number not in elements and fixed is not None:
        return fixed
    return _number(elements, _DATA_SET_TYPE) != NO_DATA_SET


def _number(elements: _Elements, element: CommandElement) -> int:
    value = _value(elements, element)
    if value is None:
        raise ValueError(f"{element.name} is missing")
    return int(value)


def _value(elements: _Elements, element: CommandElement) -> Any:  # noqa: ANN401  # as its VR says
    """The value of an element, None where it is absent or empty.

    :raises ValueError: it cannot be read.
    """
    data = elements.get(element.number)
    if not data:
        return None
    try:
        value = _DECODERS[element.vr](data)
    except ValueError as problem:
        if element.informative:
            return None
        raise ValueError(f"{element.name} {problem}") from None
    return None if value == "" else value


def _decode_unsigned_short(data: bytes) -> int:
    if len(data) != _UNSIGNED_SHORT.size:
        raise ValueError(f"has {len(data)} bytes instead of 2")
    return int.from_bytes(data, "little")


def _decode_tags(data: bytes) -> tuple[int, ...]:
    if len(data) % _TAG.size:
        raise ValueError(f"has {len(data)} bytes, not a multiple of 4")
    return tuple(group << 16 | element for group, element in _TAG.iter_unpack(data))


def _decode_uid(data: bytes) -> str:
    return data.decode("latin-1").rstrip("\0 ")


def _decode_text(data: bytes) -> str:
    return data.decode("latin-1").rstrip("\0 ").lstrip(" ")


_DECODERS: dict[VR, Callable[[bytes], Any]] = {
    VR.AE: _decode_text,
    VR.AT: _decode_tags,
    VR.LO: _decode_text,
    VR.UI: _decode_uid,
    VR.US: _decode_unsigned_short,
}
