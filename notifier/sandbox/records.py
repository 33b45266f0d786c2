"""What the sandbox remembers of each text that passed through it."""

from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct, field

Channel = Literal["email", "sms", "whatsapp"]


class Button(Struct, frozen=True):
    """A button below a WhatsApp message: an answer (with `payload`), or a link (with `url`)."""

    title: str
    payload: str = ""
    url: str = ""


class Message(Struct, kw_only=True, gc=False):
    """One text, either way. Times are seconds since the epoch; statuses are the vendor's words."""

    key: str
    provider_id: str
    """Twilio's SID; for email SendGrid's X-Message-Id, which several recipients may share."""
    channel: Channel
    person: str
    """The customer's bare address, whichever way the text went."""
    business: str
    """The bare address of the other side."""
    text: str
    received_at: float
    status: str
    is_inbound: bool = False
    is_own: bool = False
    """Written by the vendor itself (its answer to STOP), not by the notifier."""
    subject: str = ""
    html: str = ""
    attempt_id: str = ""
    updated_at: float = 0.0
    sent_at: float | None = None
    error_code: int | None = None
    segments: int = 1
    callback: str = ""
    messaging_service: str = ""
    buttons: list[Button] = field(default_factory=list)
    in_reply_to: str = ""
    business_name: str = ""
    reply_to: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    custom_args: dict[str, str] = field(default_factory=dict)
    categories: list[str] = field(default_factory=list)
    tracks_opens: bool = False
    tracks_clicks: bool = False
    is_opened: bool = False
    is_unsubscribed: bool = False
    is_thinned: bool = False
    """Its HTML was dropped to keep memory bounded."""

    @property
    def arrived(self) -> bool:
        """Whether the person has it on the screen."""
        return self.is_inbound or self.status in {"delivered", "read", "sent", "received"}

    @property
    def failed(self) -> bool:
        return self.status in {"undelivered", "failed", "bounce", "dropped", "blocked"}


class Listed(Struct, frozen=True, kw_only=True):
    """A message as `GET /api/messages` tells it."""

    channel: Channel
    to: str
    sender: str = field(name="from")
    subject: str
    text: str
    html: str
    provider_id: str
    attempt_id: str
    received_at: datetime
    status: str
    error_code: int | None
    buttons: list[Button]


def listed(message: Message) -> Listed:
    """Describe one outbound message for the JSON list."""
    return Listed(
        channel=message.channel,
        to=message.person,
        sender=message.business,
        subject=message.subject,
        text=message.text,
        html=message.html,
        provider_id=message.provider_id,
        attempt_id=message.attempt_id,
        received_at=datetime.fromtimestamp(message.received_at, UTC),
        status=message.status,
        error_code=message.error_code,
        buttons=message.buttons,
    )


def read_attempt_id(text: str) -> str:
    """Return the attempt id `text` begins with, dashed, or "" when there is none: a token is `<id>.<signature>`."""
    try:
        return str(UUID(text.partition(".")[0]))
    except ValueError:
        return ""
