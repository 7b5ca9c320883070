"""What the keys of an identifier ask for, worked out once (PS3.4 C.2.2.2).

Where the standard says nothing, these are the rules:

- several values in a key that is no list of UIDs are alternatives, a hundred at most;
- ``*`` alone is universal matching for every text, not only where wild cards are allowed;
- a key of bytes (OB, UN and the like) cannot be matched on, and is universal;
- a date or time of less precision stands for all that it contains: see
  :mod:`txdicomtls.dataset.dates`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.valuerep import IS

from txdicomtls.dataset.dates import LONGEST_RANGE, Range, is_range, moments, parse_range
from txdicomtls.dataset.names import name_groups
from txdicomtls.dataset.representations import (
    BYTES_VRS,
    NUMBER_FORMATS,
    NUMBER_TEXT_VRS,
    decided,
)
from txdicomtls.dataset.text import UNSPLIT_VRS
from txdicomtls.dataset.wildcards import has_wildcards
from txdicomtls.dataset.writer import values_of
from txdicomtls.errors import InvalidKey

#: Value representations in whose keys ``*`` and ``?`` are wild cards (PS3.4 C.2.2.2.4).
WILDCARD_VRS = frozenset(("AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"))

_OTHER_TEXT_VRS = frozenset(("AS", "UI"))

#: The longest value of a key, in characters (PS3.5 6.2); a name has three groups of 64.
_LONGEST = {
    "AE": 16,
    "AS": 4,
    "CS": 16,
    "DS": 16,
    "IS": 12,
    "LO": 64,
    "LT": 10240,
    "PN": 3 * 64 + 2,
    "SH": 16,
    "ST": 1024,
    "UI": 64,
} | LONGEST_RANGE
_LONGEST_OF_ALL = 1 << 16

#: The longest pattern: a bound on the effort that a key can cause for each value of long text.
_LONGEST_PATTERN = 256

#: The most alternatives in one key that is no list of UIDs: each costs something for each value,
#: and a database takes only so many in one condition.
MOST_ALTERNATIVES = 100


class Matching(Enum):
    """The kinds of matching (PS3.4 C.2.2.2.1 to C.2.2.2.6)."""

    UNIVERSAL = "universal"
    SINGLE = "single value"
    UID_LIST = "list of UIDs"
    MULTIPLE = "alternatives"
    WILDCARD = "wild card"
    RANGE = "range"
    SEQUENCE = "sequence"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What one element of an identifier asks for.

    :param tag: the element.
    :param vr: its value representation.
    :param matching: how it is matched; the fields that follow belong to one kind each.
    :param text: SINGLE: the value, a number as text; WILDCARD: the pattern.
    :param uids: UID_LIST: the UIDs, of which any may match.
    :param alternatives: MULTIPLE: keys, of which any may match.
    :param range: RANGE, and SINGLE of a date or time: the moments, in the form that
        :func:`~txdicomtls.dataset.moments` gives them.
    :param name: SINGLE and WILDCARD of a person name: its groups as
        :func:`~txdicomtls.dataset.name_groups` gives them.
    :param number: SINGLE of a number: the number.
    :param item: SEQUENCE: the keys that one item has to match, all of them.
    """

    tag: int
    vr: str
    matching: Matching
    text: str = ""
    uids: frozenset[str] = frozenset()
    alternatives: tuple[Key, ...] = ()
    range: Range | None = None
    name: tuple[str, ...] = ()
    number: Decimal | None = None
    item: tuple[Key, ...] = ()


def parse_key(element: DataElement, *, utc_offset: int = 0) -> Key:
    """Work out what an element of an identifier asks for.

    :param element: the element.
    :param utc_offset: minutes east of UTC, for a date-time that does not say.
    :raises InvalidKey: it cannot be matched on: a date that is none, too long a value, wild cards
        where there can be none, more than one item.

    See PS3.4 C.2.2.2.
    """
    tag, vr = int(element.tag), decided(element.VR)
    if vr == "SQ":
        return _sequence(tag, element.value or (), utc_offset)
    if vr in BYTES_VRS:
        return Key(tag=tag, vr=vr, matching=Matching.UNIVERSAL)
    texts = [text for text in texts_of(element) if text]
    if vr != "UI" and len(texts) > MOST_ALTERNATIVES:
        raise InvalidKey(f"more than {MOST_ALTERNATIVES} values", tag=tag)
    keys = tuple(_one(tag, vr, text, utc_offset) for text in texts)
    if not keys or any(key.matching is Matching.UNIVERSAL for key in keys):
        return Key(tag=tag, vr=vr, matching=Matching.UNIVERSAL)
    if vr == "UI" and len(keys) > 1:
        uids = frozenset(key.text for key in keys)
        return Key(tag=tag, vr=vr, matching=Matching.UID_LIST, uids=uids)
    several = Key(tag=tag, vr=vr, matching=Matching.MULTIPLE, alternatives=keys)
    return several if len(keys) > 1 else keys[0]


def parse_keys(dataset: Dataset, *, utc_offset: int = 0) -> tuple[Key, ...]:
    """Work out all keys of an identifier, or of an item of a key.

    :param dataset: the identifier.
    :param utc_offset: minutes east of UTC, for date-times that do not say.
    :return: those that are not universal, and of which an answer depends.
    :raises InvalidKey: one cannot be matched on.
    """
    keys = (
        parse_key(element, utc_offset=utc_offset)
        for element in dataset
        if element.tag not in NO_KEYS and element.tag.element
    )
    return tuple(key for key in keys if key.matching is not Matching.UNIVERSAL)


#: What may be in an identifier and is no attribute of what is looked for (PS3.4 C.4.1.1.3):
#: Specific Character Set, Query/Retrieve Level, Retrieve AE Title, Instance Availability, Timezone
#: Offset From UTC.
NO_KEYS = frozenset((0x00080005, 0x00080052, 0x00080054, 0x00080056, 0x00080201))


def texts_of(element: DataElement) -> list[str]:
    """The values of an element that is neither a sequence nor bytes, as text, without padding."""
    vr = decided(element.VR)
    if vr in UNSPLIT_VRS and isinstance(element.value, str):
        return [element.value.rstrip(" \0")] if element.value else []
    return ["" if value is None else _text(value) for value in values_of(element)]


def _text(value: Any) -> str:  # noqa: ANN401 - as pydicom
    if isinstance(value, int) and not isinstance(value, IS):
        return f"{value:d}"  # a tag among them
    return str(value).strip(" \0")


def number_of(text: str) -> Decimal | None:
    """The number that a text is; None where it is none."""
    if "_" in text or not text.isascii():
        return None  # digits for Python, but not for PS3.5 6.2
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _sequence(tag: int, items: Any, utc_offset: int) -> Key:  # noqa: ANN401 - as pydicom
    if len(items) > 1:
        raise InvalidKey("a sequence of more than one item", tag=tag)
    keys = parse_keys(items[0], utc_offset=utc_offset) if items else ()
    matching = Matching.SEQUENCE if keys else Matching.UNIVERSAL
    return Key(tag=tag, vr="SQ", matching=matching, item=keys)


def _one(tag: int, vr: str, text: str, utc_offset: int) -> Key:
    """One value of a key."""
    if len(text) > _LONGEST.get(vr, _LONGEST_OF_ALL):
        raise InvalidKey(f"longer than {vr} may be", tag=tag)
    if text == "*":
        return Key(tag=tag, vr=vr, matching=Matching.UNIVERSAL)
    if vr in LONGEST_RANGE:
        return _moment(tag, vr, text, utc_offset)
    if vr in WILDCARD_VRS:
        matching = Matching.WILDCARD if has_wildcards(text) else Matching.SINGLE
        if matching is Matching.WILDCARD and len(text) > _LONGEST_PATTERN:
            raise InvalidKey(f"a pattern of more than {_LONGEST_PATTERN} characters", tag=tag)
        name = name_groups(text) if vr == "PN" else ()
        if vr == "PN" and not name:  # nothing but delimiters
            matching = Matching.UNIVERSAL
        return Key(tag=tag, vr=vr, matching=matching, text=text, name=name)
    if vr in NUMBER_FORMATS or vr in NUMBER_TEXT_VRS or vr == "AT":
        number = number_of(text)
        if number is None:
            raise InvalidKey(f"a value of {vr} that is no number", tag=tag)
        return Key(tag=tag, vr=vr, matching=Matching.SINGLE, text=text, number=number)
    if vr not in _OTHER_TEXT_VRS:
        raise InvalidKey("its value representation is not known", tag=tag)
    if has_wildcards(text):
        raise InvalidKey(f"a wild card in {vr}", tag=tag)
    return Key(tag=tag, vr=vr, matching=Matching.SINGLE, text=text)


def _moment(tag: int, vr: str, text: str, utc_offset: int) -> Key:
    try:
        if is_range(vr, text):
            asked, matching = parse_range(vr, text, utc_offset), Matching.RANGE
        else:
            asked, matching = moments(vr, text, utc_offset), Matching.SINGLE
    except ValueError as error:
        raise InvalidKey(f"{error}", tag=tag) from error
    return Key(tag=tag, vr=vr, matching=matching, text=text, range=asked)
