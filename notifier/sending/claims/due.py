"""Claim due messages of a lane: take them in sets, and ask whether they are still true."""

import random
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.brakes import held as brakes
from notifier.brakes.held import Standing
from notifier.db import in_index_order, rows
from notifier.providers.contract import Channel
from notifier.providers.registry import CHANNELS, Providers
from notifier.rendering.library import Library
from notifier.sending.claims import still, verdicts
from notifier.sending.claims.calls import Claimed, make
from notifier.sending.ways import recipients, tokens
from notifier.sending.ways.now import ways_now
from notifier.sending.ways.routes import Sender, Ways
from notifier.settings import Settings

_BUSY = text("""
    SELECT EXISTS (
        SELECT FROM due_messages WHERE lane = :lane AND due_at <= :now
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
            SELECT FROM pending_triggers p WHERE p.customer_id = d.customer_id
            AND (p.lane = 'transactional' OR d.lane = 'bulk') OFFSET 0
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
    ways = ways_now(db, providers, rooms, standing)
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
    looked = _due(db, ways, channels, lane=lane, limit=limit, now=now)
    if not looked:
        return _NOTHING
    found = _not_stopped(db, looked, stopped)
    asked = still.ask(db, found, may=recipients.allowed(settings), now=now)
    calls, spoilt = make(db, ways, found, addresses=asked.addresses, library=library, settings=settings, worker=worker)
    rows(db, _TAKE, {"ids": [call.message_id for call in calls]})
    held = asked.held | {ident: verdicts.unrenderable(why, now) for ident, why in spoilt.items()}
    return Claimed(calls, len(calls) + len(held) + len(looked) - len(found), held)


def _not_stopped(db: Session, looked: Sequence[Any], stopped: Standing) -> list[Any]:
    found = [row for row in looked if not stopped.holds(row.journey, row.topic)]
    if len(found) < len(looked):
        brakes.set_aside(db, [row.id for row in looked if stopped.holds(row.journey, row.topic)])
    return found


def _due(db: Session, ways: Ways, channels: Sequence[Channel], *, lane: str, limit: int, now: datetime) -> list[Any]:
    """Look channel by channel, so that nobody reads past the pile of one that is limited; another begins each time."""
    found: list[Any] = []
    with in_index_order(db):
        for channel in _shuffled(channels):
            most = min(limit - len(found), ways.room(channel))
            if most >= 1:
                found += rows(db, _DUE, {"lane": lane, "now": now, "channel": channel, "limit": int(most)})
    return found


def is_busy(db: Session, channels: Sequence[str], now: datetime, *, lane: str = "transactional") -> bool:
    """Tell whether work of a lane is due that could be sent."""
    return bool(db.execute(_BUSY, {"lane": lane, "now": now, "channels": list(channels)}).scalar_one())


def _shuffled(channels: Sequence[Channel]) -> list[Channel]:
    return _chance.sample(channels, len(channels))
