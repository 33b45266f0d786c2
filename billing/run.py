"""Find what is due and perform it: renewals, charges, retries, ends, bonuses, reminders, questions."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import text
from sqlalchemy.orm import Session

from billing.emit import hand_over, triggers
from billing.facts import Fact, PaymentSettled
from billing.gateways.contract import Gateway
from billing.gateways.sandbox import Sandbox
from billing.loyalty.grant import grant
from billing.notices.announce import announce, ask
from billing.payments.charge import charge
from billing.subscriptions.end import end, give_up
from billing.subscriptions.renew import renew
from notifier.errors import NotifierError

_NEXT = text("""
    SELECT (SELECT min(end_at) FROM billing_subscriptions WHERE end_at IS NOT NULL) AS end_at,
           (SELECT min(renew_at) FROM billing_subscriptions WHERE renew_at IS NOT NULL) AS renew_at,
           (SELECT min(charge_at) FROM billing_invoices WHERE charge_at IS NOT NULL) AS charge_at,
           (SELECT min(give_up_at) FROM billing_invoices WHERE give_up_at IS NOT NULL) AS give_up_at,
           (SELECT min(bonus_at) FROM billing_subscriptions WHERE bonus_at IS NOT NULL) AS bonus_at,
           (SELECT min(remind_at) FROM billing_subscriptions WHERE remind_at IS NOT NULL) AS remind_at,
           (SELECT min(ask_at) FROM billing_subscriptions WHERE ask_at IS NOT NULL) AS ask_at
""")

#: Held to the end of the transaction: two processes that perform take turns, and the second finds nothing left to do.
_LOCK = text("SELECT pg_advisory_xact_lock(hashtext('billing.run'))")


class Stuck(NotifierError):
    """Something is still due after it was performed: rows contradict each other, and this would go on for ever."""


class Performed(msgspec.Struct, frozen=True, kw_only=True):
    """How much was done; adds up."""

    instants: int = 0
    renewals: int = 0
    payments: int = 0
    declines: int = 0
    cancellations: int = 0
    bonuses: int = 0
    announcements: int = 0
    questions: int = 0

    def __add__(self, other: "Performed") -> "Performed":
        return Performed(**{name: getattr(self, name) + getattr(other, name) for name in self.__struct_fields__})

    @property
    def is_nothing(self) -> bool:
        return self.instants == 0


def next_due(db: Session) -> datetime | None:
    """Return the earliest business instant at which something is due; it may be past."""
    return min((at for at in _due(db).values() if at is not None), default=None)


def perform_due(db: Session, *, now: datetime, gateway: Gateway | None = None) -> Performed:
    """
    Perform everything due by `now`, instant by instant in order, and hand the triggers to the notifier.

    All of it in the session's transaction. Idempotent: what is done is no longer due, and ids derive from the facts.
    Whatever is late happens at the instant it was due, not at `now`: a backlog becomes the history it should have been.

    Raises:
        Stuck: naming what stays due.
    """
    db.execute(_LOCK)
    gateway = gateway or Sandbox()
    done, events = Performed(), []
    before: datetime | None = None
    while True:
        due = {kind: at for kind, at in _due(db).items() if at is not None and at <= now}
        if not due:
            break
        at = min(due.values())
        if before is not None and at <= before:
            raise Stuck(f"Still due at {at.isoformat()} after it was performed: {', '.join(sorted(due))}.")
        before = at
        counted, facts = _perform_at(db, gateway, {kind for kind, when in due.items() if when == at}, at)
        done += counted
        events += triggers(db, facts)  # now: a later instant may change what they tell of
        if at == now:
            break
    hand_over(db, events, now=now)
    return done


def _due(db: Session) -> dict[str, datetime | None]:
    return dict(db.execute(_NEXT).mappings().one())


def _perform_at(db: Session, gateway: Gateway, kinds: set[str], at: datetime) -> tuple[Performed, list[Fact]]:
    """Do one instant's work; what a renewal makes due (its charge) is done with it, and ends come before reminders."""
    ended = end(db, at=at) if "end_at" in kinds else 0
    renewals = renew(db, at=at) if "renew_at" in kinds else 0
    settled = charge(db, gateway, at=at) if renewals or "charge_at" in kinds else []
    given_up = give_up(db, at=at) if "give_up_at" in kinds else []
    # Bonuses come after renewals: what was announced some days ago is what is charged.
    granted = grant(db, at=at) if "bonus_at" in kinds else []
    announced = announce(db, at=at) if "remind_at" in kinds else []
    asked = ask(db, at=at) if "ask_at" in kinds else []
    counted = Performed(
        instants=1,
        renewals=renewals,
        payments=_count(settled, failed=False),
        declines=_count(settled, failed=True),
        cancellations=ended + len(given_up),
        bonuses=len(granted),
        announcements=len(announced),
        questions=len(asked),
    )
    return counted, [*settled, *given_up, *granted, *announced, *asked]


def _count(settled: Sequence[PaymentSettled], *, failed: bool) -> int:
    return sum((one.outcome == "failed") is failed for one in settled)
