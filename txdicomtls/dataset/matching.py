"""Attribute matching: whether an entity is one that an identifier asks for (PS3.4 C.2.2.2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from txdicomtls.dataset.dates import Range, moments
from txdicomtls.dataset.keys import Key, Matching, number_of, parse_keys, texts_of
from txdicomtls.dataset.names import name_groups, name_matches
from txdicomtls.dataset.representations import BYTES_VRS, element_of
from txdicomtls.dataset.wildcards import wildcard_match

_TIMEZONE_OFFSET_FROM_UTC = 0x00080201

#: Dates and the times of day that belong to them (PS3.4 C.2.2.2.5.4, PS3.6 6).
DATE_AND_TIME = {
    0x00080012: 0x00080013,  # Instance Creation
    0x00080020: 0x00080030,  # Study
    0x00080021: 0x00080031,  # Series
    0x00080022: 0x00080032,  # Acquisition
    0x00080023: 0x00080033,  # Content
    0x00100030: 0x00100032,  # Patient's Birth
    0x00400002: 0x00400003,  # Scheduled Procedure Step Start
    0x00400004: 0x00400005,  # Scheduled Procedure Step End
    0x00400244: 0x00400245,  # Performed Procedure Step Start
    0x00400250: 0x00400251,  # Performed Procedure Step End
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchOptions:
    """What is agreed about matching.

    :param combined_date_time: a range of dates and one of times ask for one range from the first
        time of the first day to the last time of the last day (PS3.4 C.5.1.1).
    :param utc_offset: minutes east of UTC, for date-times that do not say, neither themselves
        nor by Timezone Offset From UTC (0008,0201).
    """

    combined_date_time: bool = False
    utc_offset: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DateTimeRange:
    """A range of dates and times of day together (PS3.4 C.5.1.1).

    :param date: the element of the date.
    :param time: the element of the time.
    :param range: from moment to moment, each the date and the time written together.
    """

    date: int
    time: int
    range: Range


@dataclass(frozen=True, slots=True, kw_only=True)
class Matcher:
    """The keys of one identifier, made ready for any number of candidates.

    :param keys: all that are not universal.
    :param combined: ranges of dates with times, instead of the keys that they came from.
    :param options: what is agreed.
    """

    keys: tuple[Key, ...]
    combined: tuple[DateTimeRange, ...] = ()
    options: MatchOptions = field(default_factory=MatchOptions)

    @classmethod
    def of(cls, keys: Dataset, options: MatchOptions | None = None) -> Matcher:
        """Make the keys of an identifier ready.

        :param keys: the identifier.
        :param options: what is agreed; the defaults of :class:`MatchOptions` if None.
        :raises InvalidKey: one cannot be matched on.
        """
        options = options or MatchOptions()
        parsed = parse_keys(keys, utc_offset=_utc_offset(keys, options.utc_offset))
        combined = _combined(parsed) if options.combined_date_time else ()
        replaced = {tag for both in combined for tag in (both.date, both.time)}
        return cls(
            keys=tuple(key for key in parsed if key.tag not in replaced),
            combined=combined,
            options=options,
        )

    def matches(self, candidate: Dataset) -> bool:
        """Whether an entity matches all keys.

        :param candidate: the attributes of the entity.
        """
        utc_offset = _utc_offset(candidate, self.options.utc_offset)
        return all(_matches_combined(both, candidate) for both in self.combined) and all(
            _matches(key, element_of(candidate, key.tag), utc_offset) for key in self.keys
        )

    def matching_items(self, tag: int, candidate: Dataset) -> Sequence[Dataset]:
        """Those items of a sequence that match what is asked of them: what a response has.

        :param tag: the sequence.
        :param candidate: the entity.
        :return: all items, where nothing is asked.
        """
        element = element_of(candidate, tag)
        items: Sequence[Dataset] = (element.value if element is not None else None) or ()
        asked = next((key.item for key in self.keys if key.tag == tag), ())
        utc_offset = _utc_offset(candidate, self.options.utc_offset)
        return [item for item in items if _matches_item(asked, item, utc_offset)]


def matches(keys: Dataset, candidate: Dataset, *, options: MatchOptions | None = None) -> bool:
    """Whether an entity is one that an identifier asks for.

    For more than one candidate make a :class:`Matcher`.

    :param keys: the identifier.
    :param candidate: the attributes of the entity.
    :param options: what is agreed; the defaults of :class:`MatchOptions` if None.
    :raises InvalidKey: one key cannot be matched on.

    See PS3.4 C.2.2.2.
    """
    return Matcher.of(keys, options).matches(candidate)


def _utc_offset(dataset: Dataset, otherwise: int) -> int:
    """Timezone Offset From UTC (0008,0201) in minutes."""
    element = element_of(dataset, _TIMEZONE_OFFSET_FROM_UTC)
    text = str(element.value) if element is not None else ""
    if len(text) != 5 or text[0] not in "+-" or not (text[1:].isascii() and text[1:].isdigit()):
        return otherwise
    minutes = int(text[1:3]) * 60 + int(text[3:])
    if minutes > 14 * 60:
        return otherwise
    return -minutes if text[0] == "-" else minutes


def _combined(keys: tuple[Key, ...]) -> tuple[DateTimeRange, ...]:
    """The pairs of keys that are a range of dates and one of times."""
    by_tag = {key.tag: key for key in keys if key.matching is Matching.RANGE}
    pairs = []
    for date, time in DATE_AND_TIME.items():
        if date in by_tag and time in by_tag:
            days, times = by_tag[date].range, by_tag[time].range
            assert days is not None
            assert times is not None
            low = days.low and days.low + (times.low or "000000.000000")
            high = days.high and days.high + (times.high or "235959.999999")
            pairs.append(DateTimeRange(date=date, time=time, range=Range(low=low, high=high)))
    return tuple(pairs)


def _matches_combined(both: DateTimeRange, candidate: Dataset) -> bool:
    date, time = element_of(candidate, both.date), element_of(candidate, both.time)
    days = texts_of(date) if date is not None else []
    times = (texts_of(time) if time is not None else []) or ["00"]
    return any(
        _first("DA", day, 0) + _first("TM", hour, 0) in both.range
        for day in days
        for hour in times
        if _first("DA", day, 0) and _first("TM", hour, 0)
    )


def _first(vr: str, text: str, utc_offset: int) -> str:
    """The first moment that a value stands for; empty where it is none."""
    try:
        return moments(vr, text, utc_offset).low
    except ValueError:
        return ""


def _matches(key: Key, element: DataElement | None, utc_offset: int) -> bool:
    """Whether an element matches one key; an element with several values, if one of them does."""
    if key.matching is Matching.SEQUENCE:
        items = element.value if element is not None and element.VR == "SQ" else ()
        return any(_matches_item(key.item, item, utc_offset) for item in items or ())
    if element is not None and (element.VR == "SQ" or element.VR in BYTES_VRS):
        return False
    # What is empty can match a pattern.
    texts = (texts_of(element) if element is not None else []) or [""]
    return any(_matches_text(key, text, utc_offset) for text in texts)


def _matches_item(keys: tuple[Key, ...], item: Dataset, utc_offset: int) -> bool:
    return all(_matches(key, element_of(item, key.tag), utc_offset) for key in keys)


def _matches_text(key: Key, text: str, utc_offset: int) -> bool:
    if key.matching is Matching.UID_LIST:
        return text in key.uids
    if key.matching is Matching.MULTIPLE:
        return any(_matches_text(one, text, utc_offset) for one in key.alternatives)
    for applies, compare in _COMPARISONS:
        if applies(key):
            return compare(key, text, utc_offset)
    return text == key.text


def _matches_moment(key: Key, text: str, utc_offset: int) -> bool:
    moment = _first(key.vr, text, utc_offset)
    return bool(moment) and key.range is not None and moment in key.range


_COMPARISONS: tuple[tuple[Callable[[Key], bool], Callable[[Key, str, int], bool]], ...] = (
    (lambda key: key.range is not None, _matches_moment),
    (lambda key: bool(key.name), lambda key, text, _: name_matches(key.name, name_groups(text))),
    (lambda key: key.number is not None, lambda key, text, _: number_of(text) == key.number),
    (
        lambda key: key.matching is Matching.WILDCARD,
        lambda key, text, _: wildcard_match(key.text, text),
    ),
)
