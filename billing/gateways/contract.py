"""
What billing asks of a payment platform.

An adapter translates and decides nothing: it charges a token, answers approved or declined in our words, and answers
the same again for the same key, however often it is asked.
"""

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

DeclineReason = Literal["insufficient-funds", "expired-card", "card-declined", "lost-card", "try-again-later"]


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """A card as the platform's token, with what may be shown of it."""

    token: str
    brand: str
    last4: str
    declines: DeclineReason | None = None
    """Of a test card: why it will be declined, where that is known beforehand."""


class Charge(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt. `key` is the payment's id: a repeated call with it charges nothing twice."""

    key: str
    token: str
    attempt: int
    """From 1 for each invoice."""
    amount: int
    currency: str


class Approved(msgspec.Struct, frozen=True, kw_only=True):
    """The money is ours."""

    reference: str


class Declined(msgspec.Struct, frozen=True, kw_only=True):
    """The bank said no."""

    reason: DeclineReason


class Gateway(Protocol):
    """A payment platform."""

    def charge(self, charges: Sequence[Charge]) -> list[Approved | Declined]:
        """Charge each and answer in the same order."""
        ...

    def cards(self) -> Sequence[Card]:
        """Return the cards a customer may choose from on our page; empty where the platform shows its own form."""
        ...
