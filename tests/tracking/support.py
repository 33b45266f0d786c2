"""A vendor as simple as possible, and the rows its callbacks speak of."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.clock import machine_now
from notifier.errors import Unavailable
from notifier.intake.models import Trigger
from notifier.messages.models import Attempt, Message, Ref
from notifier.providers.contract import (
    Capabilities,
    ForgedHook,
    Found,
    Hook,
    Inbound,
    Outcome,
    Outgoing,
    StatusReport,
    Unknown,
)
from notifier.tracking.keep import Verified
from notifier.tracking.packed import unpack


class FakeProvider:
    """Signs with the word `right`; its bodies are our own words as JSON."""

    name = "twilio"
    can = Capabilities(channels=("sms", "whatsapp", "email"))

    async def send(self, outgoing: Outgoing) -> Outcome:
        return Unknown(detail="never called")

    async def find(self, outgoing: Outgoing, *, since: datetime, taken: frozenset[str]) -> Found | None:
        raise Unavailable("never asked")

    def verify(self, hook: Hook) -> None:
        if hook.headers.get("x-twilio-signature") != "right":
            raise ForgedHook("The signature is wrong.")

    def reports(self, hook: Hook) -> list[StatusReport]:
        return msgspec.json.decode(hook.body, type=list[StatusReport])

    def inbound(self, hook: Hook) -> list[Inbound]:
        return msgspec.json.decode(hook.body, type=list[Inbound])


def status(reports: Sequence[StatusReport], provider: str = "twilio") -> Verified:
    """Return a verified status callback with these reports."""
    hook = Hook(url="https://notify.example/hooks", headers={}, body=msgspec.json.encode(reports))
    return Verified(provider=provider, kind="status", hook=hook)


def inbound(texts: Sequence[Inbound], provider: str = "twilio") -> Verified:
    """Return a verified inbound callback with these texts."""
    hook = Hook(url="https://notify.example/hooks", headers={}, body=msgspec.json.encode(texts))
    return Verified(provider=provider, kind="inbound", hook=hook)


def queue(db: Session) -> list[str]:
    """Tell of each set of callbacks, in the order they came, whether it is `pending` or `done`."""
    return list(db.scalars(_QUEUE))


def kept(db: Session) -> list[Hook]:
    """Return all the callbacks, in the order they came."""
    return [hook for row in db.execute(_KEPT) for hook in unpack(row.encoding, row.packed)]


def aside(db: Session) -> list[str]:
    """Return the errors of the callbacks that were set aside."""
    return list(db.scalars(_ASIDE))


_QUEUE = text("""
    SELECT CASE WHEN id IN (SELECT id FROM pending_hooks) THEN 'pending' ELSE 'done' END FROM hook_sets ORDER BY id
""")
_KEPT = text("SELECT encoding, packed FROM hook_sets ORDER BY id")
_ASIDE = text("SELECT error FROM hooks ORDER BY id")


def make_message(db: Session, now: datetime, **given: Any) -> Message:
    """Store a message that was sent an hour ago, with its trigger when `data` is given."""
    data = given.pop("data", None)
    sent_at = now - timedelta(hours=1)
    fields: dict[str, Any] = {
        "id": uuid4(),
        "customer_id": "cus_1",
        "journey": "payment-failed",
        "journey_version": 1,
        "step": "tell",
        "channel": "sms",
        "address": "+5511961234567",
        "topic": "billing",
        "lane": "transactional",
        "template": "payment-failed",
        "locale": "pt_BR",
        "timezone": "America/Sao_Paulo",
        "country": "BR",
        "state": "sent",
        "due_at": sent_at,
        "expires_at": now + timedelta(days=3),
        "created_at": sent_at,
        "sent_at": sent_at,
        "decisions": [],
    } | given
    if data is not None:
        trigger = Trigger(
            source="test", event_id=str(fields["id"]), type="x", customer_id=fields["customer_id"], time=now, data=data
        )
        db.add(trigger)
        db.flush()
        fields["trigger_id"] = trigger.id
    message = Message(**fields)
    db.add(message)
    db.flush()
    return message


def make_attempt(db: Session, message: Message, **given: Any) -> UUID:
    """Store an accepted attempt for the message; return its id."""
    fields = {"id": uuid4(), "number": 1, "provider": "twilio", "state": "accepted", "ref": "SM1", "claimed_by": "t"}
    attempt = Attempt(message_id=message.id, **(fields | given))
    if attempt.state == "unknown":
        attempt.evidence_at = machine_now(db)
    db.add(attempt)
    if attempt.ref:
        db.add(Ref(provider=attempt.provider, ref=attempt.ref, attempt_id=attempt.id))
    db.flush()
    return attempt.id
