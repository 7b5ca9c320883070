"""A data set of pydicom to bytes (PS3.5 7).

Sequences and items are written with their length.  Text is written in the character sets that
the data set names; where a character has no code in them, all is written in Unicode instead and
the data set says so: a responder may choose its character set, and must lose nothing.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import Any

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.valuerep import PersonName, format_number_as_ds

from txdicomtls.dataset.encoding import LONG_VRS, Encoding
from txdicomtls.dataset.representations import BYTES_VRS, NUMBER_FORMATS, decided
from txdicomtls.dataset.text import (
    EXTENDED_VRS,
    SPECIFIC_CHARACTER_SET,
    UNICODE,
    UNSPLIT_VRS,
    encode_text,
)

_ITEM = (0xFFFE, 0xE000)
_LONGEST_SHORT = 0xFFFF
_LONGEST_DECIMAL = 16


class _NoCode(Exception):
    """A character has no code in the character sets of the data set."""


def write(dataset: Dataset, encoding: Encoding) -> bytes:
    """Write all elements, in the order of their tags; group lengths are left out (PS3.5 7.2).

    :param dataset: all of it in memory; it is not changed.
    :param encoding: how; nothing is deflated here.
    :raises ValueError: an element cannot be encoded; the text has its tag and not its value.
    """
    try:
        return _Writer(encoding, unicode=False).elements(dataset, ())
    except _NoCode:
        return _Writer(encoding, unicode=True).elements(dataset, ())


class _Writer:
    def __init__(self, encoding: Encoding, *, unicode: bool) -> None:
        self._encoding = encoding
        self._unicode = unicode

    def elements(self, dataset: Dataset, sets: Sequence[str]) -> bytes:
        """One data set, or one item.

        :param sets: the character sets of what is around it; none for the data set itself.
        """
        if self._unicode:
            dataset = _in_unicode(dataset, everywhere=not sets)
            sets = (UNICODE,)
        elif SPECIFIC_CHARACTER_SET in dataset:
            sets = [str(term) for term in values_of(dataset[SPECIFIC_CHARACTER_SET])]
        return b"".join(
            self._element(element, sets)
            for element in dataset
            if element.tag.element  # group lengths are retired
        )

    def _element(self, element: DataElement, sets: Sequence[str]) -> bytes:
        tag, vr = element.tag, decided(element.VR)
        if tag.group <= 0x0002:
            raise ValueError(f"{tag} belongs in no data set")
        order = self._encoding.order
        try:
            if vr == "SQ":
                value = b"".join(self._item(item, sets) for item in element.value or ())
            else:
                value = _value(element, vr, order, sets)
        except (struct.error, TypeError, AttributeError) as error:
            raise ValueError(f"{tag} has a value that is not {vr}") from error
        value += (b" " if _is_text(vr) and vr != "UI" else b"\0") * (len(value) % 2)
        head = struct.pack(order + "HH", tag.group, tag.element)
        if not self._encoding.explicit:
            return head + struct.pack("<L", len(value)) + value
        form = vr.encode("ascii")
        if form not in LONG_VRS and len(value) <= _LONGEST_SHORT:
            return head + struct.pack(order + "2sH", form, len(value)) + value
        if form not in LONG_VRS:
            form = b"UN"  # too long for its own representation (PS3.5 6.2.2)
        return head + struct.pack(order + "2sHL", form, 0, len(value)) + value

    def _item(self, item: Dataset, sets: Sequence[str]) -> bytes:
        content = self.elements(item, sets or ("",))
        return struct.pack(self._encoding.order + "HHL", *_ITEM, len(content)) + content


def _in_unicode(dataset: Dataset, *, everywhere: bool) -> Dataset:
    """The same elements, saying that they are in Unicode; an item only if it said anything."""
    if not everywhere and SPECIFIC_CHARACTER_SET not in dataset:
        return dataset
    copy = Dataset()
    for element in dataset:
        copy[element.tag] = element
    copy[SPECIFIC_CHARACTER_SET] = DataElement(
        SPECIFIC_CHARACTER_SET, "CS", UNICODE, already_converted=True
    )
    return copy


def values_of(element: DataElement) -> list[Any]:
    """The values of an element; none at all where it is empty."""
    value = element.value
    if value is None or isinstance(value, str | bytes) or not isinstance(value, Iterable):
        return [] if value in (None, "", b"") else [value]
    # A person name can be walked through, but it is one value.
    return [value] if isinstance(value, PersonName) else list(value)


def _is_text(vr: str) -> bool:
    return vr not in BYTES_VRS and vr not in NUMBER_FORMATS and vr not in ("AT", "SQ")


def _value(element: DataElement, vr: str, order: str, sets: Sequence[str]) -> bytes:
    """The value of an element that is no sequence, without padding."""
    if vr in BYTES_VRS:
        return bytes(element.value or b"")
    values = values_of(element)
    if vr == "AT":
        return b"".join(struct.pack(order + "HH", tag >> 16, tag & 0xFFFF) for tag in values)
    if vr in NUMBER_FORMATS:
        open_to_signs = vr != element.VR  # US or SS
        form = "h" if open_to_signs and min(values, default=0) < 0 else NUMBER_FORMATS[vr]
        return struct.pack(f"{order}{len(values)}{form}", *values)
    text = "\\".join(_text(value) for value in values)
    if vr in UNSPLIT_VRS and isinstance(element.value, str):
        text = element.value
    encoded = encode_text(text, vr, sets)
    if encoded is None and vr in EXTENDED_VRS:
        if UNICODE in sets:
            raise ValueError(f"{element.tag} has text that cannot be encoded")
        raise _NoCode
    if encoded is None:
        raise ValueError(f"{element.tag} has text that {vr} cannot have")
    return encoded


def _text(value: Any) -> str:  # noqa: ANN401 - as pydicom
    if value is None:
        return ""
    if isinstance(value, float) and len(str(value)) > _LONGEST_DECIMAL:
        return format_number_as_ds(float(value))
    return str(value)
