"""The demo's first month: who works there, who its customers are, and what has happened to them so far."""

import secrets
import time
from datetime import UTC, datetime, timedelta
from urllib.error import URLError
from urllib.request import urlopen

import msgspec
from sqlalchemy import text
from sqlalchemy.orm import Session

from billing import seed
from notifier import approvals, clock, publish, timekeeper
from notifier.demo import answers
from notifier.demo import card as cards
from notifier.demo.card import Access
from notifier.errors import Unavailable
from notifier.house import House
from notifier.settings import Settings
from notifier.staff import add, keys

CAST = (
    ("Ada Marques", "ada@aurora.example", "marketer", "pt_BR"),
    ("Ben Taylor", "ben@aurora.example", "support", "en"),
    ("Eva Ortega", "eva@aurora.example", "admin", "es"),
)
MONTH = timedelta(days=31)
PAUSE = timedelta(days=5)
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


def _end(today: datetime) -> datetime:
    """Return the latest weekday 14:00 UTC that is past: decent hours from San Francisco to Berlin."""
    at = today.astimezone(UTC).replace(hour=14, minute=0, second=0, microsecond=0)
    while at > today or at.weekday() >= 5:
        at -= timedelta(days=1)
    return at


def _employ(db: Session, name: str, email: str, role: str, locale: str) -> Access:
    password = secrets.token_urlsafe(9)
    db.execute(text("DELETE FROM staff WHERE email = :email"), {"email": email})
    add.add(db, email=email, name=name, role=role, password=password, locale=locale)
    return Access(email=email, password=password, role=role)


def _await(url: str, *, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            with urlopen(url, timeout=2) as answer:  # noqa: S310 - our own loopback URL
                if answer.status == 200:
                    return
        except (URLError, OSError):
            time.sleep(0.05)
    raise Unavailable(f"{url} does not answer.")
