"""Every second: ring for whatever is due, so that a lost bell costs a second and nothing else."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.clock import business_now
from notifier.db import Database, in_index_order, ring

_LOCK = 5_271_001
"""Advisory lock: many processes may tick, one acts."""

# Time as a sub-select is one value, and finds the place in an index; the function itself would be asked of every row.
_DUE = text("""
    SELECT 'triggers' AS lane WHERE EXISTS (SELECT FROM pending_triggers)
    UNION ALL
    SELECT 'runs' WHERE EXISTS (SELECT FROM runs WHERE state = 'open' AND due_at <= :now)
    UNION ALL
    SELECT lane FROM (VALUES ('transactional'), ('bulk')) AS lanes(lane) WHERE EXISTS (
        SELECT FROM due_messages d
        WHERE d.lane = lanes.lane AND d.channel IN ('email', 'sms', 'whatsapp') AND due_at <= :now
        AND (not_before IS NULL OR not_before <= (SELECT clock_timestamp())))
    UNION ALL
    SELECT 'hooks' WHERE EXISTS (SELECT FROM pending_hooks)
    UNION ALL
    SELECT 'unknown' WHERE
        EXISTS (SELECT FROM attempts WHERE state = 'unknown' AND evidence_at <= (SELECT clock_timestamp()))
        OR EXISTS (SELECT FROM watches WHERE look_at <= (SELECT clock_timestamp()))
""")


def due(db: Session) -> list[str]:
    """Return the lanes that have something to do now."""
    given = {"now": business_now(db)}
    with in_index_order(db):
        return list(db.execute(_DUE, given).scalars())


def tick(database: Database) -> None:
    """Ring every lane that is due; does nothing while another process is at it. Safe to run as often as one likes."""
    with database.begin() as db:
        if db.execute(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _LOCK}).scalar_one():
            for lane in due(db):
                ring(db, lane)
