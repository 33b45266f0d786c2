"""A small, believable past for the pages to show."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import text, update
from sqlalchemy.orm import Session

from notifier import clock
from notifier.brakes import pull as brake
from notifier.consent.models import Consent, Suppression
from notifier.i18n.shipped import directory
from notifier.intake.models import HandledTrigger
from notifier.messages.content import Kept, pack
from notifier.messages.models import Attempt, Content, Event, Message
from notifier.rendering import versions
from notifier.rendering.library import Library
from notifier.rendering.preview import preview
from notifier.replies.models import Reply
from notifier.surveys.models import Answer
from tests.support.happenings import drain, happening, publish_journeys, take

PEOPLE = (
    ("cus_1", "Ana Beatriz Cavalcanti de Albuquerque", "pt_BR", "America/Sao_Paulo", "BR", "+5511961234567"),
    ("cus_2", "Grace Hill", "en", "America/New_York", "US", "+12125550142"),
    ("cus_3", "Lucía Fernández", "es", "America/Mexico_City", "MX", "+525512345678"),
)
KINDS = ("payment.failed", "invoice.upcoming", "feedback.requested", "loyalty.bonus_granted")


def live(db: Session, *, now: datetime) -> dict[str, UUID]:
    """Let things happen to three people; return a message per channel."""
    library = versions.publish(db, Library.load(directory("templates")), at=now)
    publish_journeys(db)
    for days, kind in enumerate(reversed(KINDS)):
        for ident, name, locale, zone, country, phone in PEOPLE:
            at = now - timedelta(days=days, hours=1)
            said = {"name": name, "locale": locale, "timezone": zone, "country": country, "phone": phone}
            take(db, happening(kind, at=at, customer=ident, email=f"{ident}@example.com", **said), now=at)
        drain(db, now=at)
    sent = _send(db, library, now)
    _answer(db, now, sent)
    return sent


def _send(db: Session, library: Library, now: datetime) -> dict[str, UUID]:
    shown: dict[str, UUID] = {}
    states = ("delivered", "delivered", "undelivered", "delivered", "unknown", "sent")
    for number, message in enumerate(list(db.query(Message).order_by(Message.id))):
        if message.state != "planned":
            continue
        state = states[number % len(states)]
        words = preview(library, message.template, message.channel, message.locale, today=now.date())
        kept = Kept(subject=getattr(words, "subject", ""), text=words.text, html=str(getattr(words, "html", "")))
        encoding, body = pack(kept)
        reason = {"undelivered": "unreachable", "unknown": "no-answer"}.get(state, "")
        attempt = Attempt(
            id=uuid4(), message_id=message.id, number=1, state=state, ref=f"SM{number:032d}", claimed_by="worker",
            provider="sendgrid" if message.channel == "email" else "twilio", reason=reason,
            claimed_at=clock.machine_now(db) - timedelta(minutes=number),
            evidence_at=clock.machine_now(db) if state == "unknown" else None,
            evidence_until=clock.machine_now(db) + timedelta(minutes=10 - number) if state == "unknown" else None,
        )  # fmt: skip
        db.add_all([Content(message_id=message.id, encoding=encoding, body=body), attempt])
        message.state, message.sent_at = state, message.due_at
        message.reason = reason
        message.engagement = "opened" if state == "delivered" and message.channel == "email" else None
        db.flush()
        db.add(
            Event(
                message_id=message.id,
                attempt_id=attempt.id,
                provider="twilio",
                event_id=str(number),
                kind="sent",
                at=now,
            )
        )
        if message.customer_id == "cus_1":
            shown.setdefault(message.channel, message.id)
    db.flush()
    return shown


def _answer(db: Session, now: datetime, sent: dict[str, UUID]) -> None:
    db.add_all(
        [
            Reply(
                customer_id="cus_1", channel="whatsapp", sender="+5511961234567", recipient="+1", provider="twilio",
                text="Oi! Posso pagar na sexta-feira? Meu cartão novo chega na quinta 🙏", event_id="r1",
                in_reply_to=next(iter(sent.values())), taken_as="conversation", reason="no-open-question", at=now,
            ),
            Answer(
                customer_id="cus_1", survey="s1", question="nps", score=9, comment="Atendimento ótimo.",
                source="portal", given_at=now - timedelta(hours=2), changed_at=now,
            ),
            Consent(customer_id="cus_1", topic="offers", granted=False, at=now, evidence={"source": "preferences"}),
            Suppression(channel="sms", address="+5511961234567", reason="stop", at=now - timedelta(hours=3)),
        ]
    )  # fmt: skip
    oldest = db.execute(text("SELECT min(id) FROM triggers")).scalar_one()
    error = "The template payment-failed has no Spanish words for SMS."
    db.execute(update(HandledTrigger).where(HandledTrigger.trigger_id == oldest).values(error=error))
    known = brake.targets(db, ("sendgrid", "twilio"))
    for kind, name, why in (
        ("provider", "twilio", "Mensagens chegam duas vezes, a Twilio investiga."),
        ("topic", "offers", "O desconto da campanha está errado: 50 % em vez de 5 %."),
    ):
        brake.pull(db, kind, name, who="ada@aurora.example", why=why, known=known)
    brake.release(db, "provider", "twilio", who="ben@aurora.example")
    db.flush()
