"""Load what planning must know of customers, in sets: their addresses, consent and suppressions."""

from collections.abc import Collection, Mapping
from typing import Any

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.consent import state, suppress
from notifier.planning.hours import candidates

_CUSTOMERS = text("SELECT id, locale, timezone, country FROM customers WHERE id = ANY(:ids)")
_POINTS = text("SELECT customer_id, channel, address, state FROM contact_points WHERE customer_id = ANY(:ids)")


class Point(Struct, frozen=True):
    """An address, and what stands against it."""

    address: str
    is_invalid: bool
    suppressed: str


class Known(Struct, frozen=True, kw_only=True):
    """What is known of one customer."""

    locale: str = ""
    timezone: str = ""
    country: str = ""
    points: Mapping[str, Point]
    allowed: Mapping[tuple[str, str], bool]

    def point(self, channel: str) -> Point:
        """Return the customer's address on a channel; an empty one if there is none."""
        return self.points.get(channel, _NOWHERE)

    def zones(self) -> tuple[str, ...]:
        """Return the zones the customer may be in."""
        return candidates(self.timezone, self.country, self.point("sms").address)


_NOWHERE = Point("", False, "")


def load(db: Session, customer_ids: Collection[str]) -> dict[str, Known]:
    """Return what is known of each of the customers; an unknown one has no addresses."""
    ids = sorted(set(customer_ids))
    if not ids:
        return {}
    people = {row.id: row for row in db.execute(_CUSTOMERS, {"ids": ids})}
    rows = db.execute(_POINTS, {"ids": ids}).all()
    suppressed = suppress.suppressed(db, [(row.channel, row.address) for row in rows])
    allowed = state.allowed(db, ids)
    points: dict[str, dict[str, Point]] = {}
    for row in rows:
        point = Point(row.address, row.state == "invalid", suppressed.get((row.channel, row.address), ""))
        points.setdefault(row.customer_id, {})[row.channel] = point
    return {key: _known(people.get(key), points.get(key, {}), allowed[key]) for key in ids}


def _known(person: Any, points: Mapping[str, Point], allowed: Mapping[tuple[str, str], bool]) -> Known:
    if person is None:
        return Known(points=points, allowed=allowed)
    return Known(locale=person.locale, timezone=person.timezone, country=person.country, points=points, allowed=allowed)
