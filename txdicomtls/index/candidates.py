"""Rows as data sets: what is matched against the keys, and then is the response.

Only what the identifier asks for is read and made.  Values are text in the database; here
they become what pydicom has for their representation, where they can, and stay text where they
are no valid value of it: that never fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydicom import config
from pydicom.dataelem import DataElement, RawDataElement, empty_value_for_VR
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence as Items
from pydicom.tag import BaseTag
from pydicom.uid import UID
from pydicom.valuerep import DS, IS, PersonName

from txdicomtls.dataset.text import UNSPLIT_VRS
from txdicomtls.index.sequences import items_of

_CONVERTED: dict[str, Callable[[str], Any]] = {
    "DS": lambda text: DS(text, validation_mode=config.IGNORE),
    "IS": lambda text: IS(text, validation_mode=config.IGNORE),
    "PN": lambda text: PersonName(text, validation_mode=config.IGNORE),
    "UI": lambda text: UID(text, validation_mode=config.IGNORE),
}

_MOST_SHORT = 0xFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """An attribute of the response.

    :param tag: as 0x00100010.
    :param vr: value representation.
    :param position: of its text in what :func:`candidate` is given.
    :param inner: of a sequence, by tag the value representations of what its items may have.
    :param asked: which of these each item is to have; empty for all that it has.
    """

    tag: int
    vr: str
    position: int
    inner: Mapping[int, str] = field(default_factory=dict)
    asked: frozenset[int] = frozenset()


def candidate(fields: Iterable[Field], texts: Sequence[Any]) -> Dataset:
    """Make a data set.

    :param fields: the attributes that it is to have.
    :param texts: their values, or numbers.
    """
    elements: dict[BaseTag, DataElement | RawDataElement] = {}
    for each in fields:
        tag = BaseTag(each.tag)
        text = str(texts[each.position])
        value = _items(each, text) if each.vr == "SQ" else value_of(each.vr, text)
        elements[tag] = DataElement(tag, each.vr, value, already_converted=True)
    return Dataset(elements)


def value_of(vr: str, text: str) -> Any:  # noqa: ANN401 - as pydicom
    """Give a value as pydicom has it.

    :param vr: value representation.
    :param text: as it is kept; a backslash between values.
    """
    if not text:
        return empty_value_for_VR(vr)
    if vr in UNSPLIT_VRS:
        return text
    if "\\" not in text:
        return _one(vr, text)
    return MultiValue(lambda value: value, [_one(vr, part) for part in text.split("\\")])


def _items(sequence: Field, text: str) -> Items:
    """Give the items of a sequence; what was asked for and they lack is empty."""
    items = []
    for kept in items_of(text):
        item = Dataset()
        for tag in sorted(sequence.asked or sequence.inner.keys() & kept.keys()):
            vr = sequence.inner[tag]
            value = value_of(vr, kept.get(tag, ""))
            item[tag] = DataElement(BaseTag(tag), vr, value, already_converted=True)
        items.append(item)
    return Items(items)


def _one(vr: str, text: str) -> Any:  # noqa: ANN401 - as pydicom
    if vr == "US":
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else -1
        return number if 0 <= number <= _MOST_SHORT else None
    convert = _CONVERTED.get(vr)
    if convert is None or not text:
        return text
    try:
        return convert(text)
    except (ValueError, TypeError, ArithmeticError):
        return text
