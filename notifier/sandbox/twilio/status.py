"""A message's way from queued to delivered, told to its StatusCallback and signed as Twilio signs."""

from datetime import UTC, datetime
from urllib.parse import urlencode

from twilio.request_validator import RequestValidator

from notifier.sandbox.deliveries import Call
from notifier.sandbox.outcomes import Ending
from notifier.sandbox.records import Message
from notifier.sandbox.stage import Stage
from notifier.sandbox.twilio.resource import VERSION, prefixed

_PACE = {"queued": 0.0, "sending": 0.01, "sent": 0.02, "delivered": 0.05, "undelivered": 0.05, "failed": 0.03}


def start(stage: Stage, message: Message, ending: Ending) -> None:
    """Set a message on its way; the state it starts in is in the API's answer and gets no callback."""
    way = ["queued"] if message.status == "accepted" else []
    way += {
        "delivered": ["sending", "sent", "delivered"],
        "undelivered": ["sending", "sent", "undelivered"],
        "failed": ["failed"],
    }.get(ending.outcome, ["sending", "sent"])
    _step(stage, message, way, ending.error_code)


def read(stage: Stage, message: Message) -> None:
    """The person has opened the chat: WhatsApp tells."""
    if message.channel == "whatsapp" and message.status == "delivered":
        _move(stage, message, "read", None)


def sign(stage: Stage, url: str, form: dict[str, str]) -> Call:
    """Build a form POST with Twilio's signature; a fragment is for Twilio alone and neither signed nor sent."""
    url = url.partition("#")[0]
    return Call(
        url,
        {
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "User-Agent": "TwilioProxy/1.1",
            "X-Twilio-Signature": RequestValidator(stage.config.twilio_auth_token).compute_signature(url, form),
        },
        urlencode(form).encode(),
    )


def _step(stage: Stage, message: Message, way: list[str], error_code: int | None) -> None:
    status, *rest = way

    def arrive() -> None:
        _move(stage, message, status, None if rest else error_code)
        if rest:
            _step(stage, message, rest, error_code)

    stage.later(_PACE[status], arrive)


def _move(stage: Stage, message: Message, status: str, error_code: int | None) -> None:
    now = stage.now()
    sent_at = now if status == "sent" else message.sent_at
    stage.store.change(message, status=status, error_code=error_code, updated_at=now, sent_at=sent_at)
    if message.callback:
        stage.call_back(
            "twilio", message.callback, lambda: sign(stage, message.callback, _form(stage, message, status, error_code))
        )


def _form(stage: Stage, message: Message, status: str, error_code: int | None) -> dict[str, str]:
    form = {
        "AccountSid": stage.config.twilio_account_sid,
        "ApiVersion": VERSION,
        "From": prefixed(message, message.business),
        "To": prefixed(message, message.person),
        "MessageSid": message.provider_id,
        "MessageStatus": status,
        "SmsSid": message.provider_id,
        "SmsStatus": status,
    }
    if message.messaging_service:
        form["MessagingServiceSid"] = message.messaging_service
    if error_code is not None:
        form["ErrorCode"] = str(error_code)
    if message.channel == "whatsapp":
        form["ChannelPrefix"] = "whatsapp"
        form["ChannelInstallSid"] = f"XE{stage.config.twilio_account_sid[2:]}"
        if error_code is not None:
            form["ChannelStatusMessage"] = f"WhatsApp error {error_code}"
        if status == "read":
            form["EventType"] = "READ"
    elif status in {"delivered", "undelivered"}:
        form["RawDlrDoneDate"] = datetime.fromtimestamp(stage.now(), UTC).strftime("%y%m%d%H%M")
    return form
