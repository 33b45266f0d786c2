"""The queue of accepted triggers: each customer's oldest claimed, and kept of it what it led to, or why it failed."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.json import decode
from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.db import in_index_order, rows
from notifier.journeys.rules.definition import Lane
from notifier.messages.draft import Decision, as_json

#: After so many errors a trigger or a run is set aside.
TRIES = 5

# A trigger's place in the queue is looked up as it was locked, and what it says by its id: no plan of joining them can
# be a bad one. One that was changed meanwhile lies elsewhere: it stays, and is nobody's this time.
_CLAIM = """
    WITH oldest AS MATERIALIZED (
        SELECT p.ctid AS place, p.* FROM pending_triggers p
        WHERE p.lane = %(lane)s AND p.tries >= 0 AND NOT EXISTS (
            SELECT FROM pending_triggers o
            WHERE o.customer_id = p.customer_id AND (o.time, o.trigger_id) < (p.time, p.trigger_id) OFFSET 0
        )
        ORDER BY p.time, p.trigger_id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    ), held AS MATERIALIZED (
        SELECT *, pg_try_advisory_xact_lock(hashtextextended(customer_id, 1)) AS is_mine FROM oldest
    ), taken AS (
        DELETE FROM pending_triggers WHERE ctid = ANY(ARRAY(SELECT place FROM held WHERE is_mine))
        RETURNING trigger_id
    )
    SELECT t.id, t.type, t.customer_id, t.time, t.data, held.lane, held.tries, held.decisions::text,
           t.id IN (SELECT trigger_id FROM taken) AS is_mine
    FROM held, LATERAL (SELECT * FROM triggers WHERE id = held.trigger_id OFFSET 0) AS t
"""
_DONE = """
    INSERT INTO handled_triggers (trigger_id, decisions)
    SELECT id, decisions::json FROM unnest(%(ids)s::bigint[], %(decisions)s::text[]) AS n(id, decisions)
"""
_AGAIN = text("""
    INSERT INTO pending_triggers (trigger_id, customer_id, time, lane, tries, decisions)
    VALUES (:id, :customer_id, :time, :lane, :tries, CAST(:decisions AS json))
""")
_SET_ASIDE = text("""
    INSERT INTO handled_triggers (trigger_id, error, decisions)
    VALUES (:id, :error, coalesce(CAST(:decisions AS json), '[]'))
    ON CONFLICT (trigger_id) DO UPDATE SET error = excluded.error
""")


def claim(db: Session, lane: Lane, *, limit: int) -> Sequence[Any]:
    """
    Take the oldest pending trigger of up to `limit` customers, where it is of this lane: rows with what it says.

    Those that are `is_mine` are pending no more, which holds if this transaction does: it has to tell what became of
    each. Another transaction has the customers of the others.
    """
    with in_index_order(db):
        return rows(db, _CLAIM, {"lane": lane, "limit": limit})


def done(db: Session, triggers: Sequence[Any], decisions: Mapping[int, Sequence[Decision]]) -> None:
    """Keep what claimed triggers led to."""
    told = as_json([*_earlier(trigger), *decisions[trigger.id]] for trigger in triggers)
    rows(db, _DONE, {"ids": [trigger.id for trigger in triggers], "decisions": told})


def fail(db: Session, trigger: Any, error: str) -> None:
    """Make a claimed trigger pending again; the last time, set it aside with its error."""
    tries, again = trigger.tries + 1, {"id": trigger.id, "decisions": trigger.decisions}
    if tries < TRIES:
        whose = {"customer_id": trigger.customer_id, "time": trigger.time, "lane": trigger.lane}
        db.execute(_AGAIN, {**again, **whose, "tries": tries})
    else:
        db.execute(_SET_ASIDE, {**again, "error": error})


def _earlier(trigger: Any) -> Sequence[Any]:
    return decode(trigger.decisions) if trigger.decisions else ()
