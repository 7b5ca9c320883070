from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txdicomtls.dataset import Range, moments
from txdicomtls.dataset.dates import is_range, parse_range

_ZONED = st.tuples(
    st.datetimes(datetime(1900, 1, 2), datetime(2100, 1, 1)),  # noqa: DTZ001 - it gets its zone
    st.integers(-12 * 60, 14 * 60),
)


def ends(asked: Range) -> tuple[str, str]:
    return asked.low, asked.high


class MomentTests(SynchronousTestCase):
    def test_a_value_stands_for_all_that_it_contains(self) -> None:
        for vr, text, low, high in (
            ("DA", "20240229", "20240229", "20240229"),
            ("DA", "2024.02.29", "20240229", "20240229"),
            ("TM", "10", "100000.000000", "105959.999999"),
            ("TM", "1030", "103000.000000", "103059.999999"),
            ("TM", "103015", "103015.000000", "103015.999999"),
            ("TM", "103015.5", "103015.500000", "103015.599999"),
            ("TM", "10:30:15", "103015.000000", "103015.999999"),
            ("TM", "235960", "235960.000000", "235960.999999"),
            ("DT", "2024", "20240101000000.000000", "20241231235959.999999"),
            ("DT", "202402", "20240201000000.000000", "20240229235959.999999"),
            ("DT", "20240105", "20240105000000.000000", "20240105235959.999999"),
            ("DT", "2024010510", "20240105100000.000000", "20240105105959.999999"),
            ("DT", "20240105103015.25", "20240105103015.250000", "20240105103015.259999"),
            ("DT", "2024010510+0200", "20240105080000.000000", "20240105085959.999999"),
            ("DT", "2024010510-0530", "20240105153000.000000", "20240105162959.999999"),
        ):
            self.assertEqual((low, high), ends(moments(vr, text)), (vr, text))

    def test_a_date_time_that_does_not_say_is_at_the_offset_that_is_given(self) -> None:
        self.assertEqual("20240104230000.000000", moments("DT", "20240105", 60).low)

    def test_what_is_none_is_refused(self) -> None:
        for vr, text in (
            ("DA", ""), ("DA", "2024"), ("DA", "20240230"), ("DA", "20241301"), ("DA", "00000101"),
            ("DA", "2024.0229"), ("DA", "today"), ("DA", "2024010\uff11"),
            ("TM", ""), ("TM", "1"), ("TM", "24"), ("TM", "1060"), ("TM", "103061"),
            ("TM", "10.5"), ("TM", "103015.1234567"),
            ("DT", ""), ("DT", "24"), ("DT", "20240230"), ("DT", "202413"), ("DT", "0000"),
            ("DT", "2024+1500"), ("DT", "2024+0160"), ("DT", "00010101+1400"),
            ("DT", "20240105103061"), ("DT", "20240105103099"),
        ):  # fmt: skip
            self.assertRaises(ValueError, moments, vr, text)


class RangeTests(SynchronousTestCase):
    def test_ranges(self) -> None:
        for vr, text, low, high in (
            ("DA", "20240101-20240131", "20240101", "20240131"),
            ("DA", "20240101-", "20240101", ""),
            ("DA", "-20240131", "", "20240131"),
            ("DA", "20240101 - 20240131", "20240101", "20240131"),
            ("DA", "20240101-20240101", "20240101", "20240101"),
            ("TM", "10-11", "100000.000000", "115959.999999"),
            ("TM", "1030-", "103000.000000", ""),
            ("TM", "-1030", "", "103059.999999"),
            ("DT", "20240101-20240102", "20240101000000.000000", "20240102235959.999999"),
            ("DT", "2024-", "20240101000000.000000", ""),
            ("DT", "-2024", "", "20241231235959.999999"),
            ("DT", "2023-2024", "20230101000000.000000", "20241231235959.999999"),
            ("DT", "20240101-0500-", "20240101050000.000000", ""),
            ("DT", "20240101-0500-20240102-0500",
             "20240101050000.000000", "20240103045959.999999"),
            ("DT", "20240101+0100-20240102+0100",
             "20231231230000.000000", "20240102225959.999999"),
        ):  # fmt: skip
            self.assertTrue(is_range(vr, text), text)
            self.assertEqual((low, high), ends(parse_range(vr, text)), (vr, text))

    def test_a_hyphen_with_1200_or_less_behind_it_is_an_offset(self) -> None:
        self.assertFalse(is_range("DT", "20240101-0500"))
        self.assertFalse(is_range("DT", "20240101-1200"))
        self.assertTrue(is_range("DT", "20240101-1201"))
        self.assertTrue(is_range("DT", "20240101-2025"))

    def test_what_is_no_range_is_refused(self) -> None:
        for vr, text in (
            ("DA", "-"), ("DA", "20240131-20240101"), ("DA", "20240101-20240102-20240103"),
            ("DA", "2024-2025"), ("TM", "-"), ("TM", "2200-0600"), ("TM", "10-x"),
            ("DT", "-"), ("DT", "2024-2023"), ("DT", "a-b"), ("DT", "2023-2024-2025"),
        ):  # fmt: skip
            self.assertRaises(ValueError, parse_range, vr, text)

    @given(*[st.dates(date(1900, 1, 1), date(2100, 1, 1))] * 3)
    def test_a_date_is_in_a_range_where_the_calendar_says_so(
        self, one: date, other: date, day: date
    ) -> None:
        low, high = sorted((one, other))
        asked = parse_range("DA", f"{low:%Y%m%d}-{high:%Y%m%d}")
        self.assertEqual(low <= day <= high, moments("DA", f"{day:%Y%m%d}").low in asked)

    @given(st.tuples(_ZONED, _ZONED, _ZONED))
    def test_date_times_compare_in_utc(self, zoned: tuple[tuple[datetime, int], ...]) -> None:
        texts, times = [], []
        for moment, minutes in zoned:
            sign = "-" if minutes < 0 else "+"
            zone = timezone(timedelta(minutes=minutes))
            digits = f"{moment:%Y%m%d%H%M%S}.{moment.microsecond:06}"
            texts.append(f"{digits}{sign}{abs(minutes) // 60:02}{abs(minutes) % 60:02}")
            times.append(moment.replace(tzinfo=zone).astimezone(UTC))
        if times[0] > times[1]:
            self.assertRaises(ValueError, parse_range, "DT", f"{texts[0]}-{texts[1]}")
        else:
            asked = parse_range("DT", f"{texts[0]}-{texts[1]}")
            within = times[0] <= times[2] <= times[1]
            self.assertEqual(within, moments("DT", texts[2]).low in asked)
