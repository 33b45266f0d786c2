"""Every table of billing."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import DateTime

from notifier.db import Base


class Plan(Base):
    """What can be subscribed to, in one currency and interval; a price that changes is a new plan."""

    __tablename__ = "billing_plans"
    __table_args__ = (
        CheckConstraint("interval IN ('month', 'year')", name="interval"),
        CheckConstraint("amount > 0", name="amount"),
    )

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    amount: Mapped[int] = mapped_column(BigInteger)
    """Of one period, in the currency's minor unit."""
    currency: Mapped[str] = mapped_column(Text)
    interval: Mapped[str] = mapped_column(Text)


class Account(Base):
    """A customer as billing knows them; the notifier keeps its own copy, brought up to date by triggers."""

    __tablename__ = "billing_accounts"

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    locale: Mapped[str] = mapped_column(Text)
    timezone: Mapped[str] = mapped_column(Text)
    country: Mapped[str] = mapped_column(Text)
    email: Mapped[str | None] = mapped_column(Text)
    phone: Mapped[str | None] = mapped_column(Text)
    """E.164."""
    opened_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class PaymentMethod(Base):
    """A card as its gateway's token; the one without `replaced_at` is on file, older ones stay for the record."""

    __tablename__ = "billing_payment_methods"
    __table_args__ = (
        Index("uq_billing_payment_methods_on_file", "account_id", unique=True, postgresql_where="replaced_at IS NULL"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("billing_accounts.id"))
    token: Mapped[str] = mapped_column(Text)
    brand: Mapped[str] = mapped_column(Text)
    last4: Mapped[str] = mapped_column(Text)
    added_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    replaced_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Subscription(Base):
    """
    One customer on one plan. Its `*_at` columns say what is due when, business time; NULL: nothing.

    Period n (from 0) begins at `calendar.anniversary(started_on, interval, n)`, so the anchor is never lost.
    """

    __tablename__ = "billing_subscriptions"
    __table_args__ = (
        CheckConstraint("status IN ('active', 'past-due', 'canceled')", name="status"),
        CheckConstraint("cancel_reason IN ('', 'customer', 'unpaid', 'business')", name="cancel_reason"),
        Index("ix_billing_subscriptions_account_id", "account_id"),
        Index("ix_billing_subscriptions_renew_at", "renew_at", postgresql_where="renew_at IS NOT NULL"),
        Index("ix_billing_subscriptions_remind_at", "remind_at", postgresql_where="remind_at IS NOT NULL"),
        Index("ix_billing_subscriptions_ask_at", "ask_at", postgresql_where="ask_at IS NOT NULL"),
        Index("ix_billing_subscriptions_bonus_at", "bonus_at", postgresql_where="bonus_at IS NOT NULL"),
        Index("ix_billing_subscriptions_end_at", "end_at", postgresql_where="end_at IS NOT NULL"),
    )

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("billing_accounts.id"))
    plan_id: Mapped[str] = mapped_column(ForeignKey("billing_plans.id"))
    status: Mapped[str] = mapped_column(Text, default="active", server_default="active")
    started_on: Mapped[date]
    """The anchor, in the customer's calendar."""
    periods: Mapped[int] = mapped_column(default=0, server_default="0")
    """How many periods have been invoiced; also the number of the next one."""
    renew_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """When the next period is invoiced and charged."""
    remind_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """When the coming charge is announced."""
    ask_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """When the customer is asked how things are."""
    ask_about: Mapped[str] = mapped_column(Text, default="", server_default="")
    """Why they are asked: `start`, or the id of the invoice that was recovered."""
    bonus_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """When the next loyalty bonus falls due."""
    bonus_months: Mapped[int] = mapped_column(default=0, server_default="0")
    """For how many months of loyalty that bonus is."""
    end_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """When a cancellation asked for takes effect."""
    ends_on: Mapped[date | None]
    """Last day of access, once a cancellation is asked for."""
    cancel_reason: Mapped[str] = mapped_column(Text, default="", server_default="")
    canceled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """When the cancellation was asked for, or made for want of payment."""


class Invoice(Base):
    """What is owed for one period of one subscription."""

    __tablename__ = "billing_invoices"
    __table_args__ = (
        UniqueConstraint("subscription_id", "period_start"),
        UniqueConstraint("number"),
        CheckConstraint("status IN ('open', 'paid', 'void', 'uncollectible')", name="status"),
        Index("ix_billing_invoices_charge_at", "charge_at", postgresql_where="charge_at IS NOT NULL"),
        Index("ix_billing_invoices_give_up_at", "give_up_at", postgresql_where="give_up_at IS NOT NULL"),
    )

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    """Derived from the subscription and the period, so that a period cannot be invoiced twice."""
    number: Mapped[str] = mapped_column(Text)
    """Without gaps within a year of issue."""
    subscription_id: Mapped[str] = mapped_column(ForeignKey("billing_subscriptions.id"))
    status: Mapped[str] = mapped_column(Text, default="open", server_default="open")
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(Text)
    due_on: Mapped[date]
    period_start: Mapped[date]
    period_end: Mapped[date]
    """First day that is not part of the period."""
    issued_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    charge_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """When the next attempt is made; NULL: none is planned."""
    failed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """When it was first declined: the dunning schedule counts from here."""
    give_up_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """When the subscription is canceled if nothing has been paid."""
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """When it was paid, voided or given up."""


class InvoiceLine(Base):
    """One line of an invoice."""

    __tablename__ = "billing_invoice_lines"
    __table_args__ = (CheckConstraint("kind IN ('plan', 'bonus')", name="kind"),)

    invoice_id: Mapped[str] = mapped_column(ForeignKey("billing_invoices.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    """In the customer's language."""
    quantity: Mapped[int] = mapped_column(default=1)
    amount: Mapped[int] = mapped_column(BigInteger)
    """Of the whole line; negative for a credit."""


class InvoiceNumber(Base):
    """The last number given in a year; its row lock makes the sequence gapless."""

    __tablename__ = "billing_invoice_numbers"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int]


class Payment(Base):
    """One attempt to charge an invoice, with the gateway's answer."""

    __tablename__ = "billing_payments"
    __table_args__ = (
        UniqueConstraint("invoice_id", "number"),
        Index("uq_billing_payments_approved", "invoice_id", unique=True, postgresql_where="status = 'approved'"),
        CheckConstraint("status IN ('approved', 'declined')", name="status"),
        CheckConstraint("via IN ('schedule', 'customer')", name="via"),
    )

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    """Also the idempotency key the gateway was given."""
    invoice_id: Mapped[str] = mapped_column(ForeignKey("billing_invoices.id"))
    number: Mapped[int]
    via: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    """Why it was declined, in the triggers' words (`insufficient-funds`)."""
    reference: Mapped[str] = mapped_column(Text, default="", server_default="")
    """The gateway's own id of the charge."""
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(Text)
    brand: Mapped[str] = mapped_column(Text)
    last4: Mapped[str] = mapped_column(Text)
    """Of the card that was tried."""
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Bonus(Base):
    """A thank-you for staying: a credit taken off the next invoice."""

    __tablename__ = "billing_bonuses"
    __table_args__ = (UniqueConstraint("subscription_id", "months"),)

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    subscription_id: Mapped[str] = mapped_column(ForeignKey("billing_subscriptions.id"))
    months: Mapped[int]
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(Text)
    granted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    expires_on: Mapped[date]
    invoice_id: Mapped[str | None] = mapped_column(ForeignKey("billing_invoices.id"))
    """The invoice it was taken off."""
