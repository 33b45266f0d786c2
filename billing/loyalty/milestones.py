"""Decide which stay earns which bonus."""

from datetime import date

from billing.calendar import anniversary, periods_begun
from billing.money import Money, share

_YEAR = 12


def following(started_on: date, today: date) -> tuple[int, date]:
    """Return the next milestone after `today`: months of loyalty (every twelve) and the day they are complete."""
    months = periods_begun(started_on, "year", today) * _YEAR
    if months == 0:
        months = _YEAR
    return months, anniversary(started_on, "month", months)


def bonus(price: Money, interval: str, months: int) -> Money:
    """Return the bonus: half a month's price after one year, a whole month's from the second on."""
    monthly = price if interval == "month" else share(price, 1, _YEAR)
    return share(monthly, 1, 2) if months <= _YEAR else monthly


def expires_on(granted_on: date, interval: str) -> date:
    """Return the last day it can be used: three months, or, where a year is paid at once, past the next payment."""
    return anniversary(granted_on, "month", 3 if interval == "month" else 13)
