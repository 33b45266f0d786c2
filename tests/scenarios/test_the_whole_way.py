"""From a posted trigger to the customer's phone and mailbox, and back into history."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen
from uuid import uuid4

import pytest

from tests.scenarios.conftest import Demo, eventually

PEOPLE = {
    "pt_BR": ("America/Sao_Paulo", "BR", "+55119{:08d}", "João D'Ávila <b>"),
    "en": ("America/New_York", "US", "+1212555{:04d}", "Grace O'Neil"),
    "es": ("Europe/Madrid", "ES", "+346{:08d}", "Iñigo Núñez"),
}
WORDS = {"pt_BR": "Olá", "en": "Hello", "es": "Hola"}
STARTING = [
    "invoice.upcoming",
    "payment.failed",
    "subscription.canceled",
    "feedback.requested",
    "loyalty.bonus_granted",
]
_phones = iter(range(1000, 9999, 7))


def make_event(demo: Demo, kind: str, locale: str, **customer: Any) -> dict[str, Any]:
    """Take the trigger type's sample as it is served and address it to somebody new."""
    types = {one["name"]: one for one in demo.call("GET", "/api/v1/trigger-types")}
    event: dict[str, Any] = types[kind]["sample"]
    ident = f"cus_{uuid4().hex[:12]}"
    zone, country, phone, name = PEOPLE[locale]
    event["data"]["customer"] = {
        "id": ident,
        "name": name,
        "locale": locale,
        "timezone": zone,
        "country": country,
        "email": f"{ident}@example.com",
        "phone": phone.format(next(_phones)),
        **customer,
    }
    return {**event, "id": uuid4().hex, "subject": ident}


def settled(demo: Demo, customer: str, *, are: Callable[[list[Any]], bool]) -> list[Any]:
    """Wait until the notifier's messages to a customer are as they should be."""
    return eventually(lambda: (got := demo.messages(customer)) and are(got) and got)


@pytest.mark.parametrize("locale", PEOPLE)
@pytest.mark.parametrize("kind", STARTING)
def test_a_trigger_reaches_mailbox_and_phone_in_the_customers_language(demo: Demo, kind: str, locale: str) -> None:
    event = make_event(demo, kind, locale)
    person = event["data"]["customer"]

    demo.call("POST", "/api/v1/triggers", event)

    (mail,) = demo.arrived(person["email"])
    (text,) = demo.arrived(person["phone"])
    assert mail["channel"] == "email"
    assert mail["html"]
    assert f'lang="{locale.replace("_", "-")}"' in mail["html"]
    assert "<b>" not in mail["subject"]
    assert text["channel"] in {"whatsapp", "sms"}
    kept = settled(demo, person["id"], are=lambda got: {one["state"] for one in got} == {"delivered"})
    assert {one["locale"] for one in kept} == {locale}


def test_the_api_tells_what_was_said_and_why(demo: Demo) -> None:
    event = make_event(demo, "payment.failed", "pt_BR")
    demo.call("POST", "/api/v1/triggers", event)
    person = event["data"]["customer"]
    kept = settled(demo, person["id"], are=lambda got: {one["state"] for one in got} == {"delivered"})

    whole = [demo.call("GET", f"/api/v1/messages/{one['id']}") for one in kept]

    mail = next(one for one in whole if one["channel"] == "email")
    (received,) = demo.arrived(person["email"])
    assert mail["content"]["subject"] == received["subject"]
    assert mail["content"]["html"] == received["html"]
    assert mail["to"] == person["email"]
    assert mail["decisions"]
    assert mail["attempts"][0]["id"].replace("-", "") == received["attempt_id"].replace("-", "")
    assert {"delivered"} <= {one["kind"] for one in mail["events"]}


def test_the_same_trigger_a_hundred_times_at_once_makes_one_message_per_channel(demo: Demo) -> None:
    event = make_event(demo, "invoice.upcoming", "en")
    person = event["data"]["customer"]

    with ThreadPoolExecutor(20) as crowd:
        list(crowd.map(lambda _: demo.call("POST", "/api/v1/triggers", event), range(100)))

    settled(demo, person["id"], are=lambda got: {one["state"] for one in got} == {"delivered"})
    assert len(demo.arrived(person["email"])) == 1
    assert len(demo.arrived(person["phone"])) == 1


def test_a_payment_that_recovers_first_leaves_nothing_to_send(demo: Demo) -> None:
    failed = make_event(demo, "payment.failed", "es")
    recovered = make_event(demo, "payment.recovered", "es")
    person = failed["data"]["customer"]
    recovered["data"]["customer"], recovered["subject"] = person, person["id"]
    recovered["data"]["invoice"] = failed["data"]["invoice"]

    # The end is told first, as networks do; the start is older by its own time.
    failed["time"] = recovered["time"][:11] + "00:00:00+00:00"
    demo.call("POST", "/api/v1/triggers", recovered)
    demo.call("POST", "/api/v1/triggers", failed)

    marker = make_event(demo, "invoice.upcoming", "es")
    marker["data"]["customer"], marker["subject"] = person, person["id"]
    demo.call("POST", "/api/v1/triggers", marker)
    kept = settled(demo, person["id"], are=lambda got: any(one["journey"] == "upcoming-charge" for one in got))
    assert not [one for one in kept if one["journey"] == "payment-failed" and one["state"] != "cancelled"]


def test_stop_by_sms_silences_the_number_and_no_pare_does_not(demo: Demo) -> None:
    first = make_event(demo, "payment.failed", "pt_BR")
    person = first["data"]["customer"]
    demo.call("POST", "/api/v1/triggers", first)
    (text,) = demo.arrived(person["phone"])

    for words in ("não pare", "PARE"):
        demo.sandbox(
            "POST",
            "/api/replies",
            {"channel": text["channel"], "from": person["phone"], "to": text["from"], "text": words},
        )

    def is_stopped() -> bool:
        later = make_event(demo, "invoice.upcoming", "pt_BR")
        later["data"]["customer"], later["subject"] = person, person["id"]
        later["data"]["invoice"]["id"] = uuid4().hex
        before = len(on_channel())
        demo.call("POST", "/api/v1/triggers", later)
        eventually(lambda: len(on_channel()) > before)
        return any(one["state"] == "skipped" for one in on_channel())

    def on_channel() -> list[Any]:
        return [one for one in demo.messages(person["id"]) if one["channel"] == text["channel"]]

    assert eventually(is_stopped)


def test_forged_callbacks_are_refused_and_change_nothing(demo: Demo) -> None:
    event = make_event(demo, "subscription.canceled", "en")
    person = event["data"]["customer"]
    demo.call("POST", "/api/v1/triggers", event)
    kept = settled(demo, person["id"], are=lambda got: {one["state"] for one in got} == {"delivered"})

    for path, body, kind in (
        (
            "/hooks/twilio/inbound",
            urlencode({"From": person["phone"], "Body": "STOP"}).encode(),
            "application/x-www-form-urlencoded",
        ),
        (
            "/hooks/sendgrid/events",
            json.dumps([{"event": "bounce", "email": person["email"]}]).encode(),
            "application/json",
        ),
        ("/hooks/sendgrid/inbound/guess", b"", "multipart/form-data; boundary=x"),
        (
            f"/hooks/twilio/status/{uuid4().hex}.{'0' * 24}",
            b"MessageStatus=failed",
            "application/x-www-form-urlencoded",
        ),
    ):
        request = Request(demo.card["api_url"] + path, data=body, headers={"Content-Type": kind}, method="POST")
        with pytest.raises(Exception, match="403"), urlopen(request, timeout=10):
            pass

    assert [one["state"] for one in demo.messages(person["id"])] == [one["state"] for one in kept]


def test_bad_input_names_the_field_and_the_good_events_of_a_batch_are_taken(demo: Demo) -> None:
    good, bad = make_event(demo, "invoice.upcoming", "en"), make_event(demo, "invoice.upcoming", "en")
    bad["data"]["invoice"]["currency"] = "reais"

    status, problem = demo.refused("POST", "/api/v1/triggers", bad)
    results = demo.call("POST", "/api/v1/triggers", [good, bad])["results"]
    wrong_key, _ = demo.refused("GET", "/api/v1/trigger-types", key="nobody")

    assert status == 422
    assert "data.invoice.currency" in problem["errors"][0]["field"]
    assert [one["status"] for one in results] == ["accepted", "refused"]
    assert wrong_key == 401
