"""Calls to be made: each message's way, its exact words, and an attempt that is committed before anything is sent."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from msgspec import Struct
from sqlalchemy.orm import Session

from notifier.clock import since_boot
from notifier.db import copy
from notifier.messages import token
from notifier.messages.draft import new_ids
from notifier.providers.contract import Content, Outgoing, Provider, Route
from notifier.rendering.library import Library
from notifier.sending.claims import words
from notifier.sending.claims.verdicts import Held
from notifier.sending.unknown.watches import watch
from notifier.sending.ways import tokens
from notifier.sending.ways.routes import Ways, sender_of
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


_ATTEMPT = ("id", "message_id", "number", "provider", "sender", "claimed_by", "address")


def make(
    db: Session, ways: Ways, messages: Sequence[Any], *, addresses: Mapping[UUID, str], library: Library,
    settings: Settings, worker: str,
) -> tuple[list[Call], dict[UUID, str]]:  # fmt: skip
    """
    Give each message that has an address and for which a way is open its words and an attempt, in this transaction.

    `messages` have the columns of `due`'s claim. Returns the calls, and of the messages whose words cannot be made the
    reason. Takes of `ways` what the calls cost.
    """
    begun = since_boot()
    going = [
        (one, route) for one in messages if one.id in addresses and (route := ways.take(one.channel, one.id, one.tries))
    ]
    written, spoilt = words.write(db, library, settings, [one for one, _ in going])
    ready = [(*one, content) for one, content in zip(going, written, strict=True) if content]
    _pay(ways, ready)
    callback = _callbacks(settings)
    calls = [
        _call(ident, one, route.provider, addresses[one.id], content, library=library, callback=callback, begun=begun)
        for ident, (one, route, content) in zip(new_ids(len(ready)), ready, strict=True)
    ]
    if calls:
        copy(db, "attempts", _ATTEMPT, (_attempt(call, worker) for call in calls))
        watch(db, [call.outgoing.attempt_id for call in calls], after=settings.lease_seconds)
    return calls, spoilt


def _pay(ways: Ways, ready: Sequence[tuple[Any, Route, Content]]) -> None:
    """Take from limited senders what is known only now: an SMS of three segments costs two more than was taken."""
    for _, route, content in ready:
        if ways.is_limited(sender := sender_of(route)):
            ways.use(sender, tokens.cost(route, content) - 1)


def _call(
    ident: UUID, row: Any, provider: Provider, address: str, content: Content, *, library: Library,
    callback: Callable[[str, UUID], str], begun: float,
) -> Call:  # fmt: skip
    # No provider of mail takes an address for its reports with each call.
    url = "" if row.channel == "email" else callback(provider.name, ident)
    return Call(
        outgoing=Outgoing(attempt_id=ident, channel=row.channel, to=address, content=content, callback_url=url),
        provider=provider,
        message_id=row.id,
        run_id=row.run_id,
        is_elsewhere=address != row.address,
        version=library.versions.get((row.template, row.channel)),
        number=row.number,
        tries=row.tries + 1,
        claimed=begun,
    )


def _attempt(call: Call, worker: str) -> tuple[object, ...]:
    out, provider = call.outgoing, call.provider
    address = out.to if call.is_elsewhere else None
    sender = provider.sender(out.channel)
    return (out.attempt_id, call.message_id, call.number, provider.name, sender, worker, address)


def _callbacks(settings: Settings) -> Callable[[str, UUID], str]:
    """Return what makes the address of an attempt's reports: each provider has a door of its own, as it has a key."""
    secret, root = secret_key(settings), settings.public_url.rstrip("/")
    return lambda provider, attempt_id: f"{root}/hooks/{provider}/status/{token.make_attempt(secret, attempt_id)}"
