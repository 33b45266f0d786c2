"""What a bench is fed with: customers in three countries and locales, and the triggers of their subscriptions."""

import random
from collections.abc import Iterator, Sequence
from datetime import date, datetime

import msgspec

from notifier.catalog import samples

BULK = ("loyalty.bonus_granted",)
"""What is sent when nothing else is due."""
TYPES = ("payment.failed", "invoice.upcoming", "subscription.canceled")
PEOPLE = (
    ("pt_BR", "America/Sao_Paulo", "BR", "+55119{:08d}", 80_000_000),
    ("en", "America/New_York", "US", "+1212{:07d}", 5_550_000),
    ("es", "Europe/Madrid", "ES", "+346{:08d}", 10_000_000),
)
NAMES = ("Ana Souza", "João Gonçalves", "Mary O'Neil", "Íñigo López", "Chloe Smith", "Luís Araújo")
LARGEST = 1000
"""Triggers in one batch."""


def triggers(
    many: int, *, at: datetime, first: int = 0, kinds: Sequence[str] = TYPES, name: str = "evt"
) -> Iterator[bytes]:
    """
    Make `many` triggers, each of another customer, as CloudEvents.

    By the shipped journeys each asks for an email and, to those who are on WhatsApp (`OFF_WHATSAPP`), a WhatsApp, to
    the others an SMS.
    """
    plain = {kind: samples.data(kind, date(2026, 11, 18)) for kind in kinds}
    for number in range(first, first + many):
        chosen = random.Random(number)  # noqa: S311 - the same triggers every time
        locale, zone, country, phone, base = PEOPLE[number % len(PEOPLE)]
        kind = chosen.choice(kinds)
        data = {**plain[kind]}
        for thing in ("invoice", "subscription", "payment"):
            if thing in data:
                data[thing] = {**data[thing], "id": f"{thing}_{name}_{number}"}
        if "invoice" in data and "amount" in data["invoice"]:
            data["invoice"]["amount"] = chosen.randrange(990, 99_900)
        data["customer"] = {
            "id": f"cus_{number}",
            "name": f"{chosen.choice(NAMES)} {number}",
            "locale": locale,
            "timezone": zone,
            "country": country,
            "email": f"customer.{number}@example.com",
            "phone": phone.format(base + number % 4_000_000),
        }
        event = {"specversion": "1.0", "id": f"{name}_{number}", "source": "/bench", "type": kind}
        yield msgspec.json.encode({**event, "time": at, "subject": f"cus_{number}", "data": data})


def batches(raws: Sequence[bytes], size: int = LARGEST) -> Iterator[list[bytes]]:
    """Cut into batches."""
    for start in range(0, len(raws), size):
        yield list(raws[start : start + size])


OFF_WHATSAPP = """
    UPDATE contact_points SET state = 'invalid', reason = 'bad-address'
    WHERE channel = 'whatsapp' AND hashtext(customer_id) % 2 = 0
"""
"""Half of the customers are not on WhatsApp, and known not to be: the SMS takes its place."""
