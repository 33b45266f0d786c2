"""Live through time up to a date: from due instant to due instant, so that a played month looks like a lived one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from billing.run import Performed, next_due, perform_due
from notifier import clock
from notifier.db import Database

#: Called with each instant and what was done in all until then.
Progress = Callable[[datetime, Performed], None]


def advance(
    database: Database,
    to: datetime,
    *,
    drain: Callable[[datetime], None],
    next_notifier_due: Callable[[Session, datetime], datetime | None],
    progress: Progress | None = None,
) -> Performed:
    """
    Move business time to `to` (aware), performing on the way what is due, each thing at its own instant.

    After each instant `drain` lets the notifier do everything due by then. `next_notifier_due` returns the first
    instant after the given one at which the notifier has something to do. Two processes that advance take turns.

    Raises:
        ClockGoesForward: `to` is in the business past.
    """
    with _alone(database):
        with database.begin() as db:
            reached = clock.business_now(db)
            if to < reached - timedelta(minutes=1):
                clock.move_to(db, to)  # says why not
        done = Performed()
        while lived := database.run(lambda db: _live(db, reached, to, next_notifier_due)):  # noqa: B023 - run at once
            at, performed = lived
            done += performed
            drain(at)
            reached = max(reached, at)
            if progress is not None:
                progress(at, done)
        with database.begin() as db:
            clock.move_to(db, max(to, clock.business_now(db)))
        drain(to)
    return done


def _live(
    db: Session,
    reached: datetime,
    to: datetime,
    next_notifier_due: Callable[[Session, datetime], datetime | None],
) -> tuple[datetime, Performed] | None:
    """Move to the next instant at which anything is due, and do what is billing's; None: nothing is, until `to`."""
    ours, theirs = next_due(db), next_notifier_due(db, reached)
    # What the notifier still has from an instant already drained must not hold time up.
    instants = [at for at in (ours, theirs if theirs and theirs > reached else None) if at is not None and at <= to]
    if not instants:
        return None
    at = min(instants)
    clock.move_to(db, max(at, clock.business_now(db)))
    return at, perform_due(db, now=at)


@contextmanager
def _alone(database: Database) -> Iterator[None]:
    """Hold a lock for as long as time is moved; it goes with the connection, should the process die."""
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SELECT pg_advisory_lock(hashtext('billing.advance'))"))
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(hashtext('billing.advance'))"))
