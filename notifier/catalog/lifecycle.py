"""The lifecycle of a subscription as triggers: the data each one carries."""

from typing import Literal

from msgspec import Struct

from notifier.catalog.shapes import Bonus, Customer, Invoice, Payment, PaymentMethod, Subscription, Survey


class TriggerData(Struct, frozen=True, kw_only=True):
    """What all triggers carry."""

    customer: Customer


class InvoiceUpcoming(TriggerData, frozen=True, kw_only=True):
    """A charge is coming: said some days before, so that nobody is surprised."""

    subscription: Subscription
    invoice: Invoice
    payment_method: PaymentMethod


class PaymentSucceeded(TriggerData, frozen=True, kw_only=True):
    """An invoice was paid at the first try."""

    subscription: Subscription
    invoice: Invoice
    payment: Payment
    payment_method: PaymentMethod


class PaymentFailed(PaymentSucceeded, frozen=True, kw_only=True):
    """A charge was declined."""


class PaymentRecovered(PaymentSucceeded, frozen=True, kw_only=True):
    """An invoice that had failed was paid after all."""


class SubscriptionCanceled(TriggerData, frozen=True, kw_only=True):
    """A subscription ends: by the customer's wish, or because nothing could be charged."""

    subscription: Subscription
    reason: Literal["customer", "unpaid", "business"]


class FeedbackRequested(TriggerData, frozen=True, kw_only=True):
    """It is a good moment to ask how things are."""

    subscription: Subscription
    survey: Survey


class LoyaltyBonusGranted(TriggerData, frozen=True, kw_only=True):
    """The customer was given a bonus for staying."""

    subscription: Subscription
    bonus: Bonus
