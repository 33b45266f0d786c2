"""Each request we make of Twilio and SendGrid, for every message that ships, is one their specifications allow."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import msgspec
import pytest

from notifier.i18n import catalogs
from notifier.i18n.shipped import directory
from notifier.messages.token import make_attempt
from notifier.providers.contract import (
    ApprovedTemplate,
    Channel,
    Content,
    Email,
    Outcome,
    Outgoing,
    Text,
)
from notifier.providers.sendgrid.mails import SendGrid
from notifier.providers.transport import Answer, Transport
from notifier.providers.twilio.content import register
from notifier.providers.twilio.messages import Twilio
from notifier.rendering.approval import SAMPLED_ON, wordings
from notifier.rendering.library import Library
from notifier.rendering.preview import preview
from notifier.settings import Settings
from tests.contract.specifications import (
    SENDGRID_HOSTS,
    SENDGRID_MAIL,
    TWILIO_CONTENT,
    TWILIO_LIST,
    TWILIO_MESSAGE,
    Schema,
    problems,
)

ATTEMPT = UUID("01890000-0000-7000-8000-000000000001")
ACCOUNT = "AC" + "0" * 32
CALLBACK = f"https://notify.example/sub/hooks/twilio/status/{make_attempt('s', ATTEMPT)}"
LIBRARY = Library.load(directory("templates"))
PHONE, ADDRESS = "+5511961234567", "ana@example.com"


class Recording(Transport):
    """Takes every request, keeps it, and answers as Twilio does when all is well."""

    def __init__(self) -> None:
        super().__init__()
        self.made: list[tuple[str, str, Mapping[str, str], bytes]] = []

    async def call(self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None) -> Answer:
        self.made.append((method, url, headers, body or b""))
        said: dict[str, Any] = {"sid": "SM1", "messages": [], "contents": []}
        return Answer(200 if method == "GET" else 201, {}, msgspec.json.encode(said))

    def endpoint(
        self, method: str, url: str, *, headers: Mapping[str, str], read: Callable[[Answer], Outcome]
    ) -> Callable[[bytes], Awaitable[Outcome]]:
        async def post(body: bytes) -> Outcome:
            return read(await self.call(method, url, headers=headers, body=body))

        return post


def shipped(channel: Channel) -> Iterator[tuple[str, Content]]:
    """Return each message of a channel, in every language; one by template as it is once it is registered."""
    for template in LIBRARY.templates:
        for locale in catalogs.LOCALES if channel in LIBRARY.channels(template) else ():
            content = preview(LIBRARY, template, channel, locale, today=SAMPLED_ON)
            if isinstance(content, ApprovedTemplate):
                content = msgspec.structs.replace(content, content_sid="HX" + "a1" * 16)
            yield f"{template}.{locale}", content


def twilio(transport: Transport, sms_from: str) -> Twilio:
    return Twilio(
        transport,
        account_sid=ACCOUNT,
        auth_token="t",
        api_url=Settings().twilio_api_url,
        sms_from=sms_from,
        whatsapp_from="+15550002",
        secret="s",
    )


def outgoing(channel: Channel, content: Content) -> Outgoing:
    to = ADDRESS if channel == "email" else PHONE
    return Outgoing(attempt_id=ATTEMPT, channel=channel, to=to, content=content, callback_url=CALLBACK)


@pytest.mark.parametrize("sms_from", ["+15550001", "MG" + "b2" * 16])
@pytest.mark.parametrize("channel", ["sms", "whatsapp"])
def test_every_text_is_a_message_twilio_publishes(channel: Channel, sms_from: str) -> None:
    recording = Recording()
    provider = twilio(recording, sms_from)
    texts = [*shipped(channel), ("free", Text(text="x" * 1600))]

    for _, content in texts:
        asyncio.run(provider.send(outgoing(channel, content)))

    assert len(recording.made) > len(catalogs.LOCALES)
    for (name, content), (method, url, headers, body) in zip(texts, recording.made, strict=True):
        form = dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True))
        assert (method, url) == ("POST", f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Messages.json")
        assert headers["Content-Type"] == "application/x-www-form-urlencoded"
        assert list(problems(form, TWILIO_MESSAGE)) == [], name
        # What the schema cannot say: exactly one sender, exactly one content.
        assert len({"From", "MessagingServiceSid"} & set(form)) == 1
        assert len({"Body", "ContentSid"} & set(form)) == 1
        if isinstance(content, ApprovedTemplate):
            assert list(problems(msgspec.json.decode(form["ContentVariables"]), VARIABLES)) == [], name


VARIABLES: Schema = {"type": "object", "additionalProperties": {"type": "string", "minLength": 1}}


def test_what_is_asked_when_an_answer_is_missing_is_a_list_twilio_publishes() -> None:
    recording = Recording()

    for channel, sms_from in (("sms", "+15550001"), ("sms", "MG" + "b2" * 16), ("whatsapp", "+15550001")):
        one = outgoing(channel, Text(text="x"))
        asyncio.run(twilio(recording, sms_from).find(one, since=datetime(2026, 11, 18, tzinfo=UTC), taken=frozenset()))

    for method, url, _, body in recording.made:
        assert (method, body) == ("GET", b"")
        assert urlsplit(url).path == f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
        assert list(problems(dict(parse_qsl(urlsplit(url).query, strict_parsing=True)), TWILIO_LIST)) == []


def test_every_wording_is_a_content_twilio_publishes() -> None:
    recording = Recording()
    every = wordings(LIBRARY, public_url="https://notify.example")

    asyncio.run(register(recording, every, api_url=Settings().twilio_api_url, account_sid=ACCOUNT, auth_token="t"))

    asked, *made = recording.made
    assert asked[:2] == ("GET", "https://content.twilio.com/v1/Content?PageSize=500")
    assert len(made) == len(every) > 0
    for method, url, headers, body in made:
        assert (method, url) == ("POST", "https://content.twilio.com/v1/Content")
        assert headers["Content-Type"] == "application/json"
        assert list(problems(msgspec.json.decode(body), TWILIO_CONTENT)) == []


@pytest.mark.parametrize("email_from", ["Aurora <billing@aurora.example>", "billing@aurora.example"])
@pytest.mark.parametrize("reply_to", ["reply@aurora.example", ""])
def test_every_mail_is_a_mail_send_sendgrid_publishes(email_from: str, reply_to: str) -> None:
    recording = Recording()
    provider = SendGrid(
        recording,
        api_key="SG.x",
        api_url=Settings().sendgrid_api_url,
        webhook_keys="",
        email_from=email_from,
        reply_to=reply_to,
    )
    mails = [*shipped("email")]
    for name, content in [*mails]:
        assert isinstance(content, Email)
        mails.append((name, msgspec.structs.replace(content, unsubscribe_url="https://a.example/u", topic="billing")))

    for _, content in mails:
        asyncio.run(provider.send(outgoing("email", content)))

    assert len(mails) > 2 * len(catalogs.LOCALES)
    for (name, _), (method, url, headers, body) in zip(mails, recording.made, strict=True):
        mail = msgspec.json.decode(body)
        assert (method, url) == ("POST", f"{SENDGRID_HOSTS[0]}/v3/mail/send")
        assert headers["Content-Type"] == "application/json"
        assert list(problems(mail, SENDGRID_MAIL)) == [], name
        # What the schema cannot say: one person only, custom arguments of at most 10,000 bytes, plain text first.
        assert [len(person["to"]) for person in mail["personalizations"]] == [1]
        assert len(msgspec.json.encode(mail["personalizations"][0]["custom_args"])) < 10_000
        assert [part["type"] for part in mail["content"]] == ["text/plain", "text/html"]


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({}, "$.To: is required"),
        ({"To": "5511"}, "does not match"),
        ({"To": PHONE, "Bdoy": "x"}, "$.Bdoy: no such field"),
        ({"To": PHONE, "Body": "x" * 1601}, "$.Body: 1601 characters"),
        ({"To": PHONE, "StatusCallback": "https://my_host/x"}, "$.StatusCallback"),
        ({"To": PHONE, "ContentSid": "HX1"}, "$.ContentSid"),
        ({"To": PHONE, "RiskCheck": "perhaps"}, "is not one of"),
        ({"To": PHONE, "SmartEncoded": "yes"}, "is no boolean"),
        ({"To": PHONE, "Attempt": True}, "is no integer"),
    ],
)
def test_a_request_that_is_not_published_is_found(form: dict[str, Any], told: str) -> None:
    assert told in "\n".join(problems(form, TWILIO_MESSAGE))


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"categories": ["a", "a"]}, "an item stands there twice"),
        ({"categories": [str(number) for number in range(11)]}, "11 items"),
        ({"content": [{"type": "text/plain", "value": ""}]}, "$.content[0].value: 0 characters"),
        ({"headers": {"Reply-To": "x"}}, "its name"),
        ({"headers": {"List-Unsubscribe": 1}}, "is no string"),
        ({"personalizations": [{}]}, "$.personalizations[0].to: is required"),
        ({"from": "a@b.example"}, "is no object"),
        ({"custom_args": {"attempt_id": "x"}}, "is no string"),
    ],
)
def test_a_mail_that_is_not_published_is_found(changed: dict[str, Any], told: str) -> None:
    mail = {"personalizations": [{"to": [{"email": ADDRESS}]}], "from": {"email": ADDRESS}}

    assert list(problems(mail, SENDGRID_MAIL)) == []
    assert told in "\n".join(problems(mail | changed, SENDGRID_MAIL))
