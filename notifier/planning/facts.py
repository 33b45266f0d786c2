"""Load what planning must know of customers, in sets: their addresses, consent and suppressions."""

from collections.abc import Collection, Mapping

from msgspec import Struct
from sqlalchemy.orm import Session

from notifier.consent import state
from notifier.db import by_key, rows
from notifier.planning.hours import candidates

_PEOPLE = """
    SELECT c.id, c.name, c.locale, c.timezone, c.country, p.channel, p.address, p.state = 'invalid' AS is_invalid,
           coalesce(s.reason, '') AS suppressed
    FROM unnest(%(ids)s::text[]) AS asked(id)
    JOIN customers c ON c.id = asked.id
    LEFT JOIN contact_points p ON p.customer_id = c.id
    LEFT JOIN suppressions s ON s.channel = p.channel AND s.address = p.address AND s.lifted_at IS NULL
"""


class Point(Struct, frozen=True):
    """An address, and what stands against it."""

    address: str
    is_invalid: bool
    suppressed: str


class Known(Struct, frozen=True):
    """What is known of one customer."""

    points: Mapping[str, Point]
    allowed: Mapping[tuple[str, str], bool]
    name: str = ""
    locale: str = ""
    timezone: str = ""
    country: str = ""

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
    with by_key(db):
        allowed, people = state.allowed(db, ids), rows(db, _PEOPLE, {"ids": ids})
    known: dict[str, Known] = {}
    points: dict[str, dict[str, Point]] = {ident: {} for ident in ids}
    for ident, name, locale, timezone, country, channel, address, is_invalid, suppressed in people:
        if channel:
            points[ident][channel] = Point(address, is_invalid, suppressed)
        if ident not in known:
            known[ident] = Known(points[ident], allowed[ident], name, locale, timezone, country)
    return known | {ident: Known({}, allowed[ident]) for ident in ids if ident not in known}
