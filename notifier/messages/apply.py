"""Apply what was reported of messages: keep every event once, and let rank decide what it changes."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.db import unless_all
from notifier.messages.outcomes import Change, record
from notifier.messages.states import ENGAGEMENT_RANK, PROVES


class Applied(Struct, frozen=True, kw_only=True):
    """A report, matched to the attempt it speaks of. `attempt_id` is None for what only the message knows (a click)."""

    message_id: UUID
    attempt_id: UUID | None
    provider: str
    event_id: str
    kind: str
    """A `providers.contract.EventKind`."""
    reason: str = ""
    ref: str | None = None
    detail: str = ""
    reported_at: datetime | None = None
    hook_id: int | None = None


_EVENTS = """
    INSERT INTO events (message_id, attempt_id, provider, event_id, kind, reason, detail, at, reported_at, hook_id)
    SELECT message_id, attempt_id, provider, event_id, kind, reason, detail, %(now)b, reported_at, hook_id
    FROM unnest(%(messages)b::uuid[], %(attempts)b::uuid[], %(providers)s::text[], %(event_ids)s::text[],
                %(kinds)s::text[], %(reasons)s::text[], %(details)s::text[], %(reported)b::timestamptz[],
                %(hooks)s::bigint[])
         AS r(message_id, attempt_id, provider, event_id, kind, reason, detail, reported_at, hook_id)
    ON CONFLICT (message_id, provider, event_id) DO NOTHING RETURNING message_id, provider, event_id
"""
_ENGAGE = text("""
    UPDATE messages SET engagement = :kind
    WHERE id = ANY(:ids) AND coalesce(engagement, '') = ANY(:weaker)
""")


def apply(db: Session, reports: Sequence[Applied], *, now: datetime) -> set[int]:
    """
    Store the reports not seen before and raise attempts and messages by them.

    Returns the runs whose messages reached or changed an outcome, for `journeys.reports.wake`. Idempotent by
    (message, provider, event id); any order of reports ends in the same state. `now` is business time.
    """
    return follow(db, keep(db, reports, now=now), now=now)


def keep(db: Session, reports: Sequence[Applied], *, now: datetime) -> list[Applied]:
    """Store the reports not seen before, each once, and return them in the order given; nothing follows yet."""
    first: dict[tuple[int, str, str], Applied] = {}
    for report in reports:
        first.setdefault((report.message_id.int, report.provider, report.event_id), report)
    if not first:
        return []
    ordered = [first[key] for key in sorted(first)]  # who stores the same ones meanwhile waits for us, or we for them
    values = {
        "now": now,
        "messages": [report.message_id for report in ordered],
        "attempts": [report.attempt_id for report in ordered],
        "providers": [report.provider for report in ordered],
        "event_ids": [report.event_id for report in ordered],
        "kinds": [report.kind for report in ordered],
        "reasons": [report.reason for report in ordered],
        "details": [report.detail for report in ordered],
        "reported": [report.reported_at for report in ordered],
        "hooks": [report.hook_id for report in ordered],
    }
    new = unless_all(db, _EVENTS, values, many=len(first))
    if new is None:
        return list(first.values())
    known = {(row.message_id.int, row.provider, row.event_id) for row in new}
    return [report for key, report in first.items() if key in known]


def follow(db: Session, reports: Sequence[Applied], *, now: datetime) -> set[int]:
    """Raise attempts and messages by reports just kept; returns what `apply` does."""
    changes = [
        Change(
            attempt_id=report.attempt_id,
            state=PROVES[report.kind],
            ref=report.ref,
            reason=report.reason,
            detail=report.detail,
            engagement=report.kind if report.kind in ENGAGEMENT_RANK else None,
        )
        for report in reports
        if report.attempt_id and report.kind in PROVES
    ]
    runs = record(db, changes, now=now)
    for report in reports:
        if report.attempt_id is None and report.kind in ENGAGEMENT_RANK:
            engage(db, [report.message_id], report.kind)
    return runs


def engage(db: Session, message_ids: Sequence[UUID], kind: str) -> None:
    """Raise the engagement of messages to `kind`, never lowering it."""
    weaker = ["", *(known for known, rank in ENGAGEMENT_RANK.items() if rank < ENGAGEMENT_RANK[kind])]
    db.execute(_ENGAGE, {"ids": list(message_ids), "kind": kind, "weaker": weaker})
