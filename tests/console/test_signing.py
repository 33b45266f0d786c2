"""Signing in and out, and everything that must not be possible without."""

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from sqlalchemy.orm import Session

from notifier.staff import add
from tests.console.visitor import Visitor

PASSWORD = "correct horse battery"


def test_whoever_is_not_signed_in_is_sent_to_the_door_and_comes_back(browser: TestClient[Litestar]) -> None:
    answer = Visitor(browser).get("/console/customers")

    assert answer.status_code == 303
    assert answer.headers["location"] == "/console/sign-in?next=%2Fconsole%2Fcustomers"


def test_a_right_password_opens_the_page_asked_for(db: Session, browser: TestClient[Litestar]) -> None:
    add.add(db, email="ada@aurora.example", name="Ada", role="marketer", password=PASSWORD)
    visitor = Visitor(browser)
    visitor.get("/console/sign-in")

    answer = visitor.post(
        "/console/sign-in", email=" Ada@Aurora.example ", password=PASSWORD, next="/console/customers"
    )

    assert (answer.status_code, answer.headers["location"]) == (303, "/console/customers")
    cookie = next(line for line in answer.headers.get_list("set-cookie") if "notifier_staff" in line)
    assert "httponly" in cookie.lower()
    assert "samesite=lax" in cookie.lower()
    assert visitor.get("/console/customers").status_code == 200


@pytest.mark.parametrize("next_page", ["https://evil.example", "//evil.example", "/console\\evil", "/console/sign-out"])
def test_the_door_leads_nowhere_else(db: Session, browser: TestClient[Litestar], next_page: str) -> None:
    add.add(db, email="ada@aurora.example", name="Ada", role="marketer", password=PASSWORD)
    visitor = Visitor(browser)
    visitor.get("/console/sign-in")

    answer = visitor.post("/console/sign-in", email="ada@aurora.example", password=PASSWORD, next=next_page)

    assert answer.headers["location"] == "/console"


def test_a_wrong_password_and_an_unknown_address_read_the_same(db: Session, browser: TestClient[Litestar]) -> None:
    add.add(db, email="ada@aurora.example", name="Ada", role="marketer", password=PASSWORD)
    visitor = Visitor(browser)
    visitor.get("/console/sign-in")

    wrong = visitor.post("/console/sign-in", email="ada@aurora.example", password="nope")
    unknown = visitor.post("/console/sign-in", email="eve@aurora.example", password="nope")

    assert (wrong.status_code, unknown.status_code) == (422, 422)
    assert wrong.text.replace("ada@", "eve@") == unknown.text


def test_guessing_is_slowed_down(db: Session, browser: TestClient[Litestar]) -> None:
    add.add(db, email="ada@aurora.example", name="Ada", role="marketer", password=PASSWORD)
    visitor = Visitor(browser)
    visitor.get("/console/sign-in")
    for _ in range(5):
        visitor.post("/console/sign-in", email="ada@aurora.example", password="nope")

    answer = visitor.post("/console/sign-in", email="ada@aurora.example", password=PASSWORD)

    assert answer.status_code == 429


def test_signing_out_ends_the_session_everywhere(ada: Visitor) -> None:
    token = ada.client.cookies.get("notifier_staff", "")

    ada.post("/console/sign-out")

    ada.client.cookies.set("notifier_staff", token)
    assert ada.get("/console").status_code == 303


def test_the_door_speaks_the_language_chosen(browser: TestClient[Litestar]) -> None:
    visitor = Visitor(browser)

    visitor.get("/console/sign-in?lang=pt_BR")

    assert 'lang="pt-BR"' in visitor.get("/console/sign-in").text
