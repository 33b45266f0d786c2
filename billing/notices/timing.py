"""Decide how long ahead a charge is announced and when customers are asked how things are."""

from datetime import date, timedelta

#: A yearly charge is announced inside California's 15–45 days before renewal and Mastercard's 7–30.
_AHEAD = {"month": timedelta(days=5), "year": timedelta(days=20)}
_AFTER_START = timedelta(days=14)
_AFTER_RECOVERY = timedelta(days=3)


def announce_on(charged_on: date, interval: str) -> date:
    """Return the day, in the customer's calendar, on which a coming charge is announced."""
    return charged_on - _AHEAD[interval]


def ask_after_start(started_on: date) -> date:
    """Return the day a new subscriber is asked for a first opinion."""
    return started_on + _AFTER_START


def ask_after_recovery(recovered_on: date) -> date:
    """Return the day a customer whose payment came through after all is asked how that went."""
    return recovered_on + _AFTER_RECOVERY
