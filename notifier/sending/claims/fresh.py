"""
Claim messages in the very transaction that plans them.

What may go now is never due, which spares it being written down, found and asked about again. It overtakes nothing
that is more urgent, and whatever speaks against calling it at once makes it due like any other, so that the ordinary
claim says what becomes of it.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from msgspec import Struct
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

from notifier.brakes import held as brakes
from notifier.db import by_key, rows, undone_alone
from notifier.journeys.rules.definition import Lane
from notifier.messages import due
from notifier.messages.draft import Draft
from notifier.messages.write import keep
from notifier.providers.contract import Channel
from notifier.providers.registry import CHANNELS, Providers
from notifier.rendering.library import Library
from notifier.sending.claims.calls import Call, make
from notifier.sending.claims.due import is_busy
from notifier.sending.ways import recipients, tokens
from notifier.sending.ways.now import ways_now
from notifier.sending.ways.routes import Sender, sender_of
from notifier.settings import Settings

log = structlog.get_logger()

# What else has happened to them is handled next, and may speak against what this trigger asks for.
_PENDING = """
    SELECT asked.id, EXISTS (SELECT FROM pending_triggers p WHERE p.customer_id = asked.id
                             AND p.lane = 'transactional' OFFSET 0) AS has_urgent
    FROM unnest(%(ids)s::text[]) AS asked(id)
    WHERE EXISTS (SELECT FROM pending_triggers p WHERE p.customer_id = asked.id OFFSET 0)
"""


class Fresh(Struct, frozen=True, kw_only=True, gc=False):
    """A message just planned; what `due`'s claim reads of one."""

    id: UUID
    number: int = 1
    tries: int = 0
    customer_id: str
    customer_name: str
    run_id: int | None
    channel: Channel
    address: str
    topic: str
    template: str
    locale: str
    timezone: str
    country: str
    data: Mapping[str, Any]


class Desk:
    """Stores what is planned in one transaction, and claims of it what may be called at once."""

    def __init__(
        self, db: Session, providers: Providers, library: Library, settings: Settings, *, limit: int, worker: str,
        now: datetime, rooms: Mapping[Sender, float],
    ) -> None:  # fmt: skip
        """
        Claim nothing yet; at most `limit` messages in all. `now` is business time.

        `rooms`: what was reserved of senders with a rate limit (`tokens.reserve`); `give_back` what is left of it.
        """
        self._db, self._providers, self._library, self._settings = db, providers, library, settings
        self._worker, self._now = worker, now
        self._left, self._rooms = limit, dict(rooms)

    def store(self, drafts: Sequence[Draft], triggers: Sequence[Any]) -> list[Call]:
        """
        Store the drafts of these triggers (rows with id and data); once committed, each returned call must be made.

        Drafts whose key is known are passed over, as in `messages.write`.
        """
        kept = keep(self._db, drafts)
        calls = self._claimed(kept, {one.id: one.data for one in triggers})
        claimed = {call.message_id for call in calls}
        due.put(self._db, [one for one in kept if one[0] not in claimed])
        return calls

    def give_back(self) -> None:
        """Give back what was reserved and not used; the last thing to be done."""
        tokens.add(self._db, self._rooms)

    def _claimed(self, kept: Sequence[tuple[UUID, Draft]], data: Mapping[int, Mapping[str, Any]]) -> list[Call]:
        ready = [one for one in kept if one[1].state == "planned" and one[1].due_at <= self._now]
        if not ready or self._left < 1:
            return []
        try:
            with undone_alone(self._db):
                return self._claim(ready, data)
        except (OperationalError, InterfaceError):
            raise
        except Exception:  # the plan stands: a claim that goes wrong has to be told of where claims are tried again
            log.exception("what was planned could not be claimed at once; it is due", messages=len(ready))
            return []

    def _claim(self, ready: Sequence[tuple[UUID, Draft]], data: Mapping[int, Mapping[str, Any]]) -> list[Call]:
        db, stopped, may = self._db, brakes.standing(self._db), recipients.allowed(self._settings)
        ways = ways_now(db, self._providers, self._rooms, stopped)
        channels = [channel for channel in CHANNELS if ways.room(channel) >= 1]
        places = self._places(channels, {(draft.lane, draft.channel) for _, draft in ready})
        pending = self._pending({draft.customer_id for _, draft in ready})
        going = [
            _fresh(ident, draft, data[draft.trigger_id])
            for ident, draft in ready
            if (draft.lane, draft.channel) in places
            if not stopped.holds(draft.journey, draft.topic) and (may is None or may(draft.address))
            if not _waits(draft, pending)
        ][: self._left]
        addresses = {one.id: one.address for one in going}
        calls, _ = make(
            db, ways, going, addresses=addresses, library=self._library, settings=self._settings, worker=self._worker
        )
        self._left -= len(calls)
        for sender in self._rooms:
            self._rooms[sender] -= ways.used[sender]
        return calls

    def _places(
        self, channels: Sequence[Channel], wanted: Collection[tuple[Lane, Channel]]
    ) -> set[tuple[Lane, Channel]]:
        """
        Return the lanes and channels that may be claimed for: nothing bulk while anything transactional is due, nor
        what would take a rate that older messages wait for.
        """
        open_now = {place for place in wanted if place[1] in channels}
        if any(lane == "bulk" for lane, _ in open_now) and is_busy(self._db, channels, self._now):
            open_now = {place for place in open_now if place[0] != "bulk"}
        limited = {channel for _, channel in open_now if self._is_limited(channel)}
        return {
            (lane, channel)
            for lane, channel in open_now
            if channel not in limited or not is_busy(self._db, [channel], self._now, lane=lane)
        }

    def _is_limited(self, channel: Channel) -> bool:
        return any(sender_of(route) in self._rooms for route in self._providers.routes(channel))

    def _pending(self, ids: Collection[str]) -> dict[str, bool]:
        """Return those of the customers with whom more has happened, and whether any of it is urgent."""
        with by_key(self._db):
            return {row.id: row.has_urgent for row in rows(self._db, _PENDING, {"ids": sorted(ids)})}


def _waits(draft: Draft, pending: Mapping[str, bool]) -> bool:
    """Whatever is pending holds bulk back; a transactional message, what is urgent."""
    return pending.get(draft.customer_id, False) or (draft.lane == "bulk" and draft.customer_id in pending)


def _fresh(ident: UUID, draft: Draft, data: Mapping[str, Any]) -> Fresh:
    return Fresh(
        id=ident,
        customer_id=draft.customer_id,
        customer_name=draft.customer_name,
        run_id=draft.run_id,
        channel=draft.channel,
        address=draft.address,
        topic=draft.topic,
        template=draft.template,
        locale=draft.locale,
        timezone=draft.timezone,
        country=draft.country,
        data=data,
    )
