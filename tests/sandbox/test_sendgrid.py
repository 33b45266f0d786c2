"""SendGrid's own package must not notice the difference."""

import json
from email.message import Message
from email.parser import BytesParser
from typing import Any

import pytest
from python_http_client.exceptions import HTTPError
from sendgrid import SendGridAPIClient
from sendgrid.helpers.eventwebhook import EventWebhook
from sendgrid.helpers.mail import Mail, To

from notifier.sandbox.config import SandboxConfig, public_key
from tests.sandbox.conftest import KEY, Hit, Hooks, soon
from tests.sandbox.http import Http

BEARER_HEADERS = {"Authorization": f"Bearer {KEY}"}
ATTEMPT = "0f0e0d0c-0b0a-4908-8706-050403020100"
DIA = "dia@example.com"
HTML = '<p>Your plan renews. <a href="https://pay.example/1?a=1&amp;b=2">Pay</a></p>'


def mail(to: str = DIA, **changes: Any) -> dict[str, Any]:
    """Make the body of a mail send; `changes` replace its fields, None removes one."""
    made = {
        "personalizations": [{"to": [{"email": to}], "custom_args": {"attempt_id": ATTEMPT}}],
        "from": {"email": "billing@aurora.example", "name": "Aurora"},
        "reply_to": {"email": "reply+token@aurora.example"},
        "subject": "Your plan renews",
        "content": [{"type": "text/plain", "value": "Your plan renews."}, {"type": "text/html", "value": HTML}],
        "categories": ["billing"],
        **changes,
    }
    return {name: value for name, value in made.items() if value is not None}


def events(hooks: Hooks) -> list[dict[str, Any]]:
    return [event for hit in hooks.on("/hooks/sendgrid/events") for event in json.loads(hit.body)]


def kinds(hooks: Hooks) -> list[str]:
    return [event["event"] for event in events(hooks)]


def is_signed(config: SandboxConfig, hit: Hit) -> bool:
    checker = EventWebhook(public_key(config.sendgrid_private_key))
    signature = hit.headers["x-twilio-email-event-webhook-signature"]
    stamp = hit.headers["x-twilio-email-event-webhook-timestamp"]
    return bool(checker.verify_signature(hit.body.decode(), signature, stamp))


def parsed(hit: Hit) -> dict[str, str]:
    """Read a multipart form."""
    head = f"Content-Type: {hit.headers['content-type']}\r\n\r\n".encode()
    parts = BytesParser().parsebytes(head + hit.body).get_payload()
    return {_name(part): _text(part) for part in parts if isinstance(part, Message)}


def _name(part: Message) -> str:
    return str(part.get_param("name", header="content-disposition"))


def _text(part: Message) -> str:
    raw = part.get_payload(decode=True)
    assert isinstance(raw, bytes)
    return raw.decode()


def test_a_mail_made_by_sendgrids_helpers_arrives(sendgrid: SendGridAPIClient, sandbox: Http) -> None:
    made = Mail("billing@aurora.example", To(DIA), "Olá", "Texto", "<p>Texto</p>")

    answered = sendgrid.send(made)

    assert (answered.status_code, answered.body) == (202, b"")
    listed = sandbox.get(f"/api/messages?to={DIA}&channel=email").json
    assert [(one["subject"], one["text"], one["html"]) for one in listed] == [("Olá", "Texto", "<p>Texto</p>")]
    assert listed[0]["provider_id"] == answered.headers["X-Message-Id"]


def test_events_are_signed_and_carry_our_arguments(
    sendgrid: SendGridAPIClient, hooks: Hooks, config: SandboxConfig, sandbox: Http
) -> None:
    answered = sendgrid.client.mail.send.post(request_body=mail())

    soon(lambda: kinds(hooks) == ["processed", "delivered"])
    assert all(is_signed(config, hit) for hit in hooks.hits)
    delivered = events(hooks)[-1]
    assert delivered["attempt_id"] == ATTEMPT
    assert delivered["sg_message_id"].partition(".")[0] == answered.headers["X-Message-Id"]
    assert delivered["category"] == ["billing"]
    assert sandbox.get("/api/messages").json[0]["attempt_id"] == ATTEMPT


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"personalizations": []}, 400, "personalizations"),
        ({"personalizations": [{"to": []}]}, 400, "personalizations.0.to"),
        ({"personalizations": [{"to": [{"email": "nobody"}]}]}, 400, "personalizations.0.to.0.email"),
        ({"personalizations": [{"to": [{"email": DIA}, {"email": DIA}]}]}, 400, "personalizations.0"),
        ({"personalizations": [{"to": [{"email": "invalid@example.com"}]}]}, 400, "personalizations.0.to.0.email"),
        ({"from": None}, 400, "from.email"),
        ({"from": {"email": "unverified@example.com"}}, 403, "from"),
        ({"subject": ""}, 400, "subject"),
        ({"subject": 7}, 400, "subject"),
        ({"content": []}, 400, "content"),
        ({"content": [{"type": "text/plain", "value": ""}]}, 400, "content.0.value"),
        ({"content": [{"type": "text/html", "value": "a"}, {"type": "text/plain", "value": "a"}]}, 400, "content"),
        ({"headers": {"Subject": "mine"}}, 400, "headers"),
        ({"categories": ["a", "a"]}, 400, "categories"),
        ({"custom_args": {"long": "x" * 10_000}}, 400, "custom_args"),
    ],
)
def test_what_sendgrid_refuses_is_refused_in_its_words(
    sendgrid: SendGridAPIClient, sandbox: Http, changes: dict[str, Any], status: int, field: str
) -> None:
    with pytest.raises(HTTPError) as refusal:
        sendgrid.client.mail.send.post(request_body=mail(**changes))

    assert refusal.value.status_code == status
    error = refusal.value.to_dict["errors"][0]
    assert error["field"] == field
    assert error["message"]
    assert sandbox.get("/api/messages").json == []
    refusal.value.__cause__ and refusal.value.__cause__.close()


def test_strangers_are_turned_away(sandbox: Http) -> None:
    stranger = sandbox.call("POST", "/v3/mail/send", json=mail(), headers={"Authorization": "Bearer SG.other"})
    nobody = sandbox.call("POST", "/v3/mail/send", json=mail())

    assert (stranger.status, nobody.status) == (401, 401)
    assert stranger.json["errors"][0]["message"]


def test_a_bounced_address_is_dropped_until_its_suppression_is_lifted(
    sendgrid: SendGridAPIClient, hooks: Hooks
) -> None:
    sendgrid.client.mail.send.post(request_body=mail("bounce@example.com"))
    soon(lambda: "bounce" in kinds(hooks))
    bounced = events(hooks)[-1]
    assert (bounced["type"], bounced["status"]) == ("bounce", "5.1.1")

    sendgrid.client.mail.send.post(request_body=mail("bounce@example.com"))

    soon(lambda: kinds(hooks)[-1] == "dropped")
    assert events(hooks)[-1]["reason"] == "Bounced Address"
    assert sendgrid.client.suppression.bounces.get().to_dict[0]["email"] == "bounce@example.com"
    sendgrid.client.suppression.bounces._("bounce@example.com").delete()
    assert sendgrid.client.suppression.bounces.get().to_dict == []


def test_a_complaint_follows_delivery(sendgrid: SendGridAPIClient, hooks: Hooks) -> None:
    sendgrid.client.mail.send.post(request_body=mail("dia+complaint@example.com"))

    soon(lambda: kinds(hooks) == ["processed", "delivered", "spamreport"])


def test_opening_and_clicking_are_told_when_asked_for(sendgrid: SendGridAPIClient, hooks: Hooks, sandbox: Http) -> None:
    sendgrid.client.mail.send.post(request_body=mail())
    soon(lambda: "delivered" in kinds(hooks))
    key = f"{sandbox.get('/api/messages').json[0]['provider_id']}.0"

    sandbox.get(f"/mailboxes/{DIA}/{key}")
    clicked = sandbox.get(f"/mailboxes/{DIA}/{key}/links/0")

    assert (clicked.status, clicked.headers["location"]) == (302, "https://pay.example/1?a=1&b=2")
    soon(lambda: kinds(hooks)[-2:] == ["open", "click"])
    assert events(hooks)[-1]["url"] == "https://pay.example/1?a=1&b=2"


def test_without_tracking_the_mail_stays_as_it_was_made(
    sendgrid: SendGridAPIClient, hooks: Hooks, sandbox: Http
) -> None:
    off = {"click_tracking": {"enable": False}, "open_tracking": {"enable": False}}
    sendgrid.client.mail.send.post(request_body=mail(tracking_settings=off))
    soon(lambda: "delivered" in kinds(hooks))
    key = f"{sandbox.get('/api/messages').json[0]['provider_id']}.0"

    sandbox.get(f"/mailboxes/{DIA}/{key}")
    shown = sandbox.get(f"/mailboxes/{DIA}/{key}/content")

    assert 'href="https://pay.example/1?a=1&amp;b=2"' in shown.text
    assert kinds(hooks) == ["processed", "delivered"]


def test_unsubscribing_is_one_post_to_the_senders_own_address(
    sendgrid: SendGridAPIClient, hooks: Hooks, sandbox: Http
) -> None:
    headers = {
        "List-Unsubscribe": f"<mailto:u@aurora.example>, <{hooks.url}/m/token/unsubscribe>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    sendgrid.client.mail.send.post(request_body=mail(headers=headers))
    key = f"{sandbox.get('/api/messages').json[0]['provider_id']}.0"
    assert "Unsubscribe" in sandbox.get(f"/mailboxes/{DIA}/{key}").text
    assert hooks.on("/m/") == []

    sandbox.call("POST", f"/mailboxes/{DIA}/{key}/unsubscribe")

    hit = soon(lambda: hooks.on("/m/token/unsubscribe"))[0]
    assert hit.body == b"List-Unsubscribe=One-Click"
    assert "unsubscribe" not in kinds(hooks)


def test_an_answer_comes_in_by_inbound_parse(sendgrid: SendGridAPIClient, hooks: Hooks, sandbox: Http) -> None:
    sendgrid.client.mail.send.post(request_body=mail())
    sent = sandbox.get("/api/messages").json[0]

    answered = sandbox.call("POST", "/api/replies", json={"channel": "email", "from": DIA, "text": "Não, obrigada ☕"})

    assert answered.status == 202
    said = parsed(soon(lambda: hooks.on("/hooks/sendgrid/inbound/hush"))[0])
    assert (said["text"], said["subject"], said["from"]) == ("Não, obrigada ☕", "Re: Your plan renews", DIA)
    assert json.loads(said["envelope"]) == {"to": ["reply+token@aurora.example"], "from": DIA}
    assert f"In-Reply-To: <{sent['provider_id']}@" in said["headers"]


def test_an_answer_may_quote_what_it_answers(sendgrid: SendGridAPIClient, hooks: Hooks, sandbox: Http) -> None:
    sendgrid.client.mail.send.post(request_body=mail())

    wanted = {"channel": "email", "from": DIA, "text": "Yes", "quote": True}
    sandbox.call("POST", "/api/replies", json=wanted)

    text = parsed(soon(lambda: hooks.on("/hooks/sendgrid/inbound/hush"))[0])["text"]
    assert text.startswith("Yes\n\nOn ")
    assert "> Your plan renews." in text
