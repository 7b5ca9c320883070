"""The values that a walker collected, as text by keyword: what an index keeps (PS3.6 6)."""

from __future__ import annotations

import struct
from collections.abc import Mapping

from pydicom.datadict import dictionary_keyword
from pydicom.dataset import Dataset

from txdicomtls.dataset.encoding import encoding_of
from txdicomtls.dataset.representations import BYTES_VRS, NUMBER_FORMATS, dictionary_vr
from txdicomtls.dataset.text import SPECIFIC_CHARACTER_SET, character_sets, decode_text


def decode_attributes(values: Mapping[int, bytes], transfer_syntax_uid: str) -> dict[str, str]:
    """Text by keyword.

    :param values: raw values by tag; among them that of Specific Character Set (0008,0005), if
        the data set has one.
    :param transfer_syntax_uid: says in which order the bytes of numbers are.
    :return: by keyword, as ``PatientName``; a backslash stands between several values.  What has
        no keyword is left out, and so are bytes, tags, sequences and numbers of a wrong length.
    :raises MalformedDataSet: no data set can be in this transfer syntax.
    """
    sets = (
        character_sets(values[SPECIFIC_CHARACTER_SET]) if SPECIFIC_CHARACTER_SET in values else ()
    )
    order = encoding_of(transfer_syntax_uid).order
    nothing_private = Dataset()
    decoded = {}
    for tag, value in values.items():
        vr = dictionary_vr(tag, nothing_private)
        keyword = "" if vr in BYTES_VRS or vr in ("AT", "SQ") else _keyword(tag)
        text = _numbers(value, vr, order) if vr in NUMBER_FORMATS else decode_text(value, vr, sets)
        if keyword and text is not None:
            decoded[keyword] = text
    return decoded


def _keyword(tag: int) -> str:
    try:
        return dictionary_keyword(tag)
    except KeyError:
        return ""


def _numbers(value: bytes, vr: str, order: str) -> str | None:
    form = NUMBER_FORMATS[vr]
    count = len(value) // struct.calcsize(order + form)
    try:
        return "\\".join(map(str, struct.unpack(f"{order}{count}{form}", value)))
    except struct.error:
        return None
