"""Decent hours, pure: the earliest moment at which a message may reach a person, wherever they may be."""

from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

import holidays
import phonenumbers.timezone
from babel.core import get_global
from msgspec import Struct

from notifier.consent.state import CONTRACTUAL
from notifier.planning.windows import RULES, HoursRule

#: A call that begins inside a window must also arrive inside it.
MARGIN = timedelta(minutes=2)
_HORIZON_DAYS = 14


class Decent(Struct, frozen=True):
    """The earliest decent moment, and the rule that asked to wait for it (none: there was nothing to wait for)."""

    at: datetime
    rule: HoursRule | None = None


def decent(at: datetime, *, topic: str, channel: str, zones: Collection[str], country: str) -> Decent | None:
    """
    Return the earliest moment from `at` on that is decent in *every* one of the zones; None if there is none soon.

    Email may arrive at any hour. `zones` are where the person may be: one when it is known, else all of the country's.
    """
    if channel == "email":
        return Decent(at)
    kind = "contractual" if topic in CONTRACTUAL else "commercial"
    return _decent(at, kind, tuple(zones), country)


@lru_cache(maxsize=1000)  # a set is planned at one instant, for people of few zones
def _decent(at: datetime, kind: str, zones: tuple[str, ...], country: str) -> Decent | None:
    moment, asked = at, None
    for _ in range(_HORIZON_DAYS * max(1, len(zones))):
        waits = [(_earliest(moment, _rule(kind, country, zone), zone, country), zone) for zone in zones]
        latest, zone = max(waits)
        if latest == moment:
            return Decent(moment, asked)
        moment, asked = latest, _rule(kind, country, zone)
    return None


def candidates(timezone: str, country: str, phone: str = "") -> tuple[str, ...]:
    """Return the zones a person may be in: the one on record, else all of the country's, else all of the number's."""
    if timezone:
        return (timezone,)
    return _of_country(country) or _of_number(phone)


@lru_cache(maxsize=1000)
def _of_country(country: str) -> tuple[str, ...]:
    return tuple(sorted(zone for zone in _zones_of_country().get(country, ()) if _exists(zone)))


@lru_cache(maxsize=1000)
def _of_number(phone: str) -> tuple[str, ...]:
    found = phonenumbers.timezone.time_zones_for_number(phonenumbers.parse(phone)) if phone else ()
    return tuple(sorted(zone for zone in found if _exists(zone))) or ("UTC",)


def _earliest(at: datetime, rule: HoursRule, zone: str, country: str) -> datetime:
    there = at.astimezone(ZoneInfo(zone)).date()
    for day in (there + timedelta(days=ahead) for ahead in range(_HORIZON_DAYS)):
        for start, end in _windows(rule, day, zone, country):
            if at < end:
                return max(at, start)
    return at + timedelta(days=_HORIZON_DAYS)


def _windows(rule: HoursRule, day: date, zone: str, country: str) -> Iterator[tuple[datetime, datetime]]:
    if rule.holidays and day in _holidays(country):
        return
    for window in rule.windows:
        if day.weekday() in window.days:
            yield _instant(day, window.start, zone), _instant(day, window.end, zone) - MARGIN


def _instant(day: date, wall: time, zone: str) -> datetime:
    return datetime.combine(day, wall, ZoneInfo(zone)).astimezone(UTC)


@cache
def _rule(kind: str, country: str, zone: str) -> HoursRule:
    return next(
        rule
        for rule in RULES
        if rule.kind == kind and rule.country in {"", country} and (not rule.zones or zone in rule.zones)
    )


@cache
def _holidays(country: str) -> Collection[date]:
    try:
        return holidays.country_holidays(country)  # type: ignore[no-any-return]  # the library is untyped
    except NotImplementedError:
        return ()


@cache
def _zones_of_country() -> dict[str, tuple[str, ...]]:
    zones: dict[str, tuple[str, ...]] = {}
    for zone, country in get_global("zone_territories").items():
        zones[country] = (*zones.get(country, ()), zone)
    return zones


@cache
def _exists(zone: str) -> bool:
    try:
        return bool(ZoneInfo(zone))
    except (KeyError, ValueError, OSError):
        return False
