"""Declare unknown the calls whose worker is gone."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.clock import business_now
from notifier.journeys.reports import hold, wake
from notifier.messages.outcomes import Change, record
from notifier.sending.settle import await_evidence
from notifier.settings import Settings

SET = 500

_EXPIRED = text("""
    SELECT a.id, m.run_id FROM attempts a JOIN messages m ON m.id = a.message_id
    WHERE a.state = 'calling' AND a.claimed_at < clock_timestamp() - make_interval(secs => :lease)
    ORDER BY a.claimed_at LIMIT :limit
""")


def expire_leases(db: Session, settings: Settings) -> int:
    """Make `unknown` of every attempt whose call should long have ended; return how many. Nothing is called again."""
    expired = db.execute(_EXPIRED, {"lease": settings.lease_seconds, "limit": SET}).all()
    if expired:
        now = business_now(db)
        ids = [row.id for row in expired]
        hold(db, {row.run_id for row in expired if row.run_id is not None})
        runs = record(db, [Change(attempt_id=ident, state="unknown", reason="lease-expired") for ident in ids], now=now)
        await_evidence(db, ids, settings)
        wake(db, runs, now=now)
    return len(expired)
