"""Read messages back: what was sent, why, and what became of it."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from litestar import Router, get
from litestar.params import FromPath, QueryParameter
from litestar.types import Guard
from msgspec import Struct
from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session, selectinload

from notifier.api.parts import Parts
from notifier.api.problems import HANDLERS
from notifier.errors import Invalid, Missing
from notifier.intake.models import Trigger
from notifier.messages.content import as_json, unpack
from notifier.messages.models import Event, Message
from notifier.messages.states import shown

_get = partial(get, sync_to_thread=True)


class AttemptShown(Struct, frozen=True, kw_only=True):
    """One provider call. `provider_id` is the provider's own id of the message."""

    id: UUID
    number: int
    provider: str
    state: str
    provider_id: str | None
    reason: str
    detail: str
    claimed_at: datetime
    settled_at: datetime | None


class EventShown(Struct, frozen=True, kw_only=True):
    """One thing reported; `at` is when we learnt it (business time), `reported_at` the provider's own time."""

    kind: str
    reason: str
    detail: str
    provider: str
    attempt_id: UUID | None
    at: datetime
    reported_at: datetime | None


class MessageShown(Struct, frozen=True, kw_only=True):
    """A message whole. `trigger_id` is the CloudEvent's `id`; times are business time."""

    id: UUID
    customer_id: str
    trigger_id: str | None
    journey: str
    step: str
    channel: str
    to: str
    locale: str
    topic: str
    state: str
    reason: str
    engagement: str | None
    provider: str | None
    provider_id: str | None
    created_at: datetime
    due_at: datetime
    sent_at: datetime | None
    content: dict[str, Any] | None
    """`subject`, `text`, `html` exactly as sent; null until there is a first attempt."""
    decisions: list[dict[str, Any]]
    attempts: list[AttemptShown]
    events: list[EventShown]


class Messages(Struct, frozen=True, kw_only=True):
    """Newest first. Ask again with `cursor=next` while `next` is not null."""

    messages: list[MessageShown]
    next: str | None


class UnknownMessage(Missing):
    """There is no message with that id."""


def router(parts: Parts, has_key: Guard) -> Router:
    """Return `GET /messages` and `GET /messages/{id}`."""

    @_get("/messages", summary="List messages, newest first", tags=["Messages"])
    def list_messages(
        customer: Annotated[str | None, QueryParameter(description="Only those to this customer.")] = None,
        cursor: Annotated[str | None, QueryParameter(description="`next` of the page before.")] = None,
        limit: Annotated[int, QueryParameter(ge=1, le=100)] = 50,
    ) -> Messages:
        with parts.database.begin() as db:
            rows = page(db, customer=customer, after=cursor, limit=limit + 1)
            shown = _shown(db, rows[:limit])
        last = rows[limit - 1] if len(rows) > limit else None
        return Messages(messages=shown, next=_cursor(last) if last else None)

    @_get("/messages/{message_id:str}", summary="Get a message", tags=["Messages"])
    def get_message(message_id: FromPath[str]) -> MessageShown:
        with parts.database.begin() as db:
            row = db.scalar(_whole().where(Message.id == _uuid(message_id)))
            if row is None:
                raise UnknownMessage(f"There is no message {message_id}.")
            return _shown(db, [row])[0]

    return Router("/", route_handlers=[list_messages, get_message], guards=[has_key], exception_handlers=HANDLERS)


def page(db: Session, *, customer: str | None, after: str | None, limit: int) -> Sequence[Message]:
    """Return messages newest first, those after a cursor: the thousandth page costs what the first does."""
    query = _whole().limit(limit)
    # A customer's are ordered by their index; all of them by the primary key, whose UUIDv7 follows time.
    if customer is not None:
        query = query.where(Message.customer_id == customer).order_by(Message.created_at.desc(), Message.id.desc())
    else:
        query = query.order_by(Message.id.desc())
    if after:
        at, ident = _position(after)
        older = tuple_(Message.created_at, Message.id) < (at, ident) if customer is not None else Message.id < ident
        query = query.where(older)
    return db.scalars(query).all()


def _whole() -> Any:
    return select(Message).options(selectinload(Message.attempts), selectinload(Message.content))


def _shown(db: Session, rows: Sequence[Message]) -> list[MessageShown]:
    events: dict[UUID, list[Event]] = {row.id: [] for row in rows}
    for event in db.scalars(select(Event).where(Event.message_id.in_(list(events))).order_by(Event.id)):
        events[event.message_id].append(event)
    wanted = {row.trigger_id for row in rows if row.trigger_id is not None}
    named = {
        row.id: row.event_id for row in db.execute(select(Trigger.id, Trigger.event_id).where(Trigger.id.in_(wanted)))
    }
    return [_message(db, row, events[row.id], named) for row in rows]


def _message(db: Session, row: Message, events: Sequence[Event], triggers: dict[int, str]) -> MessageShown:
    attempts = [
        AttemptShown(
            id=one.id,
            number=one.number,
            provider=one.provider,
            state=one.state,
            provider_id=one.ref,
            reason=one.reason,
            detail=one.detail,
            claimed_at=one.claimed_at,
            settled_at=one.settled_at,
        )
        for one in row.attempts
    ]
    reported = [
        EventShown(
            kind=one.kind,
            reason=one.reason,
            detail=one.detail,
            provider=one.provider,
            attempt_id=one.attempt_id,
            at=one.at,
            reported_at=one.reported_at,
        )
        for one in events
    ]
    return MessageShown(
        id=row.id,
        customer_id=row.customer_id,
        trigger_id=triggers.get(row.trigger_id) if row.trigger_id is not None else None,
        journey=row.journey,
        step=row.step,
        channel=row.channel,
        to=row.address,
        locale=row.locale,
        topic=row.topic,
        state=shown(row.state, [one.state for one in row.attempts]),
        reason=row.reason,
        engagement=row.engagement,
        provider=row.provider,
        provider_id=row.provider_ref,
        created_at=row.created_at,
        due_at=row.due_at,
        sent_at=row.sent_at,
        content=as_json(unpack(db, row.content.encoding, row.content.body)) if row.content else None,
        decisions=row.decisions,
        attempts=attempts,
        events=reported,
    )


def _cursor(row: Message) -> str:
    return urlsafe_b64encode(f"{row.created_at.isoformat()}|{row.id}".encode()).decode().rstrip("=")


def _position(cursor: str) -> tuple[datetime, UUID]:
    try:
        at, _, ident = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition("|")
        return datetime.fromisoformat(at), UUID(ident)
    except ValueError as error:
        raise Invalid("The cursor is not one of ours.", {"cursor": "use `next` of the page before"}) from error


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise UnknownMessage(f"There is no message {text}.") from error
