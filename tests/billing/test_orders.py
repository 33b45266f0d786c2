"""Whatever customers do between due instants, the promises about their triggers hold."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.emit import emit
from billing.gateways.sandbox import Sandbox, card
from billing.models import Invoice, Payment, Subscription
from billing.payments.pay import next_attempt, pay
from billing.run import perform_due
from billing.subscriptions.cancel import cancel, keep
from tests.billing.cast import emitted, make_subscription

START = datetime(2026, 1, 31, 20, tzinfo=UTC)
CARDS = st.sampled_from(["", "insufficient-funds", "expired-card", "card-declined", "try-again-later"])
STEPS = st.lists(
    st.tuples(st.sampled_from(["wait", "pay", "cancel", "leave", "keep"]), st.integers(0, 40), CARDS), max_size=8
)


def _pay(db: Session, at: datetime, declines: str) -> None:
    invoice = db.scalars(select(Invoice.id).order_by(Invoice.due_on.desc()).limit(1)).one()
    chosen = card("Visa", "1881", declines)
    emit(db, pay(db, Sandbox(), invoice, card=chosen, attempt=next_attempt(db, invoice), at=at), now=at)


def _cancel(db: Session, at: datetime, _: str) -> None:
    emit(db, cancel(db, "sub_cem", reason="customer", at_period_end=True, at=at), now=at)


def _leave(db: Session, at: datetime, _: str) -> None:
    emit(db, cancel(db, "sub_cem", reason="business", at_period_end=False, at=at), now=at)


def _keep(db: Session, at: datetime, _: str) -> None:
    keep(db, "sub_cem", at=at)


_ACTS: dict[str, Callable[[Session, datetime, str], None]] = {
    "wait": lambda *_: None, "pay": _pay, "cancel": _cancel, "leave": _leave, "keep": _keep,
}  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS, CARDS, st.sampled_from([None, 1, 2]))
def test_any_order_of_acts_keeps_the_promises(
    db: Session, steps: list[tuple[str, int, str]], declines: str, times: int | None
) -> None:
    with db.begin_nested() as savepoint:
        make_subscription(db, started_on=date(2026, 1, 31), declines=declines, times=times)
        now = START
        perform_due(db, now=now)
        for act, days, chosen in steps:
            now += timedelta(days=days)
            perform_due(db, now=now)
            _ACTS[act](db, now, chosen)
        perform_due(db, now=now + timedelta(days=60))

        _assert_promises(db)
        savepoint.rollback()
    db.expunge_all()


def _assert_promises(db: Session) -> None:
    events = emitted(db)
    attempts = [name.split(":", 1) for name, _ in events if name.startswith("payment.")]
    assert max(Counter(about for _, about in attempts).values(), default=0) <= 1
    settled = Counter(about.partition(":")[0] for kind, about in attempts if kind != "payment.failed")
    assert max(settled.values(), default=0) <= 1
    assert len(attempts) == len(db.scalars(select(Payment.id)).all())

    subscription = db.get_one(Subscription, "sub_cem", populate_existing=True)
    open_invoices = db.scalars(select(Invoice.id).where(Invoice.status == "open")).all()
    assert (subscription.status == "past-due") == bool(open_invoices)
    if subscription.status == "canceled":
        assert not open_invoices
        last = max(at for name, at in events if name.startswith("subscription.canceled"))
        later = [name for name, at in events if at > last]
        assert later == []


def test_a_declined_attempt_is_never_also_a_success(db: Session) -> None:
    make_subscription(db, declines="insufficient-funds", times=1)

    perform_due(db, now=START + timedelta(days=90))

    failed = {name.partition(":")[2] for name, _ in emitted(db, "payment.failed")}
    paid = {name.partition(":")[2] for name, _ in emitted(db, "payment.recovered")}
    assert failed
    assert paid
    assert not failed & paid


@pytest.mark.parametrize("at_period_end", [True, False])
def test_canceling_twice_says_so_once(db: Session, *, at_period_end: bool) -> None:
    make_subscription(db)
    perform_due(db, now=START)

    facts = [
        fact
        for _ in range(2)
        for fact in cancel(db, "sub_cem", reason="customer", at_period_end=at_period_end, at=START)
    ]

    assert len(facts) == 1
