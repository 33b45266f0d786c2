"""The demo's first month: who works there, who its customers are, and what has happened to them so far."""

import secrets
import time
from datetime import UTC, datetime, timedelta

import msgspec
from sqlalchemy import text
from sqlalchemy.orm import Session

from billing import seed
from notifier import approvals, clock, publish, timekeeper
from notifier.demo import answers
from notifier.demo import card as cards
from notifier.demo.card import Access
from notifier.demo.knock import is_up
from notifier.errors import Unavailable
from notifier.house import House
from notifier.planning import hours
from notifier.settings import Settings
from notifier.staff import add, keys

CAST = (
    ("Ada Marques", "ada@aurora.example", "marketer", "pt_BR"),
    ("Ben Taylor", "ben@aurora.example", "support", "en"),
    ("Eva Ortega", "eva@aurora.example", "admin", "es"),
)
#: Where the demo's customers must be reachable at once when it begins; 14:00 UTC is too early for California.
PLACES = (("America/Sao_Paulo", "BR"), ("America/New_York", "US"), ("Europe/London", "GB"), ("Europe/Madrid", "ES"))
MONTH = timedelta(days=31)
PAUSE = timedelta(days=5)
DAY = timedelta(days=1)
SATURDAY = 5
_IS_SEEDED = text("SELECT EXISTS (SELECT FROM billing_accounts)")


def live(settings: Settings) -> None:
    """
    Make the business if there is none and play its first month, ending on a weekday at 14:00 UTC.

    Interrupted, it goes on where it was: every part of it is idempotent.
    """
    card = cards.read(settings.var)
    with House(settings) as house:
        publish.publish(house)
        with house.database.begin() as db:
            card.staff = [_employ(db, *person) for person in CAST]
            _, card.api_key = keys.add(db, "demo")
            end = _end(clock.machine_now(db))
            clock.begin_at(db, end - MONTH)
            if not db.execute(_IS_SEEDED).scalar_one():
                seed.seed(db, now=clock.business_now(db))
        cards.write(settings.var, card)
        _await(f"{settings.public_url}/readyz")
        _await(f"{settings.sandbox_url}/healthz")
        (settings.var / cards.WORDINGS).write_bytes(msgspec.json.encode(approvals.push(house)))
        _play(house, end)
    card.lived_until = end
    cards.write(settings.var, card)


def _play(house: House, end: datetime) -> None:
    """Live up to `end`, stopping now and then so that customers can answer what they got."""
    with house.database.begin() as db:
        now = clock.business_now(db)
    while now < end:
        after = min(now + PAUSE, end)
        timekeeper.advance(house, after)
        answers.answer(house, now)
        now = after
    timekeeper.let_happen(house)


def rise(house: House) -> None:
    """Begin a later day's demo at a decent hour too: play on to the next one, if it is none now."""
    with house.database.begin() as db:
        now = clock.business_now(db)
    if not _is_decent(now):
        at = _afternoon(now)
        while at < now or not _is_decent(at):
            at += DAY
        timekeeper.advance(house, at)


def _end(today: datetime) -> datetime:
    """Return the latest decent 14:00 UTC that is past."""
    at = _afternoon(today)
    while at > today or not _is_decent(at):
        at -= DAY
    return at


def _afternoon(day: datetime) -> datetime:
    return day.astimezone(UTC).replace(hour=14, minute=0, second=0, microsecond=0)


def _is_decent(at: datetime) -> bool:
    """Tell whether any message may go out at once in all of `PLACES`: on a weekday that is no holiday there."""
    asked = [hours.decent(at, topic="offers", channel="sms", zones=[zone], country=country) for zone, country in PLACES]
    return at.weekday() < SATURDAY and all(answer is not None and answer.at == at for answer in asked)


def _employ(db: Session, name: str, email: str, role: str, locale: str) -> Access:
    password = secrets.token_urlsafe(9)
    db.execute(text("DELETE FROM staff WHERE email = :email"), {"email": email})
    add.add(db, email=email, name=name, role=role, password=password, locale=locale)
    return Access(email=email, password=password, role=role)


def _await(url: str, *, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not is_up(url):
        if time.monotonic() > until:
            raise Unavailable(f"{url} does not answer.")
        time.sleep(0.05)
