"""Which value representation an element has where its encoding does not say (PS3.6 6)."""

from __future__ import annotations

from pydicom.datadict import dictionary_VR, private_dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

#: What the dictionary leaves open.  PS3.5 A.1 takes OW in implicit VR; a number that nothing
#: says to be signed is not.
_DECIDED = {"OB or OW": "OW", "US or OW": "OW", "US or SS": "US", "US or SS or OW": "OW"}

_PIXEL_REPRESENTATION = 0x00280103

#: Value representations of numbers, with their format for :mod:`struct` (PS3.5 6.2).
NUMBER_FORMATS = {
    "FD": "d",
    "FL": "f",
    "SL": "l",
    "SS": "h",
    "SV": "q",
    "UL": "L",
    "US": "H",
    "UV": "Q",
}

#: Value representations of numbers that are written as text.
NUMBER_TEXT_VRS = frozenset(("DS", "IS"))

#: Value representations whose value is a string of bytes, whatever is in it.
BYTES_VRS = frozenset(("OB", "OD", "OF", "OL", "OV", "OW", "UN"))


def element_of(dataset: Dataset, tag: int) -> DataElement | None:
    """An element of a data set; None where it has no such element."""
    element: DataElement | None = dataset.get(tag)
    return element


def decided(vr: str) -> str:
    """One value representation of those that the dictionary leaves open, or the one given."""
    return _DECIDED.get(vr, vr)


def dictionary_vr(tag: int, around: Dataset) -> str:
    """The value representation of an element by the dictionaries.

    :param tag: the element.
    :param around: the elements before it, among them the one that reserves a private block.
    :return: UN where the dictionaries do not know it.

    See PS3.6 6 and PS3.5 7.8.1.
    """
    number = tag & 0xFFFF
    if tag & 0x0001_0000:
        return _private_vr(tag, number, around)
    if not number:
        return "UL"  # a group length, retired
    try:
        vr = dictionary_VR(tag)
    except KeyError:
        return "UN"
    representation = element_of(around, _PIXEL_REPRESENTATION) if vr == "US or SS" else None
    if representation is not None and representation.value == 1:
        return "SS"
    return decided(vr)


def _private_vr(tag: int, number: int, around: Dataset) -> str:
    if 0x10 <= number <= 0xFF:
        return "LO"  # reserves a block
    creator = element_of(around, tag & 0xFFFF_0000 | number >> 8)
    if creator is None or not isinstance(creator.value, str):
        return "UN"
    try:
        return decided(private_dictionary_VR(tag, creator.value))
    except KeyError:
        return "UN"
