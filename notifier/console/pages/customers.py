"""Customers: find one, read everything that was said."""

from collections.abc import Iterator
from datetime import date
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from litestar import Response
from litestar.params import FromPath, FromQuery
from msgspec import Struct

from notifier.console.parts import Asked
from notifier.console.render import get, page
from notifier.customers.models import Customer
from notifier.history import person, search
from notifier.history.timeline import Entry, Line, timeline


class CustomersPage(Struct, frozen=True, kw_only=True):
    """A search and what it found, or all customers in order."""

    query: str
    found: search.Page


class Day(Struct, frozen=True, kw_only=True):
    """One day of the timeline, in the zone shown."""

    on: date
    entries: list[Entry]


class CustomerPage(Struct, frozen=True, kw_only=True):
    """Somebody, how they can be reached, and their story."""

    customer: Customer
    points: list[person.Reach]
    consents: list[person.Permission]
    open_runs: int
    days: list[Day]
    older: str | None
    before: str
    zone: str
    own_zone: str


@get("/customers", name="console.customers")
def customers(desk: Asked, q: FromQuery[str] = "", after: FromQuery[str] = "") -> Response[str]:
    """List customers, or search them."""
    with desk.parts.database.begin() as db:
        found = search.search(db, q) if q.strip() else search.listed(db, after=after)
        name = "customers/_results.html" if desk.is_partial else "customers/index.html"
        return page(desk, db, name, CustomersPage(query=q, found=found))


@get("/customers/{customer_id:str}", name="console.customer")
def customer(
    desk: Asked, customer_id: FromPath[str], before: FromQuery[str] = "", zone: FromQuery[str] = ""
) -> Response[str]:
    """Show one customer; times are theirs unless another zone is chosen."""
    with desk.parts.database.begin() as db:
        found = person.find(db, customer_id)
        chosen = zone if zone in available_timezones() else found.customer.timezone or desk.zone
        line = timeline(db, customer_id, before=before)
        shown = CustomerPage(
            customer=found.customer,
            points=found.points,
            consents=found.consents,
            open_runs=found.open_runs,
            days=list(_days(line, chosen)),
            older=line.older,
            before=before,
            zone=chosen,
            own_zone=found.customer.timezone,
        )
        name = "customers/_timeline.html" if desk.is_partial else "customers/show.html"
        return page(desk, db, name, shown, zone=chosen)


def _days(line: Line, zone: str) -> Iterator[Day]:
    local = ZoneInfo(zone)
    for on, entries in groupby(line.entries, key=lambda entry: entry.at.astimezone(local).date()):
        yield Day(on=on, entries=list(entries))


HANDLERS: list[Any] = [customers, customer]
