"""Apply providers' verified reports to the attempts they speak of."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import structlog
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

from notifier.columns import storable
from notifier.db import by_key, undone_alone
from notifier.journeys import reports as journeys
from notifier.messages.apply import Applied, keep
from notifier.messages.reported import known, ordinary
from notifier.messages.reported.known import Known
from notifier.providers.contract import Provider, StatusReport
from notifier.tracking import consequences, pending
from notifier.tracking.pending import PendingHook

log = structlog.get_logger()


class Read(Struct, frozen=True):
    """A callback and what it says."""

    callback: PendingHook
    reports: Sequence[StatusReport]


def apply_pending(db: Session, providers: Mapping[str, Provider], *, limit: int, now: datetime) -> int:
    """
    Apply pending status hooks that weigh `limit` together and return the weight taken; `now` is business time.

    A hook of up to 1 kB weighs 1, so that a post of a thousand reports is not taken for one of one; less than `limit`
    is taken when no more is to be had, or others have the oldest. Reports that name no attempt of ours are counted on
    their set, repeats change nothing, and a hook that cannot be read or stored fails alone, with its error.
    """
    claimed = pending.claim(db, "status", providers, limit=limit)
    taken = sum(callback.weight for callback in claimed)
    read: list[Read] = []
    for callback in claimed:
        try:
            said = providers[callback.provider].reports(callback.hook)
            read.append(Read(callback, _storable(said, callback.hook.attempt_id)))
        except pending.POISON as error:
            _set_aside(db, callback, error)
    if not read:
        return taken
    try:
        with undone_alone(db), by_key(db):
            _apply(db, read, now=now)
    except (OperationalError, InterfaceError):
        raise  # a database that is away, or asks for another try: the whole set is taken again
    except pending.POISON as error:
        if len(read) == 1:
            _set_aside(db, read[0].callback, error)
            return taken
        for one in read:
            try:
                with undone_alone(db), by_key(db):
                    _apply(db, [one], now=now)
            except pending.POISON as alone:
                _set_aside(db, one.callback, alone)
    return taken


def _apply(db: Session, read: Sequence[Read], *, now: datetime) -> None:
    by_id, by_ref = _attempts(db, read)
    matched: list[Applied] = []
    unmatched: dict[int, int] = {}
    for one in read:
        provider, set_id = one.callback.provider, one.callback.set_id
        for report in one.reports:
            named = report.attempt_id
            found = by_id.get(named.int) if named else by_ref.get((provider, report.ref or ""))
            if found is None or found.provider != provider:
                unmatched[set_id] = unmatched.get(set_id, 0) + 1
                continue
            matched.append(
                Applied(
                    message_id=found.message_id,
                    attempt_id=found.attempt_id,
                    provider=provider,
                    event_id=report.event_id,
                    kind=report.kind,
                    reason=report.reason,
                    ref=report.ref,
                    detail=report.detail,
                    reported_at=report.reported_at,
                    hook_id=set_id,
                )
            )
    # A replayed callback must have no consequence either: a complaint replayed after the person has asked to hear
    # from us again would silence them once more.
    new = keep(db, matched, now=now)
    ways = ordinary.sort_out(new, by_id | {found.attempt_id.int: found for found in by_ref.values()})
    awaiting = journeys.hold_awaiting(db, ways.places)
    done = ordinary.carry_out(db, ways, now=now)
    journeys.go_on(db, awaiting, delivered=done.delivered, changed=done.changed, now=now)
    consequences.follow(db, new, now=now)
    pending.count(db, unmatched)


def _attempts(db: Session, read: Sequence[Read]) -> tuple[dict[int, Known], dict[tuple[str, str], Known]]:
    ids = {ident.int: ident for one in read for report in one.reports if (ident := report.attempt_id)}
    nameless = [(one.callback.provider, report.ref) for one in read for report in one.reports if not report.attempt_id]
    refs = {(provider, ref) for provider, ref in nameless if ref}
    return known.by_id(db, ids.values()), known.by_ref(db, list(refs))


def _storable(reports: Sequence[StatusReport], named: UUID | None) -> list[StatusReport]:
    return [
        report
        if (named is None or named == report.attempt_id) and _is_plain(report.detail)
        else replace(report, attempt_id=named or report.attempt_id, detail=_plain(report.detail))
        for report in reports
    ]


def _is_plain(detail: str) -> bool:
    return detail.isascii() and len(detail) <= 500 and "\x00" not in detail


def _plain(detail: str) -> str:
    return storable(detail)[:500]


def _set_aside(db: Session, callback: PendingHook, error: Exception) -> None:
    pending.fail(db, callback, error)
    log.warning("status hook failed", hook_set=callback.set_id, provider=callback.provider, error=type(error).__name__)
