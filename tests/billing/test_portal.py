"""The customer's billing pages."""

import re
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.calendar import local_day, morning
from billing.models import Invoice, Payment, Subscription
from billing.portal.context import PayContext
from billing.portal.routes import router
from billing.run import perform_due
from notifier import clock
from notifier.db import Database
from notifier.settings import Settings
from tests.billing.cast import SAO_PAULO, emitted, make_subscription


@pytest.fixture
def locale() -> str:
    return "en"


@pytest.fixture
def client(database: Database, locale: str) -> Iterator[TestClient[Litestar]]:
    def resolve(_: Session, token: str) -> PayContext | None:
        if token != "good":
            return None
        return PayContext(customer_id="cus_cem", locale=locale, timezone=SAO_PAULO, country="BR")

    with TestClient(Litestar([router(database, resolve, Settings())])) as opened:
        yield opened


def begin(db: Session, *, declines: str = "", times: int | None = None) -> date:
    """Subscribe so that the first charge is made now; return today where the customer lives."""
    now = clock.business_now(db)
    today = local_day(now, SAO_PAULO)
    make_subscription(db, started_on=today, declines=declines, times=times)
    clock.move_to(db, morning(today, SAO_PAULO) + timedelta(minutes=1) if morning(today, SAO_PAULO) > now else now)
    perform_due(db, now=clock.business_now(db))
    db.commit()
    return today


def press(client: TestClient[Litestar], attempt: int, card: str = "on-file") -> str:
    shown = re.search(r'name="invoice" value="([^"]+)"', client.get("/m/good/pay").text)
    form = {"card": card, "attempt": str(attempt), "invoice": shown[1] if shown else ""}
    answer = client.post("/m/good/pay", data=form, follow_redirects=False)
    assert answer.status_code == 303
    return client.get(answer.headers["location"]).text


def test_the_page_shows_what_is_owed_and_why_the_card_was_declined(db: Session, client: TestClient[Litestar]) -> None:
    begin(db, declines="insufficient-funds")

    page = client.get("/m/good/pay")

    assert page.status_code == 200
    assert "R$39.90" in page.text.replace("\xa0", "")
    assert "Your bank declined the Visa card ending 4242: there was not enough balance" in page.text
    assert "/m/good/subscription" in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert page.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(("reason", "offered"), [("expired-card", "0"), ("insufficient-funds", "on-file")])
def test_a_card_that_cannot_work_again_is_not_the_one_offered(
    db: Session, client: TestClient[Litestar], reason: str, offered: str
) -> None:
    begin(db, declines=reason)

    page = client.get("/m/good/pay").text

    assert re.findall(r'name="card" value="([^"]+)" checked', page) == [offered]


def test_looking_does_not_pay(db: Session, client: TestClient[Litestar]) -> None:
    begin(db, declines="expired-card")

    client.get("/m/good/pay")
    client.head("/m/good/pay")

    assert len(db.scalars(select(Payment)).all()) == 1


def test_another_card_pays_and_becomes_the_card_on_file(db: Session, client: TestClient[Litestar]) -> None:
    begin(db, declines="expired-card")

    page = press(client, 2, card="1")

    assert "Paid. Thank you!" in page
    assert "Mastercard •••• 4444" in page
    assert [name.split(":")[0] for name, _ in emitted(db, "payment.%")] == ["payment.failed", "payment.recovered"]
    db.expire_all()
    assert db.scalars(select(Subscription.status)).one() == "active"


def test_pressed_twice_it_pays_once(db: Session, client: TestClient[Litestar]) -> None:
    begin(db, declines="expired-card")

    form = {"attempt": "2", "card": "0", "invoice": db.scalars(select(Invoice.id)).one()}
    pages = [client.post("/m/good/pay", data=form).text for _ in range(2)]

    assert all("Paid. Thank you!" in page for page in pages)
    assert len(db.scalars(select(Payment)).all()) == 2


def test_a_double_press_on_a_declining_card_tries_it_once(db: Session, client: TestClient[Litestar]) -> None:
    begin(db, declines="insufficient-funds")

    press(client, 2)
    page = press(client, 2)  # the page says 3 by now; the second press still carries 2

    assert "declined the Visa card ending 4242" in page
    assert len(db.scalars(select(Payment)).all()) == 2


@pytest.mark.parametrize("form", [{}, {"attempt": "x"}, {"attempt": "2", "card": "99"}, {"attempt": "²"}])
def test_a_form_that_is_none_of_ours_charges_nothing(
    db: Session, client: TestClient[Litestar], form: dict[str, str]
) -> None:
    begin(db, declines="expired-card")

    answer = client.post("/m/good/pay", data=form, follow_redirects=False)

    assert answer.status_code == 303
    assert len(db.scalars(select(Payment)).all()) == 1


def test_canceling_is_one_press_and_can_be_taken_back(db: Session, client: TestClient[Litestar]) -> None:
    begin(db)

    page = client.post("/m/good/subscription", data={"choice": "cancel"}).text
    assert "Canceled. You can use it until" in page
    assert len(emitted(db, "subscription.canceled")) == 1

    page = client.post("/m/good/subscription", data={"choice": "keep"}).text
    assert "Cancel my subscription" in page
    assert "Canceled" not in page


def test_canceling_with_an_open_invoice_owes_nothing(db: Session, client: TestClient[Litestar]) -> None:
    begin(db, declines="lost-card")

    client.post("/m/good/subscription")

    db.expire_all()
    assert db.scalars(select(Invoice.status)).one() == "void"
    assert "Nothing to pay" in client.get("/m/good/pay").text


def test_another_customers_invoice_is_neither_shown_nor_paid(db: Session, client: TestClient[Litestar]) -> None:
    begin(db)
    make_subscription(db, "eve", started_on=date(2026, 1, 31), declines="lost-card")
    perform_due(db, now=clock.business_now(db))
    ident = db.scalars(select(Invoice.id).where(Invoice.subscription_id == "sub_eve")).first()

    page = client.get(f"/m/good/pay?invoice={ident}").text
    client.post("/m/good/pay", data={"invoice": ident or "", "attempt": "2", "card": "0"})

    assert "Nothing to pay" in page
    assert not db.scalars(select(Payment).where(Payment.invoice_id == ident, Payment.status == "approved")).all()


def test_a_customer_billing_does_not_know_owes_nothing(client: TestClient[Litestar]) -> None:
    assert "Nothing to pay" in client.get("/m/good/pay").text
    assert "No subscription" in client.get("/m/good/subscription").text
    assert client.post("/m/good/subscription", follow_redirects=False).status_code == 303


@pytest.mark.parametrize("path", ["/m/forged/pay", "/m/forged/subscription"])
def test_a_forged_link_shows_and_does_nothing(client: TestClient[Litestar], path: str) -> None:
    for answer in (client.get(path), client.post(path)):
        assert answer.status_code == 404
        assert "This link does not work" in answer.text
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")


@pytest.mark.parametrize("locale", ["pt_BR", "en", "es"])
@pytest.mark.parametrize("reason", ["", "insufficient-funds", "expired-card", "lost-card", "try-again-later"])
def test_the_pages_show_in_every_language_for_every_decline(
    db: Session, client: TestClient[Litestar], locale: str, reason: str
) -> None:
    begin(db, declines=reason)

    for path in ("/m/good/pay", "/m/good/subscription"):
        page = client.get(path)
        assert page.status_code == 200
        assert f'lang="{locale.replace("_", "-")}"' in page.text
