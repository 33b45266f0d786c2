"""How things are right now, counted over bounded windows of the newest rows."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.orm import Session

#: No count looks at more rows than this; a fuller window is shown as "more than".
WINDOW = 20_000
#: States after which nothing more is awaited from us or the provider.
REACHED = ("delivered",)
UNREACHED = ("undelivered", "bounced", "failed")


class Count(Struct, frozen=True, kw_only=True):
    """Messages of a channel in a state."""

    channel: str
    state: str
    number: int


class Day(Struct, frozen=True, kw_only=True):
    """Messages planned on one day, by what became of them."""

    on: date
    delivered: int
    underway: int
    unreached: int
    unsent: int


class Overview(Struct, frozen=True, kw_only=True):
    """The figures of the first page."""

    since: datetime
    triggers: int
    counts: list[Count]
    days: list[Day]
    waiting: int
    unknown: int
    failed_triggers: int
    failed_runs: int
    replies: int
    is_capped: bool
    """The window was full: the figures are of its newest `WINDOW` messages only."""

    @property
    def messages(self) -> int:
        """Messages decided on since."""
        return sum(count.number for count in self.counts)

    def of(self, *states: str) -> int:
        """Messages now in one of these states."""
        return sum(count.number for count in self.counts if count.state in states)

    @property
    def delivered_share(self) -> float | None:
        """Delivered of those whose end is known; None while no end is known."""
        ended = self.of(*REACHED, *UNREACHED)
        return self.of(*REACHED) / ended if ended else None


def overview(db: Session, *, since: datetime, zone: str = "UTC", now: datetime) -> Overview:
    """Count what happened from `since` to `now` (business time); days are those of `zone`."""
    given = {"since": since, "window": WINDOW}
    counts = [Count(**row) for row in db.execute(_COUNTS, given).mappings()]
    single = db.execute(_SINGLE, given).mappings().one()
    return Overview(
        since=since,
        counts=counts,
        days=_days(db, since=since, zone=zone, now=now),
        is_capped=sum(count.number for count in counts) >= WINDOW,
        **single,
    )


def recent(db: Session, *, limit: int = 12) -> list[dict[str, Any]]:
    """Return the newest messages with the customers' names."""
    return [dict(row) for row in db.execute(_RECENT, {"limit": limit}).mappings()]


def _days(db: Session, *, since: datetime, zone: str, now: datetime) -> list[Day]:
    given = {"since": since, "window": WINDOW, "zone": zone}
    found = {row["on"]: row for row in db.execute(_DAYS, given).mappings()}
    first, last = (at.astimezone(ZoneInfo(zone)).date() for at in (since, now))
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    empty = {"delivered": 0, "underway": 0, "unreached": 0, "unsent": 0}
    return [Day(**{**empty, **found.get(on, {}), "on": on}) for on in days]


# Ids are UUIDv7: the newest rows are the last ones of the primary key, whatever business time says.
_NEWEST = "SELECT channel, state, created_at FROM messages ORDER BY id DESC LIMIT :window"
_COUNTS = text(
    f"SELECT channel, state, count(*) AS number FROM ({_NEWEST}) AS newest WHERE created_at >= :since "  # noqa: S608 - our own words only
    "GROUP BY channel, state ORDER BY channel, number DESC"
)
_DAYS = text(f"""
    SELECT CAST(created_at AT TIME ZONE :zone AS date) AS "on",
           count(*) FILTER (WHERE state = 'delivered') AS delivered,
           count(*) FILTER (WHERE state IN ('planned', 'queued', 'sending', 'sent', 'unknown')) AS underway,
           count(*) FILTER (WHERE state IN ('undelivered', 'bounced', 'failed')) AS unreached,
           count(*) FILTER (WHERE state IN ('skipped', 'cancelled', 'expired')) AS unsent
      FROM ({_NEWEST}) AS newest WHERE created_at >= :since GROUP BY 1
""")  # noqa: S608 - our own words only
# Each of these reads a partial index, or at most `window` rows.
_SINGLE = text("""
    SELECT (SELECT count(*) FROM (SELECT time FROM triggers ORDER BY id DESC LIMIT :window) AS newest
             WHERE time >= :since) AS triggers,
           (SELECT count(*) FROM (SELECT 1 FROM due_messages LIMIT :window) AS w)
               AS waiting,
           (SELECT count(*) FROM (
               SELECT 1 FROM attempts WHERE state = 'unknown' AND evidence_at IS NOT NULL LIMIT :window) AS w)
               AS unknown,
           (SELECT count(*) FROM (SELECT 1 FROM handled_triggers WHERE error <> '' LIMIT :window) AS w)
               AS failed_triggers,
           (SELECT count(*) FROM (SELECT 1 FROM runs WHERE state = 'failed' LIMIT :window) AS w) AS failed_runs,
           (SELECT count(*) FROM (SELECT at FROM replies ORDER BY id DESC LIMIT :window) AS newest
             WHERE at >= :since) AS replies
""")
_RECENT = text("""
    SELECT m.id, m.customer_id, coalesce(nullif(c.name, ''), m.customer_id) AS customer, m.channel, m.template,
           m.journey, m.state, m.reason, m.engagement, m.created_at, m.sent_at
      FROM (SELECT * FROM messages ORDER BY id DESC LIMIT :limit) AS m
      LEFT JOIN customers c ON c.id = m.customer_id ORDER BY m.id DESC
""")
