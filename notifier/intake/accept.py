"""Take triggers in: each once, with its customer brought up to date, in the caller's transaction."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

import structlog
from msgspec import Struct
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from notifier.catalog import types
from notifier.customers import snapshot
from notifier.customers.snapshot import Snapshot
from notifier.db import by_key, in_index_order, ring, rows, undone_alone
from notifier.intake.events import Event

log = structlog.get_logger()

#: Clocks of other machines differ a little; further ahead than this is a mistake.
AHEAD = timedelta(minutes=5)


class Result(Struct, frozen=True, kw_only=True):
    """What became of one event. `errors` maps the wrong field to its remedy."""

    id: str
    source: str
    status: Literal["accepted", "duplicate", "refused"]
    errors: dict[str, str] = {}


# Numbered in the order they came, then sorted: two who hand in the same events wait for each other in one direction.
# Received now, not when the transaction began: none of them happened later than it came, unless its clock is ahead.
_INSERT = """
    WITH new AS (
        INSERT INTO triggers (id, source, event_id, type, version, customer_id, time, data, received_at)
        SELECT id, source, event_id, type, version, customer_id, time, CAST(data AS json), clock_timestamp()
        FROM (
            SELECT nextval('triggers_id_seq') AS id, n.* FROM unnest(
                CAST(%(sources)s AS text[]), CAST(%(event_ids)s AS text[]), CAST(%(types)s AS text[]),
                CAST(%(versions)s AS int[]), CAST(%(customers)s AS text[]), CAST(%(times)b AS timestamptz[]),
                CAST(%(data)s AS text[])
            ) AS n(source, event_id, type, version, customer_id, time, data)
        ) numbered
        ORDER BY source, event_id
        ON CONFLICT (source, event_id) DO NOTHING RETURNING id, source, event_id, type, customer_id, time
    ), pending AS (
        INSERT INTO pending_triggers (trigger_id, customer_id, time, lane)
        SELECT id, customer_id, time, CASE WHEN type = ANY(%(bulk)s) THEN 'bulk' ELSE 'transactional' END FROM new
    )
    SELECT source, event_id, id FROM new
"""
# A customer's triggers are handled in their order: one that is in no hurry must not hold up one that is, whichever came
# first.
_HURRY = """
    UPDATE pending_triggers SET lane = 'transactional' WHERE ctid = ANY(ARRAY(
        SELECT p.ctid FROM pending_triggers p WHERE customer_id = ANY(%(customers)s) AND lane = 'bulk' AND EXISTS (
            SELECT FROM pending_triggers u WHERE u.customer_id = p.customer_id AND u.lane = 'transactional' OFFSET 0
        )
        FOR NO KEY UPDATE SKIP LOCKED
    ))
"""

# What a customer's earlier triggers said leaves no trace but themselves when it was nothing new. One dated
# ahead was not known to be true any later than it came.
_OVERTAKEN = """
    SELECT n.place FROM unnest(%(places)s::int[], %(customers)s::text[], %(times)b::timestamptz[])
        AS n(place, customer_id, time)
    WHERE n.time < %(now)b AND EXISTS (
        SELECT FROM triggers t
        WHERE t.customer_id = n.customer_id AND t.time > n.time AND t.id <> ALL(%(new)s::bigint[])
          AND t.received_at + coalesce((SELECT ahead FROM business_clock), interval '0') > n.time OFFSET 0
    )
"""

_UNSTORABLE = "It holds a value that cannot be stored: a number or a date beyond all bounds, or broken text."


def accept(db: Session, events: Sequence[Event], *, now: datetime) -> list[Result]:
    """
    Store the new events and their customers, and ring `triggers`; return one result for each, in order.

    A duplicate (same source and id, here or ever before) changes nothing, not even the customer. If the group cannot
    be stored, its halves are tried, and halves of those, so that one poisonous event fails alone. `now` is business
    time.
    """
    results: dict[int, Result] = {}
    first: dict[tuple[str, str], int] = {}
    again: dict[int, int] = {}
    for place, event in enumerate(events):
        if event.time is not None and event.time > now + AHEAD:
            results[place] = _result(event, "refused", {"time": f"It lies in the future: it is {now.isoformat()} now."})
        elif (earlier := first.setdefault((event.source, event.id), place)) != place:
            again[place] = earlier
    results |= _group(db, [(place, events[place]) for place in first.values()], now=now)
    if any(result.status == "accepted" for result in results.values()):
        ring(db, "triggers")
    for place, earlier in again.items():
        # "Duplicate" promises that it is stored: the second of a pair whose first was refused is refused with it.
        is_refused = results[earlier].status == "refused"
        results[place] = results[earlier] if is_refused else _result(events[place], "duplicate")
    return [results[place] for place in range(len(events))]


def _group(db: Session, group: list[tuple[int, Event]], *, now: datetime) -> dict[int, Result]:
    try:
        with undone_alone(db):
            new = _store(db, [event for _, event in group], now=now)
    except (DataError, IntegrityError, UnicodeError) as error:
        # Only what is in the events; a database that is away, or asks for another try, is the caller's matter.
        if middle := len(group) // 2:
            return _group(db, group[:middle], now=now) | _group(db, group[middle:], now=now)
        log.warning("an event cannot be stored", error=type(error).__name__)
        return {place: _result(event, "refused", {"": _UNSTORABLE}) for place, event in group}
    return {
        place: _result(event, "accepted" if (event.source, event.id) in new else "duplicate") for place, event in group
    }


def _store(db: Session, events: list[Event], *, now: datetime) -> set[tuple[str, str]]:
    """Store what is new of the events, each another one; return the sources and ids of those."""
    if not events:
        return set()
    values = {
        "sources": [event.source for event in events],
        "event_ids": [event.id for event in events],
        "types": [event.type for event in events],
        "versions": [event.version for event in events],
        "customers": [event.customer_id for event in events],
        "times": [event.time or now for event in events],
        "data": [event.data.decode() for event in events],
        "bulk": types.BULK,
    }
    new = {(row.source, row.event_id): row.id for row in rows(db, _INSERT, values)}
    if new:
        fresh = [event for event in events if (event.source, event.id) in new]
        with in_index_order(db):
            rows(db, _HURRY, {"customers": sorted({event.customer_id for event in fresh})})
        # No snapshot from ahead of our clock: what the API says a moment later must not be older than it.
        said = [event.snapshot(min(event.time or now, now)) for event in fresh]
        if news := snapshot.news(db, said):
            snapshot.upsert(db, _not_overtaken(db, news, list(new.values()), now))
    return set(new)


def _not_overtaken(db: Session, news: list[Snapshot], new: list[int], now: datetime) -> list[Snapshot]:
    """Leave out what is older than a trigger from before these `new` ones."""
    asked = {
        "places": list(range(len(news))),
        "customers": [one.id for one in news],
        "times": [one.as_of for one in news],
    }
    with by_key(db):
        overtaken = {row.place for row in rows(db, _OVERTAKEN, {**asked, "new": new, "now": now})}
    return [one for place, one in enumerate(news) if place not in overtaken]


def _result(
    event: Event, status: Literal["accepted", "duplicate", "refused"], errors: dict[str, str] | None = None
) -> Result:
    return Result(id=event.id, source=event.source, status=status, errors=errors or {})
