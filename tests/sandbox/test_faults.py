"""Every trouble that can be ordered happens, to the vendor it was ordered for."""

import time
from collections import Counter
from typing import Any
from urllib.parse import parse_qsl

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from notifier.sandbox.faults import NONE, Faults
from tests.sandbox.conftest import ACCOUNT, Hooks, soon
from tests.sandbox.http import Answered, Http
from tests.sandbox.test_sendgrid import BEARER_HEADERS, mail

CEM, WE = "+4915112345678", "+15005550006"


def text(twilio: Client, hooks: Hooks) -> str:
    callback = f"{hooks.url}/hooks/twilio/status/x"
    return str(twilio.messages.create(to=CEM, from_=WE, body="Hello", status_callback=callback).sid)


def told(hooks: Hooks) -> list[str]:
    return [dict(parse_qsl(hit.body.decode()))["MessageStatus"] for hit in hooks.on("/hooks/twilio/status")]


def email(sandbox: Http) -> Answered:
    return sandbox.call("POST", "/v3/mail/send", json=mail(), headers=BEARER_HEADERS)


def test_faults_are_shown_and_mended(sandbox: Http) -> None:
    ordered = sandbox.put("/api/faults", {"latency_ms": 5, "twilio": {"error_rate": 1}})

    assert ordered.status == 200
    assert sandbox.get("/api/faults").json["latency_ms"] == 5
    assert sandbox.get("/api/faults").json["twilio"] == {"error_rate": 1}
    assert sandbox.call("DELETE", "/api/faults").status == 204
    assert sandbox.get("/api/faults").json == {name: getattr(NONE, name) for name in Faults.__struct_fields__}


@pytest.mark.parametrize(
    ("ordered", "field"),
    [
        ({"latency": 5}, "latency"),
        ({"error_rate": 2}, "error_rate"),
        ({"latency_ms": "slow"}, "latency_ms"),
        ({"twilio": {"rate_429": -1}}, "twilio.rate_429"),
        ({"sendgrid": 7}, "sendgrid"),
    ],
)
def test_a_wrong_order_names_its_field_and_changes_nothing(sandbox: Http, ordered: Any, field: str) -> None:
    refused = sandbox.put("/api/faults", ordered)

    assert (refused.status, refused.headers["content-type"]) == (422, "application/problem+json")
    assert [error["field"] for error in refused.json["errors"]] == [field]
    assert sandbox.get("/api/faults").json["error_rate"] == 0


def test_latency_is_added_to_the_vendors_answers_only(twilio: Client, sandbox: Http, hooks: Hooks) -> None:
    sandbox.put("/api/faults", {"twilio": {"latency_ms": 150}})

    began = time.monotonic()
    text(twilio, hooks)
    slow = time.monotonic() - began

    began = time.monotonic()
    assert email(sandbox).status == 202
    assert slow > 0.15 > time.monotonic() - began


def test_an_error_before_acceptance_takes_nothing(twilio: Client, sandbox: Http, hooks: Hooks) -> None:
    sandbox.put("/api/faults", {"error_rate": True})

    with pytest.raises(TwilioRestException) as refusal:
        text(twilio, hooks)

    assert refusal.value.status == 503
    assert email(sandbox).status == 503
    assert sandbox.get("/api/messages").json == []


def test_too_many_requests_say_when_to_come_again(sandbox: Http) -> None:
    sandbox.put("/api/faults", {"rate_429": 1, "retry_after": 7})
    path = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"

    limited = [email(sandbox), sandbox.call("POST", path, form={"To": CEM})]

    assert [answer.status for answer in limited] == [429, 429]
    assert [answer.headers["retry-after"] for answer in limited] == ["7", "7"]
    assert limited[1].json["code"] == 20429
    assert sandbox.get("/api/messages").json == []


def test_a_message_can_be_accepted_and_the_answer_be_an_error(twilio: Client, sandbox: Http, hooks: Hooks) -> None:
    sandbox.put("/api/faults", {"accept_then_5xx": 1})

    with pytest.raises(TwilioRestException) as refusal:
        text(twilio, hooks)

    assert refusal.value.status == 500
    assert email(sandbox).status == 500
    assert Counter(one["channel"] for one in sandbox.get("/api/messages").json) == {"sms": 1, "email": 1}
    soon(lambda: "delivered" in told(hooks))


def test_a_message_can_be_accepted_and_the_answer_hang(sandbox: Http) -> None:
    sandbox.put("/api/faults", {"accept_then_hang": 1, "hang_seconds": 0.4})

    began = time.monotonic()
    answered = email(sandbox)

    assert time.monotonic() - began > 0.4
    assert answered.status == 202
    assert len(sandbox.get("/api/messages").json) == 1


def test_callbacks_come_twice(twilio: Client, sandbox: Http, hooks: Hooks) -> None:
    sandbox.put("/api/faults", {"duplicate_callbacks": 1})

    text(twilio, hooks)

    soon(lambda: Counter(told(hooks)) == {"sending": 2, "sent": 2, "delivered": 2})


def test_callbacks_are_lost(twilio: Client, sandbox: Http, hooks: Hooks) -> None:
    sandbox.put("/api/faults", {"drop_callbacks": 1})

    sid = text(twilio, hooks)

    soon(lambda: twilio.messages(sid).fetch().status == "delivered")
    assert told(hooks) == []
    assert sandbox.get("/healthz").json["callbacks"]["dropped"] == 3


def test_callbacks_overtake_each_other(twilio: Client, sandbox: Http, hooks: Hooks) -> None:
    sandbox.put("/api/faults", {"reorder_callbacks": 0.5})

    for _ in range(20):  # three of eight messages end with another report than the last: all of them by chance never
        text(twilio, hooks)

    soon(lambda: len(told(hooks)) == 60)
    assert "delivered" in told(hooks)[:-1]
    last = {dict(parse_qsl(hit.body.decode()))["MessageSid"]: hit.body for hit in hooks.hits}
    assert any(b"MessageStatus=delivered" not in body for body in last.values())


def test_callbacks_come_late(twilio: Client, sandbox: Http, hooks: Hooks) -> None:
    sandbox.put("/api/faults", {"callback_delay_ms": 300})

    began = time.monotonic()
    text(twilio, hooks)

    soon(lambda: hooks.hits)
    assert hooks.hits[0].at - began > 0.3
