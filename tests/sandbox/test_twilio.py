"""Twilio's own package must not notice the difference."""

import base64
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl
from uuid import uuid4

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from tests.sandbox.conftest import ACCOUNT, TOKEN, Hit, Hooks, soon
from tests.sandbox.http import Http

CEM, WE = "+4915112345678", "+15005550006"
BASIC = {"Authorization": "Basic " + base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()}


def fields(hit: Hit) -> dict[str, str]:
    return dict(parse_qsl(hit.body.decode(), keep_blank_values=True))


def is_signed(hooks: Hooks, hit: Hit) -> bool:
    return RequestValidator(TOKEN).validate(hooks.url + hit.path, fields(hit), hit.headers["x-twilio-signature"])


def statuses(hooks: Hooks) -> list[str]:
    return [fields(hit)["MessageStatus"] for hit in hooks.on("/hooks/twilio/status/")]


def template(twilio: Client, sandbox: Http) -> str:
    """Register a WhatsApp template with one variable and a button; return its SID."""
    wanted = {
        "friendly_name": "feedback/en",
        "language": "en",
        "types": {
            "twilio/quick-reply": {
                "body": "Hello {{1}}, how was it?",
                "actions": [{"type": "QUICK_REPLY", "title": "Great", "id": "s:{{1}}:10"}],
            }
        },
    }
    made = sandbox.call("POST", "/v1/Content", json=wanted, headers=BASIC)
    assert made.status == 201
    assert twilio.content.v1.contents(made.json["sid"]).fetch().friendly_name == "feedback/en"
    return str(made.json["sid"])


def test_a_message_is_taken_listed_and_fetched(twilio: Client, sandbox: Http) -> None:
    made = twilio.messages.create(to=CEM, from_=WE, body="Olá, João")

    assert (made.status, made.num_segments, made.direction, made.error_code) == ("queued", "1", "outbound-api", None)
    assert made.sid.startswith("SM")
    assert made.date_created is not None
    assert [one.sid for one in twilio.messages.list(to=CEM, from_=WE)] == [made.sid]
    assert soon(lambda: twilio.messages(made.sid).fetch().status == "delivered")
    assert sandbox.get("/api/messages").json[0]["text"] == "Olá, João"


def test_the_list_is_paged_newest_first_and_keeps_to_its_window(twilio: Client) -> None:
    sent = [twilio.messages.create(to=CEM, from_=WE, body=f"no. {number}").sid for number in range(7)]
    twilio.messages.create(to="+4915100000001", from_=WE, body="to somebody else")
    now = datetime.now(UTC)

    listed = [one.sid for one in twilio.messages.list(to=CEM, page_size=3)]

    assert listed == sent[::-1]
    assert len(twilio.messages.list(to=CEM, date_sent_after=now - timedelta(minutes=1))) == 7
    assert twilio.messages.list(to=CEM, date_sent_after=now + timedelta(minutes=1)) == []
    assert twilio.messages.list(to=CEM, date_sent_before=now - timedelta(minutes=1)) == []


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"to": ""}, 21604),
        ({"from_": ""}, 21603),
        ({"to": "12"}, 21211),
        ({"to": "+15550000400"}, 21211),
        ({"to": "+15550000410"}, 21610),
        ({"from_": "nobody at all!"}, 21212),
        ({"to": f"whatsapp:{CEM}"}, 21910),
        ({"body": ""}, 21602),
        ({"body": "x" * 1601}, 21617),
        ({"content_sid": "HX" + "0" * 32}, 21655),
        ({"status_callback": "ftp://a"}, 21609),
        ({"status_callback": "http://a_b.example/x"}, 21609),
    ],
)
def test_what_twilio_refuses_is_refused_in_its_words(twilio: Client, given: dict[str, str], code: int) -> None:
    with pytest.raises(TwilioRestException) as refusal:
        twilio.messages.create(**{"to": CEM, "from_": WE, "body": "Hello", **given})

    assert (refusal.value.code, refusal.value.status) == (code, 400)


def test_strangers_and_unknown_things_are_turned_away(twilio: Client, sandbox: Http) -> None:
    stranger = sandbox.get(f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json", headers={"Authorization": "Basic eDp5"})

    assert (stranger.status, stranger.json["code"]) == (401, 20003)
    with pytest.raises(TwilioRestException) as refusal:
        twilio.messages("SM" + "0" * 32).fetch()
    assert (refusal.value.code, refusal.value.status) == (20404, 404)


def test_status_callbacks_are_signed_and_come_in_order(twilio: Client, hooks: Hooks, sandbox: Http) -> None:
    attempt = uuid4()
    url = f"{hooks.url}/hooks/twilio/status/{attempt.hex}.cafe"

    made = twilio.messages.create(to=CEM, from_=WE, body="Hello", status_callback=url)

    soon(lambda: len(statuses(hooks)) == 3)
    assert statuses(hooks) == ["sending", "sent", "delivered"]
    assert all(is_signed(hooks, hit) for hit in hooks.hits)
    assert all(fields(hit)["MessageSid"] == made.sid for hit in hooks.hits)
    assert sandbox.get("/api/messages").json[0]["attempt_id"] == str(attempt)


@pytest.mark.parametrize(
    ("to", "final", "error_code"),
    [("+15550000404", "undelivered", "30005"), ("+15550000500", "failed", "30008"), ("+15550000202", "sent", "")],
)
def test_some_numbers_fail_by_themselves(twilio: Client, hooks: Hooks, to: str, final: str, error_code: str) -> None:
    twilio.messages.create(to=to, from_=WE, body="Hello", status_callback=f"{hooks.url}/hooks/twilio/status/x")

    soon(lambda: final in statuses(hooks))
    assert fields(hooks.hits[-1]).get("ErrorCode", "") == error_code


def test_a_recipients_outcome_can_be_chosen(twilio: Client, hooks: Hooks, sandbox: Http) -> None:
    assert sandbox.put(f"/api/recipients/{CEM}", {"outcome": "undelivered", "error_code": 30007}).status == 200

    twilio.messages.create(to=CEM, from_=WE, body="Hello", status_callback=f"{hooks.url}/hooks/twilio/status/x")

    soon(lambda: "undelivered" in statuses(hooks))
    assert fields(hooks.hits[-1])["ErrorCode"] == "30007"


def test_a_callback_is_repeated_until_the_notifier_is_back(twilio: Client, hooks: Hooks) -> None:
    hooks.statuses = [503, 500]

    twilio.messages.create(to=CEM, from_=WE, body="Hello", status_callback=f"{hooks.url}/hooks/twilio/status/x")

    soon(lambda: sorted(statuses(hooks)) == ["delivered", "sending", "sending", "sent", "sent"])


def test_a_callback_never_leaves_this_machine(twilio: Client, sandbox: Http) -> None:
    twilio.messages.create(to=CEM, from_=WE, body="Hello", status_callback="https://elsewhere.example/x")

    soon(lambda: sandbox.get("/healthz").json["callbacks"]["forbidden"] == 3)


def test_whatsapp_outside_the_window_takes_templates_only(twilio: Client, hooks: Hooks, sandbox: Http) -> None:
    to, sender = f"whatsapp:{CEM}", "whatsapp:+14155238886"
    callback = f"{hooks.url}/hooks/twilio/status/x"

    free = twilio.messages.create(to=to, from_=sender, body="Hello", status_callback=callback)
    approved = twilio.messages.create(
        to=to, from_=sender, content_sid=template(twilio, sandbox), content_variables=json.dumps({"1": "Cem"})
    )

    assert approved.body == "Hello Cem, how was it?"
    soon(lambda: twilio.messages(free.sid).fetch().error_code == 63016)
    soon(lambda: twilio.messages(approved.sid).fetch().status == "delivered")
    sandbox.call("POST", "/api/replies", json={"channel": "whatsapp", "from": CEM, "text": "Hi"})
    inside = twilio.messages.create(to=to, from_=sender, body="Hello again")
    soon(lambda: twilio.messages(inside.sid).fetch().status == "delivered")


def test_opening_the_chat_reads_whatsapp(twilio: Client, hooks: Hooks, sandbox: Http) -> None:
    to, sender = f"whatsapp:{CEM}", "whatsapp:+14155238886"
    callback = f"{hooks.url}/hooks/twilio/status/x"
    sid = template(twilio, sandbox)
    variables = json.dumps({"1": "Cem"})
    twilio.messages.create(to=to, from_=sender, content_sid=sid, content_variables=variables, status_callback=callback)
    soon(lambda: "delivered" in statuses(hooks))

    page = sandbox.get(f"/phones/{CEM}")

    assert "Great" in page.text
    soon(lambda: statuses(hooks)[-1] == "read")
    assert fields(hooks.hits[-1])["EventType"] == "READ"


def test_a_tapped_button_says_which_message_it_answers(twilio: Client, hooks: Hooks, sandbox: Http) -> None:
    sid = template(twilio, sandbox)
    made = twilio.messages.create(
        to=f"whatsapp:{CEM}", from_="whatsapp:+14155238886", content_sid=sid, content_variables='{"1":"Cem"}'
    )

    answered = sandbox.call("POST", "/api/replies", json={"channel": "whatsapp", "from": CEM, "button": "s:Cem:10"})

    assert answered.status == 202
    hit = soon(lambda: hooks.on("/hooks/twilio/inbound"))[0]
    said = fields(hit)
    assert is_signed(hooks, hit)
    assert (said["From"], said["To"]) == (f"whatsapp:{CEM}", "whatsapp:+14155238886")
    assert (said["ButtonText"], said["ButtonPayload"]) == ("Great", "s:Cem:10")
    assert said["OriginalRepliedMessageSid"] == made.sid


def test_stop_by_sms_is_obeyed_by_twilio_itself(twilio: Client, hooks: Hooks, sandbox: Http) -> None:
    twilio.messages.create(to=CEM, from_=WE, body="Hello")

    sandbox.call("POST", "/api/replies", json={"channel": "sms", "from": CEM, "text": " stop "})

    said = fields(soon(lambda: hooks.on("/hooks/twilio/inbound"))[0])
    assert said["OptOutType"] == "STOP"
    with pytest.raises(TwilioRestException) as refusal:
        twilio.messages.create(to=CEM, from_=WE, body="Still there?")
    assert refusal.value.code == 21610
    sandbox.call("POST", "/api/replies", json={"channel": "sms", "from": CEM, "text": "START"})
    assert twilio.messages.create(to=CEM, from_=WE, body="Welcome back").sid
    assert [one["text"] for one in sandbox.get("/api/messages").json] == ["Hello", "Welcome back"]


def test_a_messaging_service_hides_its_number_at_first(twilio: Client) -> None:
    made = twilio.messages.create(to=CEM, messaging_service_sid="MG" + "0" * 32, body="Hello")

    assert (made.status, made.from_, made.num_segments) == ("accepted", None, "0")
    soon(lambda: twilio.messages(made.sid).fetch().from_ == WE)
