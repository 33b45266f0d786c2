"""Apply providers' verified reports to the attempts they speak of."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
import structlog
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from notifier.journeys import reports as journeys
from notifier.messages.apply import Applied, apply
from notifier.providers.contract import Provider, StatusReport
from notifier.tracking import consequences, pending
from notifier.tracking.keep import ATTEMPT
from notifier.tracking.pending import PendingHook

log = structlog.get_logger()

_BY_ID = text("""
    SELECT a.id, a.message_id, a.provider, a.ref, m.run_id FROM attempts a JOIN messages m ON m.id = a.message_id
    WHERE a.id = ANY(:ids)
""")
_BY_REF = text("""
    SELECT a.id, a.message_id, a.provider, a.ref, m.run_id FROM attempts a JOIN messages m ON m.id = a.message_id
    JOIN unnest(CAST(:providers AS text[]), CAST(:refs AS text[])) AS r(provider, ref)
      ON a.provider = r.provider AND a.ref = r.ref
""")
_SEEN = text("""
    SELECT e.provider, e.event_id FROM events e
    JOIN unnest(CAST(:providers AS text[]), CAST(:events AS text[])) AS r(provider, event_id)
      ON e.provider = r.provider AND e.event_id = r.event_id
""")

Read = list[tuple[PendingHook, list[StatusReport]]]


def apply_pending(db: Session, providers: Mapping[str, Provider], *, limit: int, now: datetime) -> int:
    """
    Apply pending status hooks that weigh `limit` together and return the weight taken; `now` is business time.

    Reports that name no attempt of ours are counted on their hook, repeats change nothing, and a hook that cannot be
    read or stored fails alone, with its error.
    """
    claimed = pending.claim(db, "status", providers, limit=limit)
    taken = sum(hook.weight for hook in claimed)
    read: Read = []
    for hook in claimed:
        try:
            reports = providers[hook.provider].reports(hook.as_received())
            read.append((hook, [_storable(report, hook) for report in reports]))
        except pending.POISON as error:
            _set_aside(db, hook, error)
    try:
        with db.begin_nested():
            _apply(db, read, now=now)
    except pending.POISON as error:
        if len(read) == 1:
            _set_aside(db, read[0][0], error)
            return taken
        for one in read:
            try:
                with db.begin_nested():
                    _apply(db, [one], now=now)
            except pending.POISON as alone:
                _set_aside(db, one[0], alone)
    return taken


def _apply(db: Session, read: Read, *, now: datetime) -> None:
    given = [(hook, report) for hook, reports in read for report in reports]
    attempts = _attempts(db, given)
    matched: list[Applied] = []
    unmatched = {hook.id: 0 for hook, _ in read}
    for hook, report in given:
        row = attempts.get(report.attempt_id) or attempts.get((hook.provider, report.ref))
        if row is None or row.provider != hook.provider:
            unmatched[hook.id] += 1
            continue
        matched.append(
            Applied(
                message_id=row.message_id,
                attempt_id=row.id,
                provider=hook.provider,
                event_id=report.event_id,
                kind=report.kind,
                reason=report.reason,
                ref=report.ref,
                detail=report.detail,
                reported_at=report.reported_at,
                hook_id=hook.id,
            )
        )
    journeys.hold(db, {row.run_id for row in attempts.values() if row.run_id is not None})
    new = _unseen(db, matched)
    runs = apply(db, new, now=now)
    if runs:
        journeys.wake(db, runs, now=now)
    consequences.follow(db, new, now=now)
    pending.count(db, unmatched)


def _attempts(
    db: Session, given: Sequence[tuple[PendingHook, StatusReport]]
) -> dict[UUID | tuple[str, str | None] | None, Row[tuple[UUID, UUID, str, str | None, int | None]]]:
    ids = [report.attempt_id for _, report in given if report.attempt_id]
    refs = [(hook.provider, report.ref) for hook, report in given if report.ref and not report.attempt_id]
    found: Iterable[Row[tuple[UUID, UUID, str, str | None, int | None]]] = (
        db.execute(_BY_ID, {"ids": ids}).all() if ids else ()
    )
    known: dict[UUID | tuple[str, str | None] | None, Row[tuple[UUID, UUID, str, str | None, int | None]]] = {
        row.id: row for row in found
    }
    if refs:
        by_ref = {"providers": [provider for provider, _ in refs], "refs": [ref for _, ref in refs]}
        known |= {(row.provider, row.ref): row for row in db.execute(_BY_REF, by_ref)}
    return known


def _unseen(db: Session, matched: Sequence[Applied]) -> list[Applied]:
    # A replayed callback must have no consequence either: a complaint replayed after the person has asked to hear
    # from us again would silence them once more.
    ours = {(one.provider, one.event_id): one for one in reversed(matched)}
    keys = {"providers": [provider for provider, _ in ours], "events": [event for _, event in ours]}
    for row in db.execute(_SEEN, keys) if ours else ():
        ours.pop((row.provider, row.event_id))
    return list(reversed(ours.values()))


def _storable(report: StatusReport, hook: PendingHook) -> StatusReport:
    named = hook.headers.get(ATTEMPT)
    return msgspec.structs.replace(
        report,
        attempt_id=UUID(named) if named else report.attempt_id,
        detail=report.detail.replace("\x00", "").encode("utf-8", "replace").decode()[:500],
    )


def _set_aside(db: Session, hook: PendingHook, error: Exception) -> None:
    pending.fail(db, hook, error)
    log.warning("status hook failed", hook=hook.id, provider=hook.provider, error=type(error).__name__)
