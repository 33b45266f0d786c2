"""Apply verified inbound texts: kept once, on the right timeline, taken for the first thing that fits."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.columns import storable
from notifier.consent.state import record
from notifier.consent.suppress import lift, suppress
from notifier.db import rows
from notifier.providers.contract import Inbound, Provider
from notifier.replies.decide import Taken, decide
from notifier.replies.quoted import unquoted
from notifier.replies.sender import Sender, identify
from notifier.surveys import answer
from notifier.tracking import pending

log = structlog.get_logger()

#: What a STOP by email ends. Notices about charges and service go on there (they may be required by law); a STOP by
#: text message ends everything on that channel, as carriers demand.
OPTIONAL_TOPICS = ("surveys", "offers", "news")

_HAS_COME = "SELECT EXISTS (SELECT FROM pending_hooks WHERE kind = 'inbound') AS has_come"
_KEEP = text("""
    INSERT INTO replies
        (customer_id, channel, sender, recipient, text, provider, event_id, in_reply_to, taken_as, reason, at)
    VALUES
        (:customer_id, :channel, :sender, :recipient, :text, :provider, :event_id, :in_reply_to, :taken_as, :reason,
         :at)
    ON CONFLICT (provider, event_id) DO NOTHING RETURNING id
""")
_REPLIED = text("""
    UPDATE messages SET engagement = 'replied'
    WHERE id = :message AND (engagement IS NULL OR engagement NOT IN ('replied', 'complained'))
""")


def has_come(db: Session) -> bool:
    """Tell whether any text is pending, at a fifth of what it costs to look for one in a transaction of its own."""
    return bool(rows(db, _HAS_COME, may_prepare=False)[0].has_come)


def receive_pending(db: Session, providers: Mapping[str, Provider], *, limit: int, now: datetime) -> int:
    """
    Apply pending inbound hooks that weigh `limit` together and return the weight taken (of 1 kB each); `now` is
    business time.

    Hooks that another worker holds are left to it. One that cannot be read or stored fails alone, with its error.
    """
    claimed = pending.claim(db, "inbound", providers, limit=limit)
    for callback in claimed:
        provider = callback.provider
        try:
            with db.begin_nested():
                for inbound in providers[provider].inbound(callback.hook):
                    _receive(db, inbound, provider=provider, now=now)
        except pending.POISON as error:
            pending.fail(db, callback, error)
            log.warning("inbound hook failed", hook_set=callback.set_id, provider=provider, error=type(error).__name__)
    return sum(callback.weight for callback in claimed)


def _receive(db: Session, inbound: Inbound, *, provider: str, now: datetime) -> None:
    said = storable(inbound.text)
    words = unquoted(said) if inbound.channel == "email" else said
    sender = identify(db, inbound, provider=provider, now=now)
    taken = decide(inbound, words, question=sender.question.question if sender.question else None)
    row = {
        "customer_id": sender.customer_id,
        "channel": inbound.channel,
        "sender": sender.address,
        "recipient": storable(inbound.recipient),
        "text": words,
        "provider": provider,
        "event_id": inbound.event_id,
        "in_reply_to": sender.question.message_id
        if taken.taken_as == "answer" and sender.question
        else sender.message_id,
        "taken_as": taken.taken_as,
        "reason": taken.reason,
        "at": now,
    }
    is_new = db.execute(_KEEP, row).scalar_one_or_none() is not None
    if is_new:
        _follow(db, sender, taken, evidence={"source": "keyword", "words": words[:200], "provider": provider}, now=now)
        if taken.taken_as != "automatic" and row["in_reply_to"]:
            db.execute(_REPLIED, {"message": row["in_reply_to"]})


def _follow(db: Session, sender: Sender, taken: Taken, *, evidence: dict[str, Any], now: datetime) -> None:
    if taken.taken_as == "stop" and sender.channel == "email":
        for topic in OPTIONAL_TOPICS if sender.customer_id else ():
            record(db, sender.customer_id or "", topic=topic, channel="email", granted=False, evidence=evidence, at=now)
    elif taken.taken_as == "stop":
        suppress(db, sender.channel, sender.address, reason="stop", evidence=evidence, at=now)
    elif taken.taken_as == "start":
        # The address may be written to again; consent to marketing that was withdrawn, or never given, stays as it is.
        lift(db, sender.channel, sender.address, at=now)
    elif taken.taken_as == "answer" and sender.question and sender.customer_id:
        answer.record(
            db,
            sender.customer_id,
            survey=sender.question.survey,
            question=sender.question.question,
            score=taken.score,
            comment=taken.comment or None,
            source=sender.channel,
            message_id=sender.question.message_id,
            now=now,
        )
