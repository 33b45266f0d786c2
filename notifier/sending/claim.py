"""Take due messages of a lane: ask whether they are still true, render them, commit an attempt for each."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from notifier.clock import machine_now, since_boot
from notifier.db import copy
from notifier.messages import token
from notifier.messages.draft import Decision
from notifier.providers.contract import Content, Outgoing, Provider
from notifier.providers.registry import Providers
from notifier.rendering.library import Library
from notifier.sending import still, verdicts, words
from notifier.sending.verdicts import Held
from notifier.settings import Settings, secret_key


class Call(Struct, frozen=True, kw_only=True):
    """One provider call to make; its attempt is committed."""

    outgoing: Outgoing
    provider: Provider
    message_id: UUID
    run_id: int | None
    tries: int
    """This one included."""
    claimed: float
    """`clock.since_boot` of the claim."""


class Claimed(Struct, frozen=True):
    """What one look found. `seen` may exceed the calls: some messages were postponed, or are to be dropped."""

    calls: list[Call]
    seen: int
    dropped: Mapping[UUID, Held]
    """Still due until `verdicts.drop` has been told: it locks their runs, which must come before any message."""


_BUSY = text("""
    SELECT EXISTS (
        SELECT FROM messages WHERE lane = 'transactional' AND state IN ('planned', 'queued') AND due_at <= :now
        AND (not_before IS NULL OR not_before <= clock_timestamp()) AND channel = ANY(:channels)
    )
""")
_PAUSED = text("SELECT provider, sender FROM sender_pauses WHERE until > clock_timestamp()")
_DUE = text("""
    SELECT m.id FROM messages m
    WHERE m.lane = :lane AND m.state IN ('planned', 'queued') AND m.due_at <= :now
    AND (m.not_before IS NULL OR m.not_before <= clock_timestamp()) AND m.channel = ANY(:channels)
    AND NOT EXISTS (SELECT FROM triggers t WHERE t.customer_id = m.customer_id AND t.state = 'pending')
    ORDER BY m.due_at, m.id LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
""")
_TAKE = text("""
    UPDATE messages m SET state = 'sending', attempts_made = attempts_made + 1, template_version = t.version,
           provider = t.provider, address = t.address, not_before = NULL
    FROM unnest(CAST(:ids AS uuid[]), CAST(:versions AS int[]), CAST(:providers AS text[]), CAST(:addresses AS text[]))
         AS t(id, version, provider, address)
    WHERE m.id = t.id
""")
_ATTEMPT = ("id", "message_id", "number", "provider", "sender", "state", "reason", "detail", "claimed_by", "claimed_at")
_NUMBERS = text("SELECT message_id, max(number) AS number FROM attempts WHERE message_id = ANY(:ids) GROUP BY 1")

_NOTHING = Claimed([], 0, {})


def claim(
    db: Session, providers: Providers, library: Library, settings: Settings, *, lane: str, limit: int, worker: str,
    now: datetime,
) -> Claimed:  # fmt: skip
    """
    Claim up to `limit` due messages in this transaction; once it is committed each returned call must be made.

    Takes nothing of `bulk` while anything transactional is due. A message that cannot be rendered fails alone.
    `now` is business time.
    """
    channels = _channels(db, providers)
    if not channels or (lane == "bulk" and is_busy(db, channels, now)):
        return _NOTHING
    wanted = {"lane": lane, "now": now, "channels": channels, "limit": limit}
    ids = list(db.execute(_DUE, wanted).scalars())
    if not ids:
        return _NOTHING
    begun = since_boot()
    rows = still.load(db, ids)
    standing = still.ask(db, rows, now=now)
    held = standing.held
    going = [row for row in rows if row.id in standing.addresses]
    written, spoilt = words.write(db, library, settings, going)
    for ident, why in spoilt.items():
        held[ident] = verdicts.failed(Decision(at=now, verdict="failed", reason="unrenderable", facts={"why": why}))
    verdicts.postpone(db, held)
    ready = [row for row in going if row.id in written]
    callback = _callbacks(settings)
    calls = [
        Call(
            outgoing=_outgoing(row, standing.addresses[row.id], written[row.id], callback),
            provider=providers.for_channel(row.channel),
            message_id=row.id,
            run_id=row.run_id,
            tries=row.attempts_made + 1,
            claimed=begun,
        )
        for row in ready
    ]
    _attempt(db, calls, worker)
    _take(db, calls, [library.versions.get((row.template, row.channel)) for row in ready])
    return Claimed(calls, len(ids), {ident: one for ident, one in held.items() if one.due_at is None})


def is_busy(db: Session, channels: Sequence[str], now: datetime) -> bool:
    """Tell whether transactional work is due that could be sent."""
    return bool(db.execute(_BUSY, {"now": now, "channels": list(channels)}).scalar_one())


def _channels(db: Session, providers: Providers) -> list[str]:
    paused = {(row.provider, row.sender) for row in db.execute(_PAUSED)}
    served = {channel: providers.for_channel(channel) for channel in providers.channels}
    return sorted(channel for channel, one in served.items() if (one.name, one.sender(channel)) not in paused)


def _outgoing(row: Any, address: str, content: Content, callback: Callable[[UUID], str]) -> Outgoing:
    attempt_id = uuid7()
    return Outgoing(
        attempt_id=attempt_id, channel=row.channel, to=address, content=content, callback_url=callback(attempt_id)
    )


def _attempt(db: Session, calls: Sequence[Call], worker: str) -> None:
    ids = [call.message_id for call in calls]
    numbers = {row.message_id: row.number for row in db.execute(_NUMBERS, {"ids": ids})}
    claimed_at = machine_now(db)
    rows = []
    for call in calls:
        out, provider = call.outgoing, call.provider
        number, sender = numbers.get(call.message_id, 0) + 1, provider.sender(out.channel)
        made = (out.attempt_id, call.message_id, number, provider.name, sender)
        rows.append((*made, "calling", "", "", worker, claimed_at))
    copy(db, "attempts", _ATTEMPT, rows)


def _take(db: Session, calls: Sequence[Call], versions: Sequence[int | None]) -> None:
    taken = {
        "ids": [call.message_id for call in calls],
        "versions": list(versions),
        "providers": [call.provider.name for call in calls],
        "addresses": [call.outgoing.to for call in calls],
    }
    db.execute(_TAKE, taken)


def _callbacks(settings: Settings) -> Callable[[UUID], str]:
    secret, root = secret_key(settings), settings.public_url.rstrip("/")
    return lambda attempt_id: f"{root}/hooks/twilio/status/{token.make_attempt(secret, attempt_id)}"
