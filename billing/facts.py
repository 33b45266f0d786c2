"""What billing did, as values: the rooms return them, `emit` makes triggers of them."""

from datetime import date, datetime
from typing import Literal

import msgspec

CancelReason = Literal["customer", "unpaid", "business"]
Outcome = Literal["succeeded", "recovered", "failed"]


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened to a subscription at an instant of business time."""

    subscription_id: str
    at: datetime


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A line of an invoice; a credit has a negative amount."""

    kind: Literal["plan", "bonus"]
    description: str
    amount: int


class ChargeAnnounced(Fact, frozen=True, kw_only=True):
    """A charge is coming; the invoice will be issued under this id."""

    invoice_id: str
    currency: str
    period_start: date
    period_end: date
    lines: list[Line]


class PaymentSettled(Fact, frozen=True, kw_only=True):
    """The gateway has answered an attempt."""

    payment_id: str
    outcome: Outcome
    next_attempt_on: date | None = None
    access_ends_on: date | None = None


class Canceled(Fact, frozen=True, kw_only=True):
    """A subscription was canceled, or will end at the end of what is paid."""

    reason: CancelReason


class FeedbackDue(Fact, frozen=True, kw_only=True):
    """It is a good moment to ask the customer."""

    survey_id: str
    question: Literal["nps", "csat"]


class BonusGranted(Fact, frozen=True, kw_only=True):
    """The customer was thanked for staying."""

    bonus_id: str
