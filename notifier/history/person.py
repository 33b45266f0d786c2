"""A customer as support needs to see them: facts, addresses with why one may not be used, and what they agreed to."""

from datetime import datetime

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.customers.models import Customer
from notifier.errors import Missing


class UnknownPerson(Missing):
    """There is no customer with that id."""


class Reach(Struct, frozen=True, kw_only=True):
    """An address and whether it may be written to: `usable`, `invalid` or `suppressed`, with the reason's code."""

    channel: str
    address: str
    state: str
    reason: str
    since: datetime | None


class Permission(Struct, frozen=True, kw_only=True):
    """What stands for a topic, on a channel or (empty) on all."""

    topic: str
    channel: str
    granted: bool
    at: datetime


class Person(Struct, frozen=True, kw_only=True):
    """All of it."""

    customer: Customer
    points: list[Reach]
    consents: list[Permission]
    open_runs: int


def find(db: Session, customer_id: str) -> Person:
    """
    Read a customer in a fixed number of queries.

    Raises:
        UnknownPerson: there is none with that id.
    """
    customer = db.get(Customer, customer_id)
    if customer is None:
        raise UnknownPerson(f"There is no customer {customer_id}.")
    given = {"id": customer_id}
    return Person(
        customer=customer,
        points=[Reach(**row) for row in db.execute(_POINTS, given).mappings()],
        consents=[Permission(**row) for row in db.execute(_CONSENTS, given).mappings()],
        open_runs=db.execute(_OPEN_RUNS, given).scalar_one(),
    )


_POINTS = text("""
    SELECT p.channel, p.address, coalesce(s.reason, p.reason) AS reason, s.at AS since,
           CASE WHEN s.id IS NOT NULL THEN 'suppressed' ELSE p.state END AS state
      FROM contact_points p
      LEFT JOIN suppressions s ON s.channel = p.channel AND s.address = p.address AND s.lifted_at IS NULL
     WHERE p.customer_id = :id ORDER BY p.channel
""")
_CONSENTS = text("""
    SELECT DISTINCT ON (topic, channel) topic, channel, granted, at
      FROM consents WHERE customer_id = :id ORDER BY topic, channel, at DESC, id DESC
""")
_OPEN_RUNS = text("SELECT count(*) FROM runs WHERE customer_id = :id AND state = 'open'")
