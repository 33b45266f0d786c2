"""Customers and messages over HTTP, and what operators ask."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from sqlalchemy.orm import Session

from notifier import clock
from notifier.brakes.models import Brake
from notifier.consent.suppress import suppress
from notifier.messages.content import Kept, pack
from notifier.messages.models import Content, DueMessage, Event
from notifier.sending.models import SenderPause
from notifier.staff import keys
from tests.tracking.support import make_attempt, make_message

Client = TestClient[Litestar]

SHAPE = {
    "id", "customer_id", "trigger_id", "journey", "step", "channel", "to", "locale", "topic", "state", "engagement",
    "provider", "provider_id", "created_at", "sent_at", "content", "decisions", "attempts", "events",
}  # fmt: skip
DIA = {"name": "Dia", "locale": "pt-BR", "timezone": "America/Sao_Paulo", "country": "BR", "email": "Dia@Example.com"}


def put(client: Client, body: dict[str, Any]) -> Any:
    return client.put("/api/v1/customers/cus_1", json=body)


def test_a_customer_is_told_and_read_back(client: Client) -> None:
    told = put(client, DIA | {"phone": "(11) 96123-4567", "attributes": {"plan": "family"}})

    read = client.get("/api/v1/customers/cus_1").json()
    assert (told.status_code, told.json()) == (200, read)
    assert (read["locale"], read["email"], read["phone"]) == ("pt_BR", "dia@example.com", "+5511961234567")
    assert [point["channel"] for point in read["contact_points"]] == ["email", "sms", "whatsapp"]
    assert read["attributes"] == {"plan": "family"}


def test_what_is_not_said_stays_and_null_clears(client: Client) -> None:
    put(client, DIA)

    read = put(client, {"email": None, "name": "Dia Souza"}).json()

    assert (read["email"], read["name"], read["timezone"]) == (None, "Dia Souza", "America/Sao_Paulo")


def test_addresses_may_be_given_as_contact_points(client: Client) -> None:
    points = [{"channel": "email", "address": "a@b.example"}, {"channel": "whatsapp", "address": "+5511961234567"}]

    read = put(client, {"contact_points": points}).json()

    assert {point["channel"]: point["address"] for point in read["contact_points"]} == {
        "email": "a@b.example",
        "sms": "+5511961234567",
        "whatsapp": "+5511961234567",
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "nobody"),
        ("phone", "12"),
        ("timezone", "Mars/Olympus"),
        ("locale", "!!"),
        ("country", "Brazil"),
        ("name", 7),
        ("colour", "red"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_changed(client: Client, field: str, value: object) -> None:
    put(client, DIA)

    answer = put(client, {"name": "Changed", field: value})

    assert answer.status_code == 422
    assert field in str(answer.json()["errors"])
    assert client.get("/api/v1/customers/cus_1").json()["name"] == "Dia"


def test_what_the_database_cannot_hold_is_the_callers_mistake(client: Client) -> None:
    answers = [
        put(client, {"name": "a\x00b"}),
        put(client, {"attributes": {"note": "a\x00b"}}),
        client.get("/api/v1/customers/a%00b"),
        client.get("/api/v1/messages", params={"customer": "a\x00b"}),
    ]

    assert [answer.status_code for answer in answers] == [422] * 4


def test_a_language_we_have_no_words_in_is_no_mistake(client: Client) -> None:
    assert put(client, {"locale": "de-AT"}).status_code == 200


def test_a_suppressed_address_says_so(client: Client, db: Session, now: datetime) -> None:
    suppress(db, "email", "dia@example.com", reason="complaint", evidence={}, at=now)

    (point,) = put(client, {"email": "dia@example.com"}).json()["contact_points"]

    assert (point["state"], point["reason"]) == ("suppressed", "complaint")


def test_an_unknown_customer_and_an_unknown_message_are_not_found(client: Client) -> None:
    for path in ("customers/nobody", "messages/0b6a8f0e-0000-7000-8000-000000000000", "messages/x"):
        answer = client.get(f"/api/v1/{path}")

        assert answer.status_code == 404
        assert answer.headers["content-type"].startswith("application/problem+json")


def test_a_message_is_read_whole(client: Client, db: Session, now: datetime) -> None:
    message = make_message(db, now, data={"x": 1}, provider="twilio", provider_ref="SM1")
    attempt = make_attempt(db, message)
    encoding, body = pack(Kept(text="Olá"))
    db.add(Content(message_id=message.id, encoding=encoding, body=body))
    db.add(Event(message_id=message.id, attempt_id=attempt, provider="twilio", event_id="e", kind="sent", at=now))
    db.flush()
    db.expire_all()

    read = client.get(f"/api/v1/messages/{message.id}").json()

    assert set(read) >= SHAPE
    assert read["content"] == {"subject": "", "text": "Olá", "html": ""}
    assert (read["to"], read["provider_id"], read["trigger_id"]) == ("+5511961234567", "SM1", str(message.id))
    assert [one["id"] for one in read["attempts"]] == [str(attempt)]
    assert [one["kind"] for one in read["events"]] == ["sent"]


@pytest.mark.parametrize("customer", ["cus_1", None])
def test_messages_are_listed_newest_first_page_by_page(
    client: Client, db: Session, now: datetime, customer: str | None
) -> None:
    for age in range(5):
        make_message(db, now, created_at=now - timedelta(hours=age))
    make_message(db, now, customer_id="cus_2")
    db.expire_all()

    seen: list[str] = []
    params: dict[str, Any] = {"limit": 2} | ({"customer": customer} if customer else {})
    for _ in range(3):
        page = client.get("/api/v1/messages", params=params).json()
        seen += [one["id"] for one in page["messages"]]
        params["cursor"] = page["next"]

    assert len(seen) == len(set(seen)) == (5 if customer else 6)
    assert page["next"] is None


@pytest.mark.parametrize("query", [{"cursor": "nonsense"}, {"limit": 0}, {"limit": 1000}, {"limit": "x"}])
def test_a_wrong_query_is_named(client: Client, query: dict[str, Any]) -> None:
    answer = client.get("/api/v1/messages", params=query)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == next(iter(query))


@pytest.mark.parametrize("path", ["clock", "trigger-types", "customers/x", "messages", "messages/x"])
def test_every_reading_needs_a_key(stranger: Client, path: str) -> None:
    assert stranger.get(f"/api/v1/{path}").status_code == 401


def test_a_revoked_key_opens_nothing(stranger: Client, db: Session) -> None:
    row, plain = keys.add(db, "old")
    keys.revoke(db, row.id)

    assert stranger.get("/api/v1/clock", headers={"Authorization": f"Bearer {plain}"}).status_code == 401


def test_the_clocks_agree_until_business_time_is_moved(client: Client) -> None:
    clocks = client.get("/api/v1/clock").json()

    assert abs(datetime.fromisoformat(clocks["business"]) - datetime.fromisoformat(clocks["machine"])) < timedelta(
        seconds=5
    )


def test_operators_are_told_without_a_key(stranger: Client, db: Session, now: datetime) -> None:
    make_attempt(db, make_message(db, now, state="unknown"), state="unknown")

    figures = stranger.get("/metrics").text

    assert stranger.get("/healthz").status_code == 200
    assert set(stranger.get("/readyz").json()) == {"ready", "database", "migrations", "embedded"}
    assert "notifier_messages_unknown 1.0" in figures
    assert 'notifier_messages{state="unknown"} 1.0' in figures


def test_what_is_unknown_is_told_by_provider_with_its_age(stranger: Client, db: Session, now: datetime) -> None:
    machine = clock.machine_now(db)
    for minutes in (3, 1):
        message = make_message(db, now, state="unknown")
        make_attempt(db, message, state="unknown", claimed_at=machine - timedelta(minutes=minutes))
    make_attempt(db, make_message(db, now), state="accepted")

    figures = _figures(stranger.get("/metrics").text)

    assert figures['notifier_attempts_unknown{provider="twilio"}'] == 2
    assert figures['notifier_attempts_unknown{provider="sendgrid"}'] == 0
    assert 180 <= figures['notifier_attempts_unknown_oldest_seconds{provider="twilio"}'] < 200
    assert figures['notifier_attempts_unknown_oldest_seconds{provider="sendgrid"}'] == 0


def test_what_waits_and_what_holds_it_is_told(stranger: Client, db: Session) -> None:
    now = clock.business_now(db)
    for minutes, channel in ((2, "email"), (9, "sms"), (-60, "whatsapp")):
        due = {"lane": "bulk", "channel": channel, "topic": "news", "journey": "j", "customer_id": "cus_1"}
        db.add(DueMessage(message_id=uuid4(), due_at=now - timedelta(minutes=minutes), **due))
    db.add(Brake(kind="topic", name="offers", pulled_by="ada", why="It is wrong."))
    until = clock.machine_now(db) + timedelta(minutes=1)
    db.add(SenderPause(provider="twilio", sender="+15005550006", until=until, reason="failing"))
    db.flush()

    figures = _figures(stranger.get("/metrics").text)

    assert 540 <= figures['notifier_oldest_due_seconds{lane="bulk"}'] < 560
    assert figures['notifier_oldest_due_seconds{lane="transactional"}'] == 0
    assert figures["notifier_brakes_pulled"] == 1
    assert figures['notifier_senders_resting{provider="twilio",reason="failing"}'] == 1


def _figures(text: str) -> dict[str, float]:
    lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}


def test_the_interface_describes_itself(stranger: Client) -> None:
    paths = stranger.get("/schema").json()["paths"]

    assert {"/api/v1/triggers", "/api/v1/customers/{customer_id}", "/api/v1/messages"} <= set(paths)
    assert not any(path.startswith(("/hooks", "/m/")) for path in paths)
