"""The things triggers speak of: what every message may say about them."""

from datetime import date
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

Text = Annotated[str, Meta(min_length=1, max_length=300)]
Identifier = Annotated[str, Meta(min_length=1, max_length=200)]
Minor = Annotated[
    int,
    Meta(ge=-(10**13), le=10**13, description="Amount in the currency's minor unit: 1990 is R$ 19.90, or ¥1990."),
]
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$", description="ISO 4217.")]
Country = Annotated[str, Meta(pattern="^[A-Z]{2}$", description="ISO 3166-1 alpha-2.")]


class Customer(Struct, frozen=True, kw_only=True):
    """The customer as billing knew them at the time; an absent field says nothing, null says there is none."""

    id: Identifier | UnsetType = UNSET
    """When given, the same as the trigger's `subject`."""
    name: Annotated[str, Meta(max_length=200)] | UnsetType | None = UNSET
    locale: Annotated[str, Meta(max_length=35, description="`pt_BR` or `pt-BR`.")] | UnsetType | None = UNSET
    timezone: Annotated[str, Meta(max_length=64, description="IANA name.")] | UnsetType | None = UNSET
    country: Country | UnsetType | None = UNSET
    email: Annotated[str, Meta(max_length=254)] | UnsetType | None = UNSET
    phone: Annotated[str, Meta(max_length=32, description="E.164, or national with `country`.")] | UnsetType | None = (
        UNSET
    )


class Line(Struct, frozen=True, kw_only=True):
    """One line of an invoice."""

    description: Text
    quantity: Annotated[int, Meta(ge=1)] = 1
    amount: Minor
    """Of the whole line."""


class Invoice(Struct, frozen=True, kw_only=True):
    """What is charged, when and for which period."""

    id: Identifier
    number: Identifier
    amount: Minor
    currency: Currency
    due_on: date
    """In the customer's calendar."""
    period_start: date
    period_end: date
    """First day that is not part of the period."""
    lines: Annotated[list[Line], Meta(min_length=1, max_length=100)]


class Subscription(Struct, frozen=True, kw_only=True):
    """What the customer subscribes to."""

    id: Identifier
    plan: Text
    amount: Minor
    currency: Currency
    interval: Literal["month", "year"]
    started_on: date
    ends_on: date | None = None
    """Last day of access, once canceled."""


class PaymentMethod(Struct, frozen=True, kw_only=True):
    """How it is paid."""

    brand: Text
    last4: Annotated[str, Meta(pattern="^[0-9]{4}$")]


DeclineReason = Literal["insufficient-funds", "expired-card", "card-declined", "lost-card", "try-again-later"]


class Payment(Struct, frozen=True, kw_only=True):
    """One attempt to charge."""

    id: Identifier
    attempt: Annotated[int, Meta(ge=1)]
    reason: DeclineReason | None = None
    next_attempt_on: date | None = None
    """When it will be tried again, in the customer's calendar; null: it will not."""
    access_ends_on: date | None = None
    """When the service stops if nothing is paid."""


class Bonus(Struct, frozen=True, kw_only=True):
    """A thank-you: credit for staying."""

    id: Identifier
    amount: Minor
    currency: Currency
    months: Annotated[int, Meta(ge=1, description="How long the customer has been with us.")]
    expires_on: date | None = None


class Survey(Struct, frozen=True, kw_only=True):
    """A question to ask."""

    id: Identifier
    question: Literal["nps", "csat", "ces", "cancel-reason"] = "nps"
