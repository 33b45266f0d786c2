"""Everything about one message: what was said, why it was sent or not, each attempt and what was reported of it."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from notifier.customers.models import Customer
from notifier.errors import Missing
from notifier.intake.models import Trigger
from notifier.journeys.models import Run
from notifier.messages.content import Kept, unpack
from notifier.messages.models import Attempt, Event, Message
from notifier.messages.states import ATTEMPT_RANK, ENGAGEMENT_RANK, PROVES, shown


class UnknownMessage(Missing):
    """There is no message with that id."""


class Explained(Struct, frozen=True, kw_only=True):
    """A message with all that belongs to it; `kept` is None until the content is rendered, at its first attempt."""

    message: Message
    kept: Kept | None
    customer: Customer | None
    trigger: Trigger | None
    run: Run | None
    attempts: list[Attempt]
    events: list[Event]
    """Of the whole message, newest first: taps on links belong to no attempt."""

    @property
    def state(self) -> str:
        """The message's, as it is at this moment."""
        return shown(self.message.state, [attempt.state for attempt in self.attempts])


def explain(db: Session, message_id: UUID) -> Explained:
    """
    Read a message and all that belongs to it, in a fixed number of queries.

    Raises:
        UnknownMessage: there is none.
    """
    message = db.scalar(
        select(Message)
        .where(Message.id == message_id)
        .options(joinedload(Message.content), selectinload(Message.attempts))
    )
    if message is None:
        raise UnknownMessage(f"There is no message {message_id}.")
    events = db.scalars(select(Event).where(Event.message_id == message_id).order_by(Event.id))
    return Explained(
        message=message,
        kept=unpack(db, message.content.encoding, message.content.body) if message.content else None,
        customer=db.get(Customer, message.customer_id),
        trigger=db.get(Trigger, message.trigger_id) if message.trigger_id else None,
        run=db.get(Run, message.run_id) if message.run_id else None,
        attempts=list(message.attempts),
        events=sorted(events, key=_newest_last, reverse=True),
    )


def _newest_last(event: Event) -> tuple[datetime, int, int]:
    # Providers report to the second, and out of order: of one second, the further on is the later.
    rank = ATTEMPT_RANK.get(PROVES.get(event.kind, ""), 0) + ENGAGEMENT_RANK.get(event.kind, 0)
    return event.at, rank, event.id
