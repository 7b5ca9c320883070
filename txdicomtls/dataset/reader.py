"""A small data set from bytes that a walker has found sound, to a data set of pydicom.

Everything is read at once, so that no access to a value can fail later, and nothing is guessed.
Values that break a rule of their representation stay as they are: that is for the one who uses
them to judge.  A value is refused only where its length does not suit its representation.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any

from pydicom import config
from pydicom.dataelem import DataElement, empty_value_for_VR
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence as Items
from pydicom.tag import BaseTag
from pydicom.uid import UID
from pydicom.valuerep import DS, IS, PersonName

from txdicomtls import uids
from txdicomtls.dataset.encoding import (
    IMPLICIT_LITTLE,
    ITEM_DELIMITATION,
    LONG_VRS,
    SEQUENCE_DELIMITATION,
    SEQUENCE_TAGS,
    UNDEFINED_LENGTH,
    Encoding,
)
from txdicomtls.dataset.representations import (
    BYTES_VRS,
    NUMBER_FORMATS,
    NUMBER_TEXT_VRS,
    dictionary_vr,
)
from txdicomtls.dataset.text import (
    SPECIFIC_CHARACTER_SET,
    UNSPLIT_VRS,
    character_sets,
    decode_text,
)
from txdicomtls.dataset.walker import Walker
from txdicomtls.errors import MalformedDataSet

_CONVERTED: dict[str, Callable[[str], Any]] = {
    "DS": lambda text: DS(text, validation_mode=config.IGNORE),
    "IS": lambda text: IS(text, validation_mode=config.IGNORE),
    "PN": lambda text: PersonName(text, validation_mode=config.IGNORE),
    "UI": lambda text: UID(text, validation_mode=config.IGNORE),
}


class Reader:
    """Reads one data set.

    :param data: the whole of it, not deflated; a walker has accepted it.
    """

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def read(self, encoding: Encoding) -> Dataset:
        """Read all elements.

        :param encoding: of the data set.
        :raises MalformedDataSet: a value cannot be read at all.
        """
        return self._elements(len(self._data), encoding, ())

    def _elements(self, end: int, encoding: Encoding, sets: Sequence[str]) -> Dataset:
        """Read to an offset or to the delimiter of an item."""
        dataset = Dataset()
        while self._at < end:
            offset = self._at
            tag, vr, length = self._header(encoding, dataset)
            if tag == ITEM_DELIMITATION:
                break
            if vr == "SQ" or length == UNDEFINED_LENGTH:
                if vr in ("OB", "OW"):
                    raise MalformedDataSet(
                        "encapsulated pixel data where none is expected", tag=tag, offset=offset
                    )
                inner = IMPLICIT_LITTLE if vr == "UN" else encoding
                value = Items(self._items(length, inner, sets))
                dataset[tag] = DataElement(BaseTag(tag), "SQ", value, already_converted=True)
                continue
            raw = self._take(length)
            order = encoding.order
            if vr == "UN" and tag in SEQUENCE_TAGS:
                items = _unknown_sequence(tag, raw, sets)
                dataset[tag] = DataElement(BaseTag(tag), "SQ", items, already_converted=True)
                continue
            if vr == "UN" and (known := dictionary_vr(tag, dataset)) != "SQ":
                vr, order = known, IMPLICIT_LITTLE.order  # PS3.5 6.2.2, whatever is around it
            if tag == SPECIFIC_CHARACTER_SET:
                sets = character_sets(raw)
            try:
                value = _value(vr, raw, order, sets)
            except struct.error as error:
                raise MalformedDataSet(
                    f"a value of {length} bytes that is to be {vr}", tag=tag, offset=offset
                ) from error
            dataset[tag] = DataElement(BaseTag(tag), vr, value, already_converted=True)
        return dataset

    def _items(self, length: int, encoding: Encoding, sets: Sequence[str]) -> list[Dataset]:
        """Read the items of a sequence (PS3.5 7.5)."""
        end = len(self._data) if length == UNDEFINED_LENGTH else self._at + length
        items = []
        while self._at < end:
            group, number, size = struct.unpack(encoding.order + "HHL", self._take(8))
            if group << 16 | number == SEQUENCE_DELIMITATION:
                break
            item_end = len(self._data) if size == UNDEFINED_LENGTH else self._at + size
            items.append(self._elements(item_end, encoding, sets))
        return items

    def _header(self, encoding: Encoding, around: Dataset) -> tuple[int, str, int]:
        group, number, form, short = struct.unpack(encoding.order + "HH2sH", self._take(8))
        tag = group << 16 | number
        if encoding.explicit and tag != ITEM_DELIMITATION:
            if form in LONG_VRS:
                (short,) = struct.unpack(encoding.order + "L", self._take(4))
            return tag, form.decode("ascii"), short
        (length,) = struct.unpack_from("<L", self._data, self._at - 4)
        if tag == ITEM_DELIMITATION:
            return tag, "", length
        vr = "SQ" if length == UNDEFINED_LENGTH else dictionary_vr(tag, around)
        # What the dictionary of pydicom calls a private sequence has not been walked.
        if vr == "SQ" and length != UNDEFINED_LENGTH and tag not in SEQUENCE_TAGS:
            vr = "UN"
        return tag, vr, length

    def _take(self, count: int) -> bytes:
        taken = self._data[self._at : self._at + count]
        self._at += count
        return taken


def _unknown_sequence(tag: int, raw: bytes, sets: Sequence[str]) -> Items:
    """A sequence that was written as UN with a length: it is in implicit VR (PS3.5 6.2.2).

    :raises MalformedDataSet: it is not.
    """
    element = struct.pack("<HHL", tag >> 16, tag & 0xFFFF, len(raw)) + raw
    walker = Walker(uids.IMPLICIT_VR_LITTLE_ENDIAN)
    walker.feed(element)
    walker.end()
    reader = Reader(raw)
    return Items(reader._items(len(raw), IMPLICIT_LITTLE, sets))  # noqa: SLF001 - of this class


def _value(vr: str, raw: bytes, order: str, sets: Sequence[str]) -> Any:  # noqa: ANN401 - as pydicom
    """The value of an element as pydicom has it.

    :raises struct.error: it has the wrong length.
    """
    if vr in BYTES_VRS:
        return raw
    if not raw:
        return empty_value_for_VR(vr)
    if vr == "AT":
        count = len(raw) // 4
        parts = struct.unpack(f"{order}{count * 2}H", raw)
        return _one_or_many([BaseTag(a << 16 | b) for a, b in zip(*[iter(parts)] * 2, strict=True)])
    if vr in NUMBER_FORMATS:
        form = NUMBER_FORMATS[vr]
        count = len(raw) // struct.calcsize(order + form)
        return _one_or_many(list(struct.unpack(f"{order}{count}{form}", raw)))
    text = decode_text(raw, vr, sets)
    if vr in UNSPLIT_VRS:
        return text
    return _one_or_many([_converted(vr, part) for part in text.split("\\")])


def _converted(vr: str, text: str) -> Any:  # noqa: ANN401 - as pydicom
    convert = _CONVERTED.get(vr)
    if convert is None or not text:
        return PersonName("") if vr == "PN" else text
    try:
        converted = convert(text)
    except (ValueError, TypeError, ArithmeticError):
        return text  # a number that is none
    # One that is out of range would not be written as it came.
    return text if vr in NUMBER_TEXT_VRS and str(converted) != text else converted


def _one_or_many(values: list[Any]) -> Any:  # noqa: ANN401 - as pydicom
    return values[0] if len(values) == 1 else MultiValue(lambda value: value, values)
