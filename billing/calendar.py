"""Dates of billing periods and the local morning on which things fall due."""

from calendar import monthrange
from datetime import UTC, date, datetime, time
from typing import Literal
from zoneinfo import ZoneInfo

Interval = Literal["month", "year"]

#: Everything of a day is due at this local hour: decent to be written to at, and the same for all of a zone.
MORNING = time(9)
_MONTHS = {"month": 1, "year": 12}


def anniversary(anchor: date, interval: str, periods: int) -> date:
    """
    Return the first day of a period, counted from 0 at the anchor.

    Always counted from the anchor, so that 31 January bills on 28 February and then on 31 March again.
    """
    months = anchor.year * 12 + anchor.month - 1 + periods * _MONTHS[interval]
    year, month = divmod(months, 12)
    return date(year, month + 1, min(anchor.day, monthrange(year, month + 1)[1]))


def periods_begun(anchor: date, interval: str, today: date) -> int:
    """Count the periods that begin on or before `today`; 0 before the anchor."""
    if today < anchor:
        return 0
    months = (today.year - anchor.year) * 12 + today.month - anchor.month
    whole = months // _MONTHS[interval]
    return whole + (anniversary(anchor, interval, whole) <= today)


def morning(day: date, zone: str) -> datetime:
    """Return 09:00 of a day where the clocks are the zone's (IANA name), in UTC."""
    return datetime.combine(day, MORNING, ZoneInfo(zone)).astimezone(UTC)


def local_day(at: datetime, zone: str) -> date:
    """Return the date an instant has in a zone (IANA name)."""
    return at.astimezone(ZoneInfo(zone)).date()
