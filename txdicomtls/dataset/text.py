"""Text by Specific Character Set: bytes to str and back (PS3.3 C.12.1.1.2, PS3.5 6.1).

Theory of operation.  Decoding never fails: what cannot be decoded becomes U+FFFD, and a
character set that the standard does not know is taken for its default repertoire, with ISO 8859-1
above it because that is what most such writers mean.  With code extensions (ISO 2022) a value is
cut at its escape sequences; each piece is decoded by the set that its escape sequence designates,
and the first set is in force again after every delimiter (PS3.5 6.1.2.5.3).

Encoding gives None where the character sets have no code for a character, so that the caller can
choose Unicode instead of losing it.

The tables are those of pydicom.  Its functions are not used to decode, because they issue
warnings about what they meet, and a warning is neither wanted in a server nor safe in a thread.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pydicom.charset import (
    CODES_TO_ENCODINGS,
    default_encoding,
    encode_string,
    handled_encodings,
    python_encoding,
)

#: Specific Character Set of Unicode in UTF-8.
UNICODE = "ISO_IR 192"

SPECIFIC_CHARACTER_SET = 0x00080005

#: Value representations whose values Specific Character Set applies to (PS3.5 6.1.2.3).
EXTENDED_VRS = frozenset(("LO", "LT", "PN", "SH", "ST", "UC", "UT"))

#: Value representations of one value, in which a backslash is a character like others (PS3.5 6.2).
UNSPLIT_VRS = frozenset(("LT", "ST", "UR", "UT"))

#: Sets that are used alone and have codes of several bytes without escapes (PS3.3 C.12.1.1.2).
_STAND_ALONE = frozenset(("ISO_IR 192", "GB18030", "GBK"))

_ESCAPE = b"\x1b"
_PIECES = re.compile(rb"\x1b[^\x1b]*|[^\x1b]+")
#: After these the first character set is in force again (PS3.5 6.1.2.5.3).
_TEXT_DELIMITERS = re.compile(rb"[\\\r\n\t\f]")
_NAME_DELIMITERS = re.compile(rb"[\\\r\n\t\f^=]")

#: No value needs more sets than the standard has.
_MOST_SETS = 16


def character_sets(value: bytes) -> tuple[str, ...]:
    """The values of Specific Character Set (0008,0005).

    :param value: its raw value.
    :return: each without padding; one that is empty where the default repertoire is meant.
    """
    return tuple(
        term.decode("ascii", "replace").strip(" \0") for term in value.split(b"\\")[:_MOST_SETS]
    )


def is_known(sets: Sequence[str]) -> bool:
    """Whether the standard knows each of these character sets."""
    return all(term in python_encoding for term in sets)


def decode_text(value: bytes, vr: str, sets: Sequence[str]) -> str:
    """Decode a value of text, all of its values together.  Never raises.

    :param value: the raw value.
    :param vr: its value representation; decides whether the character sets apply to it.
    :param sets: values of Specific Character Set; none at all is the default repertoire.
    :return: the text without padding; a backslash stands between values.  Within a person name
        ``^`` and ``=`` stand between components and groups (PS3.5 6.2.1).
    """
    return _strip(_decode(value, vr, sets), vr)


def _strip(text: str, vr: str) -> str:
    if vr in UNSPLIT_VRS:
        return text.rstrip(" \0")
    if "\\" not in text:
        return text.strip(" \0")
    return "\\".join(part.strip(" \0") for part in text.split("\\"))


def _decode(value: bytes, vr: str, sets: Sequence[str]) -> str:
    if vr not in EXTENDED_VRS:
        return value.decode(default_encoding)
    encodings = _encodings(sets)
    if _ESCAPE not in value or (sets and sets[0] in _STAND_ALONE):
        return value.decode(encodings[0], "replace")
    delimiters = _NAME_DELIMITERS if vr == "PN" else _TEXT_DELIMITERS
    return "".join(_decode_piece(piece, encodings, delimiters) for piece in _PIECES.findall(value))


def _encodings(sets: Sequence[str]) -> list[str]:
    """The codecs of Python for these character sets."""
    if not sets:
        return [default_encoding]
    return [python_encoding.get(term, default_encoding) for term in sets]


def _decode_piece(piece: bytes, encodings: Sequence[str], delimiters: re.Pattern[bytes]) -> str:
    """Decode from one escape sequence to the next."""
    if not piece.startswith(_ESCAPE):
        return piece.decode(encodings[0], "replace")
    length = 4 if piece.startswith((b"\x1b$(", b"\x1b$)")) else 3
    encoding = CODES_TO_ENCODINGS.get(piece[:length])
    if encoding is None:
        return piece.decode(encodings[0], "replace")
    if encoding in handled_encodings:
        return piece.decode(encoding, "replace")  # this codec wants the escape sequence
    piece = piece[length:]
    reset = delimiters.search(piece)
    here = reset.start() if reset else len(piece)
    return piece[:here].decode(encoding, "replace") + piece[here:].decode(encodings[0], "replace")


def encode_text(text: str, vr: str, sets: Sequence[str]) -> bytes | None:
    """Encode a value of text, all of its values together, without padding.

    :param text: as :func:`decode_text` gives it.
    :param vr: its value representation.
    :param sets: values of Specific Character Set.
    :return: None where a character has no code in these sets.
    """
    if text.isascii():
        return text.encode("ascii")
    if vr not in EXTENDED_VRS or not is_known(sets):
        return None
    encodings = _encodings(sets)
    if default_encoding in encodings and any(0x80 <= ord(one) <= 0xFF for one in text):
        return None  # the default repertoire is ASCII, though pydicom takes it for ISO 8859-1
    if len(encodings) == 1 or sets[0] in _STAND_ALONE:
        encoded = _encode_plain(text, encodings[0])
    else:
        encoded = _encode_extended(text, vr, encodings)
    # The codecs accept a few characters that they do not give back.
    return encoded if encoded is not None and _decode(encoded, vr, sets) == text else None


def _encode_plain(text: str, encoding: str) -> bytes | None:
    try:
        return text.encode(encoding)
    except UnicodeError:
        return None


def _encode_extended(text: str, vr: str, encodings: list[str]) -> bytes | None:
    # pydicom warns about what it cannot encode, so it is not asked to.
    if any(all(_encode_plain(one, each) is None for each in encodings) for one in set(text)):
        return None
    delimiters = r"([\\^=\r\n\t\f])" if vr == "PN" else r"([\\\r\n\t\f])"
    return b"".join(encode_string(part, encodings) for part in re.split(delimiters, text) if part)
