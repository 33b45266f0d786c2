"""Take due messages of a lane: ask whether they are still true, render them, commit an attempt for each."""

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from notifier.brakes import held as brakes
from notifier.brakes.held import Standing
from notifier.clock import since_boot
from notifier.db import copy, in_index_order, rows
from notifier.messages import token
from notifier.providers.contract import Channel, Content, Outgoing, Provider, Route
from notifier.providers.registry import CHANNELS, Providers
from notifier.rendering.library import Library
from notifier.sending import still, verdicts, words
from notifier.sending.verdicts import Held
from notifier.sending.ways import breaker, recipients, tokens
from notifier.sending.ways.routes import Sender, Ways, sender_of
from notifier.settings import Settings, secret_key


class Call(Struct, frozen=True, kw_only=True):
    """One provider call to make; its attempt is committed."""

    outgoing: Outgoing
    provider: Provider
    message_id: UUID
    run_id: int | None
    is_elsewhere: bool
    """It goes to a newer address than it was planned for."""
    version: int | None
    """Of the template the words were made from."""
    number: int
    """Of the attempt: 1, 2, …"""
    tries: int
    """This one included."""
    claimed: float
    """`clock.since_boot` of the claim."""


class Claimed(Struct, frozen=True):
    """What one look found. `seen` may exceed the calls: some messages are to be postponed, or dropped."""

    calls: list[Call]
    seen: int
    held: Mapping[UUID, Held]
    """Still due until `verdicts.carry_out` has been told: it locks their runs, which must come before any message."""


_BUSY = text("""
    SELECT EXISTS (
        SELECT FROM due_messages WHERE lane = 'transactional' AND due_at <= :now
        AND (not_before IS NULL OR not_before <= clock_timestamp()) AND channel = ANY(:channels)
    )
""")
# A campaign's trigger that waits for its turn behind a million others moves no failed-payment notice.
_DUE = """
    WITH due AS MATERIALIZED (
        SELECT d.message_id, d.number, d.tries FROM due_messages d
        WHERE d.lane = %(lane)s AND d.due_at <= %(now)s
        AND (d.not_before IS NULL OR d.not_before <= clock_timestamp()) AND d.channel = %(channel)s
        AND NOT EXISTS (
            SELECT FROM triggers t WHERE t.customer_id = d.customer_id AND t.state = 'pending'
            AND (t.lane = 'transactional' OR d.lane = 'bulk') OFFSET 0
        )
        ORDER BY d.due_at, d.message_id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    )
    SELECT m.id, due.number, due.tries, m.customer_id, m.run_id, m.channel, m.address, m.topic, m.template, m.locale,
           m.journey, m.timezone, m.country, m.expires_at, c.name AS customer_name, t.data, r.state AS run_state
    FROM due JOIN messages m ON m.id = due.message_id
    LEFT JOIN customers c ON c.id = m.customer_id
    LEFT JOIN triggers t ON t.id = m.trigger_id
    LEFT JOIN runs r ON r.id = m.run_id
"""
_TAKE = "DELETE FROM due_messages WHERE message_id = ANY(%(ids)b::uuid[])"
_ATTEMPT = ("id", "message_id", "number", "provider", "sender", "claimed_by", "address")

_NOTHING = Claimed([], 0, {})
_chance = random.SystemRandom()


def claim(
    db: Session, providers: Providers, library: Library, settings: Settings, *, lane: str, limit: int, worker: str,
    now: datetime, rooms: Mapping[Sender, float] | None = None,
) -> Claimed:  # fmt: skip
    """
    Claim up to `limit` due messages in this transaction; once it is committed each returned call must be made.

    `rooms`: what was reserved of senders with a rate limit (`tokens.reserve`); what is not used goes back.

    Takes nothing of `bulk` while anything transactional is due. A message that cannot be rendered fails alone.
    `now` is business time. Of a message that goes only its due row is touched: nobody waits for the claim who changes
    the message itself.
    """
    rooms = rooms or {}
    standing = brakes.standing(db)
    ways = _ways(db, providers, rooms, standing)
    claimed = _claim(db, ways, standing, library, settings, lane=lane, limit=limit, worker=worker, now=now)
    tokens.add(db, {sender: got - ways.used[sender] for sender, got in rooms.items()})
    return claimed


def _claim(
    db: Session, ways: Ways, stopped: Standing, library: Library, settings: Settings, *, lane: str, limit: int,
    worker: str, now: datetime,
) -> Claimed:  # fmt: skip
    channels = [channel for channel in CHANNELS if ways.room(channel) >= 1]
    if not channels or (lane == "bulk" and is_busy(db, channels, now)):
        return _NOTHING
    looked, begun = _due(db, ways, channels, lane=lane, limit=limit, now=now), since_boot()
    if not looked:
        return _NOTHING
    found = _not_stopped(db, looked, stopped)
    asked = still.ask(db, found, may=recipients.allowed(settings), now=now)
    routes = _routes(ways, found, asked.addresses)
    written, spoilt = words.write(db, library, settings, [row for row in found if row.id in routes])
    made = partial(_call, library=library, callback=_callbacks(settings), begun=begun)
    calls = [
        made(row, routes[row.id].provider, asked.addresses[row.id], written[row.id])
        for row in found
        if row.id in written
    ]
    _pay(ways, routes, written)
    _take(db, calls, worker)
    held = asked.held | {ident: verdicts.unrenderable(why, now) for ident, why in spoilt.items()}
    return Claimed(calls, len(calls) + len(held) + len(looked) - len(found), held)


def _not_stopped(db: Session, looked: Sequence[Any], stopped: Standing) -> list[Any]:
    found = [row for row in looked if not stopped.holds(row.journey, row.topic)]
    if len(found) < len(looked):
        brakes.set_aside(db, [row.id for row in looked if stopped.holds(row.journey, row.topic)])
    return found


def _routes(ways: Ways, found: Sequence[Any], addresses: Mapping[UUID, str]) -> dict[UUID, Route]:
    taken = ((row.id, ways.take(row.channel, row.id, row.tries)) for row in found if row.id in addresses)
    return {ident: route for ident, route in taken if route}


def _call(
    row: Any, provider: Provider, address: str, content: Content, *, library: Library,
    callback: Callable[[UUID], str], begun: float,
) -> Call:  # fmt: skip
    ident = uuid7()
    return Call(
        outgoing=Outgoing(
            attempt_id=ident, channel=row.channel, to=address, content=content, callback_url=callback(ident)
        ),
        provider=provider,
        message_id=row.id,
        run_id=row.run_id,
        is_elsewhere=address != row.address,
        version=library.versions.get((row.template, row.channel)),
        number=row.number,
        tries=row.tries + 1,
        claimed=begun,
    )


def _pay(ways: Ways, routes: Mapping[UUID, Route], written: Mapping[UUID, Content]) -> None:
    """Take from limited senders what is known only now: an SMS of three segments costs two more than was taken."""
    for ident, content in written.items():
        if ways.is_limited(sender := sender_of(routes[ident])):
            ways.use(sender, tokens.cost(routes[ident], content) - 1)


def _due(db: Session, ways: Ways, channels: Sequence[Channel], *, lane: str, limit: int, now: datetime) -> list[Any]:
    """Look channel by channel, so that nobody reads past the pile of one that is limited; another begins each time."""
    found: list[Any] = []
    with in_index_order(db):
        for channel in _shuffled(channels):
            most = min(limit - len(found), ways.room(channel))
            if most >= 1:
                found += rows(db, _DUE, {"lane": lane, "now": now, "channel": channel, "limit": int(most)})
    return found


def is_busy(db: Session, channels: Sequence[str], now: datetime) -> bool:
    """Tell whether transactional work is due that could be sent."""
    return bool(db.execute(_BUSY, {"now": now, "channels": list(channels)}).scalar_one())


def _ways(db: Session, providers: Providers, rooms: Mapping[Sender, float], stopped: Standing) -> Ways:
    if stopped.everything:
        return Ways(Providers([]), {}, [])
    pauses = breaker.standing(db)
    trying = breaker.on_trial(db, pauses)
    probes = {sender: min(rooms.get(sender, breaker.PROBES), breaker.PROBES) for sender in trying}
    closed = {sender for sender, pause in pauses.items() if pause.is_closed}
    return Ways(providers, {**rooms, **probes}, closed, stopped=stopped.providers)


def _shuffled(channels: Sequence[Channel]) -> list[Channel]:
    return _chance.sample(channels, len(channels))


def _take(db: Session, calls: Sequence[Call], worker: str) -> None:
    if calls:
        rows(db, _TAKE, {"ids": [call.message_id for call in calls]})
        copy(db, "attempts", _ATTEMPT, (_attempt(call, worker) for call in calls))


def _attempt(call: Call, worker: str) -> tuple[object, ...]:
    out, provider = call.outgoing, call.provider
    address = out.to if call.is_elsewhere else None
    sender = provider.sender(out.channel)
    return (out.attempt_id, call.message_id, call.number, provider.name, sender, worker, address)


def _callbacks(settings: Settings) -> Callable[[UUID], str]:
    secret, root = secret_key(settings), settings.public_url.rstrip("/")
    return lambda attempt_id: f"{root}/hooks/twilio/status/{token.make_attempt(secret, attempt_id)}"
