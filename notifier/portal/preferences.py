"""What we may write about, and where: the customer's own choice, kept with its evidence."""

from typing import Any

from litestar import Response, post, route
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, RawBody
from litestar.response import Redirect
from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.orm import Session

from notifier import clock
from notifier.api.parts import Parts
from notifier.consent.models import TOPICS
from notifier.consent.state import CONTRACTUAL, allowed, record
from notifier.consent.suppress import suppressed
from notifier.customers.models import ContactPoint
from notifier.portal.page import Asked, form, headers, page
from notifier.portal.subject import Subject, resolve


class Choice(Struct, frozen=True, kw_only=True):
    """One box: a topic on a channel. A fixed one cannot be changed here."""

    topic: str
    channel: str
    is_on: bool
    is_fixed: bool

    @property
    def name(self) -> str:
        return f"{self.topic}.{self.channel}"


def handlers(parts: Parts) -> list[HTTPRouteHandler]:
    """Return `/m/{token}/preferences`."""

    @route("/{token:str}/preferences", http_method=["GET", "HEAD"], sync_to_thread=True)
    def preferences(token: FromPath[str], saved: FromQuery[str] = "") -> Response[str]:
        with parts.database.begin() as db:
            subject = resolve(db, parts.secret, token)
            rows, stopped = choices(db, subject.customer_id)
        channels = [choice.channel for choice in next(iter(rows.values()))]
        context: dict[str, Any] = {"rows": rows, "channels": channels, "stopped": stopped, "saved": bool(saved)}
        return page(parts, "preferences.html", subject, token=token, **context)

    @post("/{token:str}/preferences", sync_to_thread=True)
    def save(request: Asked, token: FromPath[str], body: RawBody) -> Redirect:
        wanted = form(body)
        with parts.database.begin() as db:
            subject = resolve(db, parts.secret, token)
            proof = evidence(subject, "preferences", request)
            now = clock.business_now(db)
            rows, _ = choices(db, subject.customer_id)
            for choice in (one for row in rows.values() for one in row if not one.is_fixed):
                granted = choice.name in wanted
                if granted != choice.is_on:
                    record(
                        db,
                        subject.customer_id,
                        topic=choice.topic,
                        channel=choice.channel,
                        granted=granted,
                        evidence=proof,
                        at=now,
                    )
        return Redirect(f"/m/{token}/preferences?saved=1", status_code=303, headers=headers())

    return [preferences, save]


def choices(db: Session, customer_id: str) -> tuple[dict[str, list[Choice]], list[str]]:
    """Return the boxes by topic, for the channels the customer has, and the channels they have told to stop."""
    points = select(ContactPoint.channel, ContactPoint.address).where(ContactPoint.customer_id == customer_id)
    at = {row.channel: row.address for row in db.execute(points)} or {"email": ""}
    channels = [channel for channel in ("email", "sms", "whatsapp") if channel in at]
    stopped = [channel for channel, _ in suppressed(db, [(channel, at[channel]) for channel in channels])]
    may = allowed(db, [customer_id])[customer_id]
    rows = {
        topic: [
            Choice(
                topic=topic,
                channel=channel,
                is_on=may[topic, channel] and channel not in stopped,
                is_fixed=channel in stopped or (topic in CONTRACTUAL and channel == "email"),
            )
            for channel in channels
        ]
        for topic in TOPICS
    }
    return rows, [channel for channel in channels if channel in stopped]


def evidence(subject: Subject, source: str, request: Asked) -> dict[str, Any]:
    """Return how we know what the customer said: where, on which message's link, from which network address."""
    caller = request.client.host if request.client else ""
    return {"source": source, "message": str(subject.message_id), "caller": caller}
