"""What we post to Twilio is, field by field, what Twilio's own package posts."""

from typing import Any
from uuid import UUID

import msgspec
import pytest
from twilio.http import HttpClient
from twilio.http.response import Response
from twilio.rest import Client

from notifier.providers.contract import ApprovedTemplate, Channel, Content, Outgoing, Text
from notifier.providers.transport import Transport
from notifier.providers.twilio.messages import Twilio

ATTEMPT = UUID("01890000-0000-7000-8000-000000000001")
CALLBACK = "https://aurora.example/hooks/twilio/status/abc"


class Recording(HttpClient):
    """Keeps what the package would have sent."""

    def __init__(self) -> None:
        self.data: dict[str, Any] = {}
        self.url = ""

    def request(self, method: str, uri: str, params: Any = None, data: Any = None, **_: Any) -> Response:
        self.url, self.data = uri, data
        return Response(201, '{"sid": "SM1"}')


def provider(sms_from: str = "+15550001") -> Twilio:
    return Twilio(
        Transport(),
        account_sid="AC1",
        auth_token="t",
        api_url="https://api.twilio.com",
        sms_from=sms_from,
        whatsapp_from="+15550002",
        secret="s",
    )


TEMPLATE = ApprovedTemplate(content_sid="HX" + "1" * 32, variables={"1": "Ana", "2": "R$ 10"}, text="Oi Ana")


@pytest.mark.parametrize(
    ("channel", "content", "sms_from", "official"),
    [
        ("sms", Text(text="Olá & até já+"), "+15550001", {"from_": "+15550001", "body": "Olá & até já+"}),
        ("sms", Text(text="x"), "MG1", {"messaging_service_sid": "MG1", "body": "x"}),
        ("whatsapp", Text(text="x"), "+1", {"from_": "whatsapp:+15550002", "body": "x"}),
        (
            "whatsapp",
            TEMPLATE,
            "+1",
            {
                "from_": "whatsapp:+15550002",
                "content_sid": TEMPLATE.content_sid,
                "content_variables": msgspec.json.encode(dict(TEMPLATE.variables)).decode(),
            },
        ),
    ],
)
def test_the_form_is_the_one_the_package_makes(
    channel: Channel, content: Content, sms_from: str, official: dict[str, str]
) -> None:
    recording = Recording()
    to = "+5511999998888"
    Client("AC1", "t", http_client=recording).messages.create(
        to=f"whatsapp:{to}" if channel == "whatsapp" else to, status_callback=CALLBACK, **official
    )

    form = provider(sms_from).form(
        Outgoing(attempt_id=ATTEMPT, channel=channel, to=to, content=content, callback_url=CALLBACK)
    )

    assert form == recording.data
    assert recording.url == "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages.json"
