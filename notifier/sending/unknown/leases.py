"""Declare unknown the calls whose worker is gone."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.clock import business_now
from notifier.db import by_key
from notifier.journeys.reports import hold, wake
from notifier.messages.outcomes import Change, record
from notifier.providers.contract import Fetches
from notifier.providers.registry import Providers
from notifier.sending.settle import await_evidence
from notifier.sending.unknown import watches
from notifier.settings import Settings

SET = 1000

_OPEN = text("""
    SELECT a.id, a.provider, a.state, a.claimed_at >= clock_timestamp() - make_interval(secs => :lease) AS is_young,
           CASE WHEN a.state = 'calling' THEN (SELECT run_id FROM messages WHERE id = a.message_id) END AS run_id
    FROM attempts a WHERE a.id = ANY(:ids) AND a.state IN ('calling', 'unknown', 'accepted', 'sent')
""")


def expire_leases(db: Session, settings: Settings, providers: Providers) -> int:
    """
    Make `unknown` of every attempt whose call should long have ended; return how many claims were looked at.

    Nothing is called again. Attempts whose provider can be asked what became of them are looked at again later.
    """
    taken = watches.take(db, is_leased=True, most=SET)
    if not taken:
        return 0
    with by_key(db):
        asked = {"ids": [ident for one in taken for ident in one.attempts], "lease": settings.lease_seconds}
        found = db.execute(_OPEN, asked).all()
    calling = [row for row in found if row.state == "calling"]
    _expire(db, [row for row in calling if not row.is_young], settings)
    young = {row.id for row in calling if row.is_young}  # claimed by a process with a shorter lease
    watches.look_later(db, [one for one in taken if young & set(one.attempts)], after=settings.lease_seconds)
    mute = {name for name, provider in providers.by_name.items() if not isinstance(provider, Fetches)}
    later = {row.id for row in found if row.provider not in mute}
    watches.go_on(db, [one for one in taken if not young & set(one.attempts)], later)
    return len(taken)


def _expire(db: Session, expired: Sequence[Any], settings: Settings) -> None:
    if expired:
        now = business_now(db)
        ids = [row.id for row in expired]
        hold(db, {row.run_id for row in expired if row.run_id is not None})
        runs = record(db, [Change(attempt_id=ident, state="unknown", reason="lease-expired") for ident in ids], now=now)
        await_evidence(db, ids, settings)
        wake(db, runs, now=now)
