"""Dates of periods."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.calendar import anniversary, local_day, morning, periods_begun

ANCHORS = st.dates(date(2000, 1, 1), date(2060, 12, 31))
INTERVALS = st.sampled_from(["month", "year"])
ZONES = st.sampled_from(["America/Sao_Paulo", "America/Los_Angeles", "Europe/Madrid", "Pacific/Apia", "Asia/Kolkata"])


def test_an_anchor_on_the_31st_bills_on_the_last_day_of_short_months_and_returns() -> None:
    dates = [anniversary(date(2027, 1, 31), "month", n) for n in range(5)]

    assert dates == [date(2027, 1, 31), date(2027, 2, 28), date(2027, 3, 31), date(2027, 4, 30), date(2027, 5, 31)]


def test_29_february_bills_on_the_28th_of_common_years_and_returns() -> None:
    dates = [anniversary(date(2024, 2, 29), "year", n) for n in range(5)]

    assert [day.day for day in dates] == [29, 28, 28, 28, 29]


@given(ANCHORS, INTERVALS, st.integers(0, 400))
def test_periods_touch_without_gap_or_overlap_and_keep_the_anchor_day(anchor: date, interval: str, n: int) -> None:
    start, end = anniversary(anchor, interval, n), anniversary(anchor, interval, n + 1)

    assert start < end
    assert start.day == anchor.day or (start + timedelta(days=1)).day == 1
    assert (end - start).days in ({28, 29, 30, 31} if interval == "month" else {365, 366})


@given(ANCHORS, INTERVALS, st.integers(0, 5000))
def test_the_periods_begun_are_those_whose_first_day_has_come(anchor: date, interval: str, days: int) -> None:
    today = anchor + timedelta(days=days)

    begun = periods_begun(anchor, interval, today)

    assert anniversary(anchor, interval, begun - 1) <= today < anniversary(anchor, interval, begun)


def test_no_period_has_begun_before_the_anchor() -> None:
    assert periods_begun(date(2026, 5, 1), "month", date(2026, 4, 30)) == 0


@given(ANCHORS, ZONES)
def test_the_morning_is_nine_where_the_customer_lives(day: date, zone: str) -> None:
    at = morning(day, zone)

    assert local_day(at, zone) == day
    assert at.astimezone(ZoneInfo(zone)).hour == 9


@pytest.mark.parametrize(("day", "hour"), [(date(2026, 3, 7), 14), (date(2026, 3, 9), 13)])
def test_the_morning_follows_daylight_saving(day: date, hour: int) -> None:
    assert morning(day, "America/New_York").hour == hour
