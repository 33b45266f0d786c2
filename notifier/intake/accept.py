"""Take triggers in: each once, with its customer brought up to date, in the caller's transaction."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec
import structlog
from msgspec import Raw, Struct
from sqlalchemy import text
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from notifier.catalog import types
from notifier.customers import snapshot
from notifier.db import ring
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


_NUMBERS = text("SELECT nextval('triggers_id_seq') FROM generate_series(1, :count)")
_INSERT = text("""
    INSERT INTO triggers (id, source, event_id, type, version, customer_id, time, lane, data)
    SELECT id, source, event_id, type, version, customer_id, time, lane, data
    FROM jsonb_to_recordset(CAST(:rows AS jsonb))
         AS n(id bigint, source text, event_id text, type text, version int, customer_id text, time timestamptz,
              lane text, data jsonb)
    ORDER BY source, event_id
    ON CONFLICT (source, event_id) DO NOTHING RETURNING id
""")
# A customer's triggers are handled in their order: one that is in no hurry must not hold up one that is.
_HURRY = text("""
    UPDATE triggers SET lane = 'transactional' WHERE id IN (
        SELECT id FROM triggers WHERE customer_id = ANY(:customers) AND state = 'pending' AND lane = 'bulk'
        ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
    )
""")

_UNSTORABLE = "It holds a value that cannot be stored: a number or a date beyond all bounds, or broken text."


def accept(db: Session, events: Sequence[Event], *, now: datetime) -> list[Result]:
    """
    Store the new events and their customers, and ring `triggers`; return one result for each, in order.

    A duplicate (same source and id, here or ever before) changes nothing, not even the customer. If the group cannot
    be stored, each event is tried alone, so that one poisonous event fails alone. `now` is business time.
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
        with db.begin_nested():
            new = _store(db, [event for _, event in group], now=now)
    except (DataError, IntegrityError, UnicodeError) as error:
        # Only what is in the events; a database that is away, or asks for another try, is the caller's matter.
        if len(group) > 1:
            return {place: done for one in group for place, done in _group(db, [one], now=now).items()}
        log.warning("an event cannot be stored", error=type(error).__name__)
        return {place: _result(event, "refused", {"": _UNSTORABLE}) for place, event in group}
    return {place: _result(event, "accepted" if at in new else "duplicate") for at, (place, event) in enumerate(group)}


def _store(db: Session, events: list[Event], *, now: datetime) -> set[int]:
    if not events:
        return set()
    numbers = list(db.execute(_NUMBERS, {"count": len(events)}).scalars())
    rows = [
        {
            "id": number,
            "source": event.source,
            "event_id": event.id,
            "type": event.type,
            "version": event.version,
            "customer_id": event.customer_id,
            "time": event.time or now,
            "lane": types.get(event.type).lane,
            "data": Raw(event.data),
        }
        for number, event in zip(numbers, events, strict=True)
    ]
    stored = set(db.execute(_INSERT, {"rows": msgspec.json.encode(rows).decode()}).scalars())
    new = {place for place, number in enumerate(numbers) if number in stored}
    if urgent := sorted({events[place].customer_id for place in new if rows[place]["lane"] == "transactional"}):
        db.execute(_HURRY, {"customers": urgent})
    # No snapshot from ahead of our clock: what the API says a moment later must not be older than it.
    snapshot.upsert(db, [events[place].snapshot(min(events[place].time or now, now)) for place in sorted(new)])
    return new


def _result(
    event: Event, status: Literal["accepted", "duplicate", "refused"], errors: dict[str, str] | None = None
) -> Result:
    return Result(id=event.id, source=event.source, status=status, errors=errors or {})
