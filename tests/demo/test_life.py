"""The demo begins at an hour at which anybody may be written to."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.demo import answers, life
from notifier.surveys import read

moments = st.datetimes(datetime(2025, 1, 1), datetime(2030, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - bounds


@given(moments)
def test_the_first_month_ends_on_a_past_weekday_at_two_in_the_afternoon(today: datetime) -> None:
    end = life._end(today)

    assert end <= today
    assert today - end < timedelta(days=16)
    assert (end.hour, end.minute) == (14, 0)
    assert end.weekday() < 5


@pytest.mark.parametrize(
    ("day", "why"),
    [(date(2026, 11, 20), "Consciência Negra"), (date(2026, 11, 22), "a Sunday"), (date(2026, 12, 25), "Christmas")],
)
def test_it_is_no_holiday_where_the_customers_live(day: date, why: str) -> None:
    assert not life._is_decent(datetime(day.year, day.month, day.day, 14, tzinfo=UTC)), why


@given(st.randoms(use_true_random=False), st.sampled_from(["pt_BR", "en", "es"]))
def test_a_score_a_customer_writes_can_be_read(dice, locale: str) -> None:
    row = SimpleNamespace(template="feedback", locale=locale)

    said = answers._says(row, dice)

    assert said == "" or read.read(said).score is not None
