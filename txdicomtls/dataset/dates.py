"""Dates, times and ranges of them, as text that sorts in the order of time (PS3.5 6.2).

A value of less precision than there is, as the time ``1030``, stands for an interval.  Here every
value becomes the first and the last moment of its interval, each written in full, so that
everything is compared as text, in Python as in a database:

========== ==================================
DA         ``20261231``
TM         ``235959.999999``
DT         ``20261231235959.999999``, in UTC
========== ==================================
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone

#: The longest texts of keys, in characters: with a range they are longer than values (PS3.5 6.2).
LONGEST_RANGE = {"DA": 18, "TM": 28, "DT": 54}

# The form with points is of ACR-NEMA 300, and still to be read (PS3.5 6.2, DA).
_DA = re.compile(r"([0-9]{4})(\.?)([0-9]{2})\2([0-9]{2})")
_TM = re.compile(r"([0-9]{2})(?::?([0-9]{2})(?::?([0-9]{2})(?:\.([0-9]{1,6}))?)?)?")
_DT_FORM = (
    r"[0-9]{4}(?:[0-9]{2}(?:[0-9]{2}(?:[0-9]{2}(?:[0-9]{2}(?:[0-9]{2}(?:\.[0-9]{1,6})?)?)?)?)?)?"
    r"(?:\+[0-9]{4}|-(?:0[0-9]{3}|1[01][0-9]{2}|1200))?"
)
_DT = re.compile(_DT_FORM)
#: A hyphen with at most 1200 behind it is an offset from UTC, no year (PS3.5 6.2, DT).
_DT_RANGE = re.compile(f"({_DT_FORM})?-({_DT_FORM})?")

_LEAST = "00010101000000000000"
_MOST = "99991231235959999999"


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """A range of moments, both ends included; an end that is empty is open.

    :param low: the first moment, in the form that :func:`~txdicomtls.dataset.moments` gives.
    :param high: the last one.
    """

    low: str
    high: str

    def __contains__(self, moment: str) -> bool:
        return (not self.low or self.low <= moment) and (not self.high or moment <= self.high)


def moments(vr: str, text: str, utc_offset: int = 0) -> Range:
    """The first and the last moment that a value stands for.

    They are text that sorts in the order of time: ``20261231`` for DA, ``235959.999999`` for TM,
    ``20261231235959.999999`` in UTC for DT.

    :param vr: DA, TM or DT.
    :param text: one value.
    :param utc_offset: minutes east of UTC, for a date-time that does not say.
    :raises ValueError: it is none.
    """
    return _INTERVALS[vr](text.strip(" "), utc_offset)


def is_range(vr: str, text: str) -> bool:
    """Whether a key of DA, TM or DT is a range, and not a single value (PS3.4 C.2.2.2.5)."""
    return "-" in text and not (vr == "DT" and _DT.fullmatch(text))


def parse_range(vr: str, text: str, utc_offset: int = 0) -> Range:
    """The range that a key asks for (PS3.4 C.2.2.2.5).

    :param vr: DA, TM or DT.
    :param text: two values with a hyphen between them, of which one may be missing.
    :param utc_offset: minutes east of UTC, for date-times that do not say.
    :raises ValueError: it is none, or ends before it begins.
    """
    if vr == "DT":
        parts = _DT_RANGE.fullmatch(text)
        first, last = parts.groups() if parts else ("", "")
    else:
        first, _, last = text.partition("-")
    first, last = (first or "").strip(" "), (last or "").strip(" ")
    if not (first or last):
        raise ValueError("a range without an end")
    low = moments(vr, first, utc_offset).low if first else ""
    high = moments(vr, last, utc_offset).high if last else ""
    if low and high and low > high:
        raise ValueError("a range that ends before it begins")
    return Range(low=low, high=high)


def _dates(text: str, _: int) -> Range:
    parts = _DA.fullmatch(text)
    if parts is None:
        raise ValueError("not a date")
    day = date(int(parts[1]), int(parts[3]), int(parts[4]))  # raises ValueError
    moment = f"{day.year:04}{day.month:02}{day.day:02}"
    return Range(low=moment, high=moment)


def _times(text: str, _: int) -> Range:
    parts = _TM.fullmatch(text)
    if parts is None:
        raise ValueError("not a time")
    hour, minute, second, fraction = parts.groups()
    # A leap second may be there (PS3.5 6.2, TM).
    if hour > "23" or (minute or "") > "59" or (second or "") > "60":
        raise ValueError("not a time")
    low = f"{hour}{minute or '00'}{second or '00'}.{(fraction or ''):0<6}"
    high = f"{hour}{minute or '59'}{second or '59'}.{(fraction or ''):9<6}"
    return Range(low=low, high=high)


def _date_times(text: str, utc_offset: int) -> Range:
    if _DT.fullmatch(text) is None:
        raise ValueError("not a date-time")
    sign = max(text.find("+"), text.find("-"))
    if sign > 0:
        hours, minutes = int(text[sign + 1 : sign + 3]), int(text[sign + 3 :])
        if hours > 14 or minutes > 59:
            raise ValueError("not an offset from UTC")
        utc_offset = (hours * 60 + minutes) * (-1 if text[sign] == "-" else 1)
        text = text[:sign]
    digits = text.replace(".", "")
    zone = timezone(timedelta(minutes=utc_offset))
    last = digits + _MOST[len(digits) :]
    if len(digits) < 8:  # months end on different days
        days = calendar.monthrange(int(last[:4]), int(last[4:6]))[1]
        last = f"{last[:6]}{days}{last[8:]}"
    return Range(low=_in_utc(digits + _LEAST[len(digits) :], zone), high=_in_utc(last, zone))


def _in_utc(digits: str, zone: timezone) -> str:
    second = min(int(digits[12:14]), 59) if digits[12:14] <= "60" else 60  # 61 raises ValueError
    moment = datetime(
        int(digits[:4]),
        int(digits[4:6]),
        int(digits[6:8]),
        int(digits[8:10]),
        int(digits[10:12]),
        second,
        int(digits[14:]),
        zone,
    )
    try:
        moment = moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("a date-time at the end of all time") from None
    return f"{moment.year:04}{moment:%m%d%H%M%S}.{moment.microsecond:06}"


_INTERVALS: dict[str, Callable[[str, int], Range]] = {
    "DA": _dates,
    "TM": _times,
    "DT": _date_times,
}
