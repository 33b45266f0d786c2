"""
A payment platform that is not one: the token says how a charge ends.

`sbx_visa_4242` is approved. `sbx_visa_0002_card-declined` is always declined for that reason;
`sbx_visa_9995_insufficient-funds_2` is declined twice for each invoice and then approved. Nothing is remembered, so a
repeated key is answered alike.
"""

from collections.abc import Sequence
from typing import get_args

from billing.gateways.contract import Approved, Card, Charge, Declined, DeclineReason

_REASONS: dict[str, DeclineReason] = {reason: reason for reason in get_args(DeclineReason)}


class Sandbox:
    """Answers at once, by the token alone."""

    def charge(self, charges: Sequence[Charge]) -> list[Approved | Declined]:
        return [answer(charge) for charge in charges]

    def cards(self) -> Sequence[Card]:
        return TEST_CARDS


def answer(charge: Charge) -> Approved | Declined:
    """Approve or decline as the token says; a token that is none of ours is declined."""
    parts = charge.token.split("_")
    if parts[0] != "sbx" or len(parts) < 3:
        return Declined(reason="card-declined")
    reason = _REASONS.get(parts[3]) if len(parts) > 3 else None
    times = int(parts[4]) if len(parts) > 4 and parts[4].isdigit() else None
    if reason is None or (times is not None and charge.attempt > times):
        return Approved(reference=f"sbx-{charge.key}")
    return Declined(reason=reason)


def token(brand: str, last4: str, reason: str = "", times: int | None = None) -> str:
    """Make the token of a card that behaves as told."""
    parts = ["sbx", brand.lower().replace(" ", "-"), last4]
    if reason:
        parts.append(reason)
    if times is not None:
        parts.append(str(times))
    return "_".join(parts)


def card(brand: str, last4: str, reason: str = "", times: int | None = None) -> Card:
    """Make a card that behaves as told."""
    return Card(token=token(brand, last4, reason, times), brand=brand, last4=last4, declines=_REASONS.get(reason))


#: What a customer of the demo can pick on the pay page.
TEST_CARDS = (
    card("Visa", "4242"),
    card("Mastercard", "4444"),
    card("Elo", "9995", "insufficient-funds"),
    card("Visa", "0069", "expired-card"),
)
