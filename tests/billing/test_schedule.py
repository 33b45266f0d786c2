"""What follows a decline."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.dunning.schedule import GRACE, LADDERS, after_decline

FIRST = date(2026, 11, 18)
REASONS = st.sampled_from(sorted(LADDERS))


@given(st.lists(REASONS, min_size=1, max_size=30), st.dates(date(2020, 1, 1), date(2040, 1, 1)))
def test_retries_go_forward_stay_in_the_grace_and_under_the_networks_ceiling(reasons: list[str], first: date) -> None:
    tries, today = 1, first
    for reason in reasons:
        verdict = after_decline(reason, first_declined_on=first, today=today)
        assert verdict.access_ends_on == first + GRACE
        if verdict.retry_on is None:
            break
        assert today < verdict.retry_on <= verdict.access_ends_on
        today, tries = verdict.retry_on, tries + 1

    assert tries <= 5


def test_a_soft_decline_is_retried_on_days_3_7_and_14() -> None:
    days, today = [], FIRST
    while retry := after_decline("insufficient-funds", first_declined_on=FIRST, today=today).retry_on:
        today = retry
        days.append((today - FIRST).days)

    assert days == [3, 7, 14]


@pytest.mark.parametrize("reason", ["lost-card", "expired-card", "something-new"])
def test_a_card_that_cannot_work_again_is_not_retried(reason: str) -> None:
    verdict = after_decline(reason, first_declined_on=FIRST, today=FIRST)

    assert verdict.retry_on is None
    assert verdict.reason == "needs-another-card"
    assert verdict.access_ends_on == FIRST + timedelta(days=14)


def test_the_last_verdict_says_so() -> None:
    assert after_decline("card-declined", first_declined_on=FIRST, today=FIRST + GRACE).reason == "last-attempt-made"
