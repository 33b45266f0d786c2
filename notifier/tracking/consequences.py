"""What a report means beyond its message: an address that does not exist, or one never to be written to again."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.consent.suppress import suppress
from notifier.messages.apply import Applied

_ADDRESSES = text("SELECT id, channel, address FROM messages WHERE id = ANY(:ids)")
_INVALID = text("""
    UPDATE contact_points SET state = 'invalid', reason = :reason
    WHERE channel = :channel AND address = :address AND state <> 'invalid'
""")


class Consequence(Struct, frozen=True, kw_only=True):
    """What follows for the address; `suppression` is the reason of one, or empty."""

    is_invalid: bool = False
    suppression: str = ""


def consequence(kind: str, reason: str, channel: str) -> Consequence:
    """Decide what a report (its kind and reason, in the words of `providers.contract`) says of the address, pure."""
    if kind == "complained" or reason == "spam":
        return Consequence(suppression="complaint")
    if kind == "unsubscribed" or reason == "opted-out":
        return Consequence(suppression="stop")
    if reason == "suppressed":
        return Consequence(suppression="provider")
    if reason == "bad-address":
        # A mailbox that does not exist stays refused whoever gives it again; a phone number is often given anew.
        return Consequence(is_invalid=True, suppression="hard-bounce" if channel == "email" else "")
    return Consequence()


def follow(db: Session, reports: Sequence[Applied], *, now: datetime) -> None:
    """Carry out the consequences of new reports; each suppression keeps the report as its evidence."""
    telling = [one for one in reports if consequence(one.kind, one.reason, "email") != Consequence()]
    if not telling:
        return
    to = {row.id: row for row in db.execute(_ADDRESSES, {"ids": [one.message_id for one in telling]})}
    for one in telling:
        message = to[one.message_id]
        follows = consequence(one.kind, one.reason, message.channel)
        if follows.is_invalid:
            where = {"channel": message.channel, "address": message.address, "reason": one.reason}
            db.execute(_INVALID, where)
        if follows.suppression:
            evidence = {
                "source": one.provider,
                "event": one.event_id,
                "message": str(one.message_id),
                "kind": one.kind,
                "detail": one.detail,
            }
            suppress(db, message.channel, message.address, reason=follows.suppression, evidence=evidence, at=now)
