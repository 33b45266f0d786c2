"""What people and tests see of the sandbox."""

from typing import Any

import pytest
from msgspec import Struct
from twilio.rest import Client

from tests.sandbox.conftest import Hooks, soon
from tests.sandbox.http import Http
from tests.sandbox.test_sendgrid import BEARER_HEADERS, DIA, mail

CEM, WE = "+4915112345678", "+15005550006"
HOSTILE = "<script>alert(1)</script> *bold* http://pay.example/a?b=1&c=2."


class Cast(Struct, frozen=True):
    """Where the messages of a small scene are."""

    mail: str


@pytest.fixture
def cast(twilio: Client, sandbox: Http) -> Cast:
    twilio.messages.create(to=CEM, from_=WE, body=HOSTILE)
    hostile = mail(subject="<b>Your plan</b>")
    sandbox.call("POST", "/v3/mail/send", json=hostile, headers=BEARER_HEADERS)
    soon(lambda: all(one["status"] == "delivered" for one in sandbox.get("/api/messages").json))
    sandbox.call("POST", "/api/replies", json={"channel": "sms", "from": CEM, "text": "Thanks"})
    mail_id = sandbox.get(f"/api/messages?to={DIA}").json[0]["provider_id"]
    return Cast(mail=f"/mailboxes/{DIA}/{mail_id}.0")


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/?q=plan", "/?q=nothing", f"/phones/{CEM}", f"/phones/{CEM}?channel=whatsapp", "/phones/+1"),
        *(f"/mailboxes/{DIA}", "/mailboxes/nobody@example.com", "{mail}", "{mail}?view=text"),
    ],
)
@pytest.mark.parametrize("language", ["pt-BR,pt;q=0.9", "en", "es-MX"])
def test_every_page_is_shown_under_a_strict_policy(sandbox: Http, cast: Cast, path: str, language: str) -> None:
    shown = sandbox.get(path.format(mail=cast.mail), headers={"Accept-Language": language})

    assert shown.status == 200
    policy = shown.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert "<script>alert" not in shown.text
    assert "<b>Your" not in shown.text
    expected = {"pt-BR,pt;q=0.9": "pt-BR", "en": "en", "es-MX": "es"}[language]
    assert f'<html lang="{expected}">' in shown.text


def test_the_mail_itself_is_shown_in_a_sandbox(sandbox: Http, cast: Cast) -> None:
    shown = sandbox.get(f"{cast.mail}/content")

    policy = shown.headers["content-security-policy"]
    assert policy.startswith("sandbox allow-popups")
    assert "default-src 'none'" in policy
    assert "script-src" not in policy


def test_links_in_a_text_can_be_followed(sandbox: Http, cast: Cast) -> None:
    shown = sandbox.get(f"/phones/{CEM}").text

    assert '<a href="http://pay.example/a?b=1&amp;c=2" target="_blank"' in shown
    assert "*bold*" in shown


def test_one_answers_from_the_phone(sandbox: Http, cast: Cast, hooks: Hooks) -> None:
    answered = sandbox.call("POST", f"/phones/{CEM}/answers", form={"channel": "sms", "text": "From the page"})
    empty = sandbox.call("POST", f"/phones/{CEM}/answers", form={"channel": "sms", "text": " "})

    assert (answered.status, empty.status) == (303, 422)
    assert "From the page" in sandbox.get(f"/phones/{CEM}").text
    soon(lambda: len(hooks.on("/hooks/twilio/inbound")) == 2)


def test_one_answers_from_the_mailbox(sandbox: Http, cast: Cast, hooks: Hooks) -> None:
    answered = sandbox.call("POST", f"{cast.mail}/answers", form={"text": "From the mailbox"})

    assert answered.status == 303
    soon(lambda: hooks.on("/hooks/sendgrid/inbound/hush"))


def test_the_recipients_fate_is_chosen_on_the_phone(sandbox: Http, cast: Cast) -> None:
    sandbox.call("POST", f"/phones/{CEM}/outcome", form={"channel": "sms", "outcome": "undelivered"})

    assert sandbox.get("/api/recipients").json == {CEM: {"outcome": "undelivered", "error_code": None}}
    sandbox.call("POST", f"/phones/{CEM}/outcome", form={"channel": "sms", "outcome": ""})
    assert sandbox.get("/api/recipients").json == {}


def test_another_site_cannot_answer_for_a_customer(sandbox: Http, cast: Cast) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}

    refused = sandbox.call("POST", f"/phones/{CEM}/answers", form={"text": "Forged"}, headers=headers)

    assert refused.status == 403
    assert "Forged" not in sandbox.get(f"/phones/{CEM}").text


@pytest.mark.parametrize("path", ["/mailboxes/dia@example.com/none.0", "/nowhere"])
def test_what_is_not_there_says_so(sandbox: Http, path: str) -> None:
    page = sandbox.get(path, headers={"Accept": "text/html"})
    data = sandbox.get(path)

    assert (page.status, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert data.json["status"] == 404


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"channel": "fax", "from": CEM, "text": "Hi"}, "channel"),
        ({"channel": "sms", "text": "Hi"}, "from"),
        ({"channel": "sms", "from": CEM, "text": 7}, "text"),
        ({"channel": "sms", "from": CEM, "text": " "}, "text"),
        ({"channel": "sms", "from": "+4915100000009", "text": "Hi"}, "to"),
        ({"channel": "sms", "from": CEM, "text": "Hi", "in_reply_to": "SM0"}, "in_reply_to"),
        ({"channel": "sms", "from": CEM, "text": "Hi", "colour": "red"}, "colour"),
    ],
)
def test_a_wrong_answer_names_its_field(sandbox: Http, cast: Cast, given: dict[str, Any], field: str) -> None:
    refused = sandbox.call("POST", "/api/replies", json=given)

    assert (refused.status, refused.headers["content-type"]) == (422, "application/problem+json")
    assert [error["field"] for error in refused.json["errors"]] == [field]


def test_other_wrong_inputs_name_their_field(sandbox: Http) -> None:
    outcome = sandbox.put(f"/api/recipients/{CEM}", {"outcome": "lost"})
    channel = sandbox.get("/api/messages?channel=fax")
    garbage = sandbox.call("PUT", "/api/faults", body=b"{")

    assert (outcome.status, outcome.json["errors"][0]["field"]) == (422, "outcome")
    assert (channel.status, channel.json["errors"][0]["field"]) == (422, "channel")
    assert garbage.status == 422


def test_messages_are_listed_newest_last_and_emptied(twilio: Client, sandbox: Http) -> None:
    for body in ("one", "two", "three"):
        twilio.messages.create(to=CEM, from_=WE, body=body)

    assert [one["text"] for one in sandbox.get("/api/messages").json] == ["one", "two", "three"]
    assert [one["text"] for one in sandbox.get("/api/messages?limit=2&channel=sms").json] == ["two", "three"]
    assert sandbox.get("/api/messages?channel=whatsapp").json == []
    assert sandbox.call("DELETE", "/api/messages").status == 204
    assert sandbox.get("/api/messages").json == []


def test_a_lone_plus_in_an_address_is_no_space(twilio: Client, sandbox: Http) -> None:
    twilio.messages.create(to=CEM, from_=WE, body="one")

    assert len(sandbox.get(f"/api/messages?to={CEM}").json) == 1
    assert len(sandbox.get(f"/api/messages?to={CEM.replace('+', '%2B')}").json) == 1


def test_a_mailbox_is_found_however_its_address_is_written(sandbox: Http) -> None:
    sandbox.call("POST", "/v3/mail/send", json=mail(), headers=BEARER_HEADERS)

    assert len(sandbox.get(f"/api/messages?to={DIA.upper()}").json) == 1
