"""
The two clocks; nothing else in the package reads the time.

*Business* time (due dates, expiry, decent hours) is machine time plus an offset kept in the database, so that every
process moves together; it can be moved forward. *Machine* time (leases, retries, rate tokens, signatures) is the
database's `clock_timestamp()` and cannot.
"""

import time
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Mapped, Session, mapped_column

from notifier.db import Base, rows
from notifier.errors import Refused

_SINCE_BOOT = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", 0))
_BUSINESS_NOW = "SELECT clock_timestamp() + coalesce((SELECT ahead FROM business_clock), interval '0') AS now"


class BusinessClock(Base):
    """The one row that says how far business time is ahead of machine time."""

    __tablename__ = "business_clock"

    only: Mapped[bool] = mapped_column(primary_key=True, default=True)
    ahead: Mapped[timedelta]


class ClockGoesForward(Refused):
    """Business time cannot be moved back: what was due then has already happened."""


def machine_now(db: Session) -> datetime:
    """Return the database's wall clock, aware UTC."""
    now: datetime = db.execute(text("SELECT clock_timestamp()")).scalar_one()
    return now


def business_now(db: Session) -> datetime:
    """Return business time, aware UTC."""
    now: datetime = rows(db, _BUSINESS_NOW)[0].now
    return now


def move_to(db: Session, at: datetime) -> None:
    """
    Move business time to `at` (aware); later reads go on from there at the ordinary pace.

    Raises:
        ClockGoesForward: `at` is in the business past. Moving to a moment just gone (under a minute) does nothing.
    """
    now = business_now(db)
    if at < now - timedelta(minutes=1):
        raise ClockGoesForward(
            f"It is already {now:%Y-%m-%d %H:%M} UTC; the clock cannot go back to {at:%Y-%m-%d %H:%M}."
        )
    if at <= now:
        return
    db.execute(
        text(
            'INSERT INTO business_clock ("only", ahead) VALUES (true, :at - clock_timestamp()) '
            'ON CONFLICT ("only") DO UPDATE SET ahead = excluded.ahead'
        ),
        {"at": at},
    )


def begin_at(db: Session, at: datetime) -> None:
    """Set business time to `at`, which may be past, for a business that has no history yet; afterwards does nothing."""
    db.execute(
        text(
            'INSERT INTO business_clock ("only", ahead) VALUES (true, :at - clock_timestamp()) '
            'ON CONFLICT ("only") DO NOTHING'
        ),
        {"at": at},
    )


def since_boot() -> float:
    """Return seconds on this machine's clock that goes on while the machine is suspended; only for measuring ages."""
    return time.clock_gettime(_SINCE_BOOT)


def outside() -> float:
    """Return UNIX seconds as those outside have them: what a provider dates and signs; nothing is decided by it."""
    return time.time()
