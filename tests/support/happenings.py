"""Triggers for tests: samples with what matters changed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.catalog import types
from notifier.i18n.shipped import directory
from notifier.intake.accept import Result, accept
from notifier.intake.events import Event, read
from notifier.journeys import advance
from notifier.journeys.rules import publish
from notifier.messages.draft import Draft
from notifier.messages.write import write
from notifier.planning.plan import planning

_PENDING_AGAIN = text("""
    WITH again AS (
        DELETE FROM handled_triggers USING triggers WHERE trigger_id = id AND customer_id LIKE :customer
        RETURNING customer_id, time, id
    )
    INSERT INTO pending_triggers (customer_id, time, trigger_id, lane) SELECT again.*, :lane FROM again
""")


def happening(kind: str, *, at: datetime, customer: str = "cus_1", ident: str = "", **said: Any) -> dict[str, Any]:
    """Return a CloudEvent; `said` changes the customer it describes."""
    event = types.get(kind).sample(at)
    described = {**event["data"]["customer"], "id": customer, **said}
    data = {**event["data"], "customer": described}
    if "invoice" in data:
        data["invoice"] = {**data["invoice"], "id": "inv_1"}
    data["subscription"] = {**data["subscription"], "id": "sub_1"}
    return {**event, "id": ident or f"{kind}-{at.isoformat()}-{customer}", "subject": customer, "data": data}


def take(db: Session, *happened: dict[str, Any], now: datetime) -> list[Result]:
    """Accept events that are in order."""
    events = [read(one) for one in happened]
    assert all(isinstance(event, Event) for event in events), events
    return accept(db, [event for event in events if isinstance(event, Event)], now=now)


def publish_journeys(db: Session) -> None:
    """Publish the journeys that come along."""
    publish.publish(db, directory("templates"))


def drain(db: Session, *, now: datetime) -> int:
    """Plan until nothing is left to plan; return how many rows were claimed."""
    total = 0
    for _ in range(2):
        while claimed := advance.triggers(db, limit=500, now=now, plan=planning(db, now=now), store=write_all(db)).many:
            total += claimed
        while claimed := advance.due(db, limit=500, now=now, plan=planning(db, now=now)):
            total += claimed
    return total


def make_pending_again(db: Session, *, lane: str = "transactional", customer: str = "%") -> None:
    """Make triggers that were handled wait to be handled."""
    db.execute(_PENDING_AGAIN, {"lane": lane, "customer": customer})


def write_all(db: Session) -> advance.Store[None]:
    """Return what stores drafts and makes all of them due."""

    def store(drafts: list[Draft], _: Sequence[Any]) -> None:
        write(db, drafts)

    return store
