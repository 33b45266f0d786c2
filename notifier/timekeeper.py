"""Play time: move the business clock from one due instant to the next, and let everything due there happen."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import text
from sqlalchemy.orm import Session

from billing import advance as billing
from billing.run import Performed
from notifier import clock_moves, pipeline, tick
from notifier.errors import Invalid
from notifier.house import House

log = structlog.get_logger()

QUIET = timedelta(seconds=1)
"""How long to wait, in machine time, for reports of what was just sent before time goes on."""

_NEXT = text("""
    SELECT min(at) FROM (
        (SELECT due_at AS at FROM runs WHERE state = 'open' AND due_at > :now ORDER BY due_at LIMIT 1)
        UNION ALL
        (SELECT min(due_at) FROM due_messages WHERE due_at > :now AND lane IN ('transactional', 'bulk'))
    ) AS due
""")
_OUTSTANDING = text("""
    SELECT count(*) FROM attempts
    WHERE claimed_at > clock_timestamp() - :recent AND state IN ('calling', 'accepted', 'sent')
""")


def advance(house: House, to: datetime, *, progress: Callable[[datetime], None] | None = None) -> Performed:
    """
    Do and send everything that falls due until `to` (aware), in order, and leave the business clock there.

    Idempotent: what has happened does not happen again. Returns what billing did. Works beside running
    workers, and without any.
    """

    return billing.advance(
        house.database,
        to,
        drain=lambda _: let_happen(house),
        next_notifier_due=next_due,
        progress=lambda at, _: progress(at) if progress else None,
    )


def next_due(db: Session, now: datetime) -> datetime | None:
    """Return the earliest instant after `now` at which a run or a message is due."""
    due: datetime | None = db.execute(_NEXT, {"now": now}).scalar_one()
    return due


def let_happen(house: House) -> None:
    """Run every lane until nothing is due at the present instant and the providers have reported, or stay silent."""
    quiet_since = time.monotonic()
    last = -1
    while True:
        with house.database.begin() as db:
            lanes = [lane for lane in tick.due(db) if lane != "unknown"]
            outstanding = db.execute(_OUTSTANDING, {"recent": QUIET * 3}).scalar_one()
        for lane in lanes:
            pipeline.run(house, lane)
        if lanes or outstanding != last:
            quiet_since, last = time.monotonic(), outstanding
        elif not outstanding or time.monotonic() - quiet_since > QUIET.total_seconds():
            return
        else:
            time.sleep(0.01)


def keep(house: House, stopped: threading.Event) -> None:
    """Perform the clock moves asked for in the console, one after the other, until `stopped` (the demo's worker)."""
    while not stopped.wait(0.3):
        with house.database.begin() as db:
            move = clock_moves.pending(db)
        if move is None:
            continue
        error = ""
        try:
            advance(house, move.target, progress=partial(_say, house, move.id))
        except Exception as failure:
            log.exception("the clock could not be moved")
            error = str(failure)
        with house.database.begin() as db:
            clock_moves.finish(db, move.id, error=error)


def _say(house: House, ident: int, at: datetime) -> None:
    with house.database.begin() as db:
        clock_moves.progress(db, ident, at=at)


def instant(written: str) -> datetime:
    """
    Read where the clock is to be moved: a date means 14:00 UTC of it, a time without a zone is UTC.

    Raises:
        Invalid: it is neither.
    """
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        remedy = f"{written!r}: write 2026-12-24 or 2026-12-24T09:00Z."
        raise Invalid("The date cannot be read.", {"--to": remedy}) from None
    if "T" not in written and " " not in written:
        at = at.replace(hour=14)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
