"""What Twilio posts to us, read into our words."""

from base64 import b64encode
from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import unquote_plus
from uuid import UUID

from notifier.mac import Mac
from notifier.providers.contract import (
    ApprovedTemplate,
    Channel,
    Content,
    Email,
    EventKind,
    Inbound,
    StatusReport,
)
from notifier.providers.twilio import codes

KINDS: dict[str, EventKind] = {
    "scheduled": "accepted",
    "accepted": "accepted",
    "queued": "accepted",
    "sending": "accepted",
    "sent": "sent",
    "delivered": "delivered",
    "undelivered": "undelivered",
    "failed": "refused",
    "canceled": "refused",
    "read": "read",
}
"""`MessageStatus` → ours. What is missing here (`partially_delivered`, words to come) is kept and never applied."""


class Fields:
    """The fields of a form post; a name may come more than once. Has the `getlist` Twilio's validator looks for."""

    def __init__(self, parts: list[tuple[str, str, str]]) -> None:
        """`parts`: each field's name, what stands between, and its value."""
        self._parts = parts
        self._first = {name: value for name, _, value in reversed(parts)}

    @classmethod
    def read(cls, body: bytes) -> "Fields":
        """Read a body as `parse_qsl` would, in a quarter of the time."""
        if (plain := _plain(body)) is not None:
            return cls(_parts(plain))
        parts = _parts(body.decode("utf-8", "replace"))
        return cls([(unquote_plus(name), between, unquote_plus(value)) for name, between, value in parts])

    @property
    def pairs(self) -> list[tuple[str, str]]:
        return [(name, value) for name, _, value in self._parts]

    def __iter__(self) -> Iterator[str]:
        return iter(self._first)

    def __len__(self) -> int:
        return len(self._first)

    def getlist(self, name: str) -> list[str]:
        return [value for one, value in self.pairs if one == name]

    def get(self, name: str) -> str:
        return self._first.get(name, "")


def _plain(body: bytes) -> str | None:
    """Return a form with nothing left to decode, as most are but for phone numbers; None where there is more."""
    if not body.isascii() or b"+" in body:
        return None
    plain = body.decode("ascii").replace("%2B", "+").replace("%3A", ":")
    return None if "%" in plain else plain


def _parts(form: str) -> list[tuple[str, str, str]]:
    return [pair.partition("=") for pair in form.split("&") if pair]


def signature(mac: Mac, url: str, body: bytes) -> str:
    """Return what Twilio signs a form post with: what its package computes, in a quarter of the time."""
    said = _said(body)
    if said is None:
        said = "".join([name + value for name, value in sorted(set(Fields.read(body).pairs))])
    return b64encode(mac((url + said).encode())).decode()


def _said(body: bytes) -> str | None:
    """Return the fields as they are signed, sorted and with nothing between, where that takes no decoding."""
    plain = _plain(body)
    if plain is None or "\0" in plain:
        return None
    # Names and values sort as pairs do when what stands between them comes before every letter.
    pairs = {pair.replace("=", "\0", 1) for pair in plain.split("&")}
    said = "".join(sorted(pairs))
    return said.replace("\0", "") if said.count("\0") == len(pairs) else None


def reports(fields: Fields, attempt_id: UUID | None) -> list[StatusReport]:
    """Read a status callback. Twilio gives it no id and no time; SID, status and code make it unique."""
    sid = fields.get("MessageSid") or fields.get("SmsSid")
    status = (fields.get("MessageStatus") or fields.get("SmsStatus")).lower()
    if not sid or not status:
        return []
    raw_code = fields.get("ErrorCode")
    code = int(raw_code) if raw_code.isascii() and raw_code.isdigit() else None
    kind: EventKind = KINDS.get(status, "unknown")
    return [
        StatusReport(
            event_id=f"{sid}:{status}:{raw_code}"[:200],
            attempt_id=attempt_id,
            ref=sid,
            kind=kind,
            reason=(codes.reason(code) or "other") if kind in {"undelivered", "refused"} else "",
            detail=f"{status} {raw_code}".strip()[:100],
        )
    ]


def inbound(fields: Fields) -> list[Inbound]:
    """Read an incoming SMS or WhatsApp message. A tapped button counts as its payload, else as its title."""
    sid = fields.get("MessageSid") or fields.get("SmsMessageSid")
    sender, recipient = fields.get("From"), fields.get("To")
    if not sid or not sender:
        return []
    channel: Channel = "whatsapp" if sender.startswith("whatsapp:") else "sms"
    return [
        Inbound(
            event_id=sid,
            channel=channel,
            sender=sender.removeprefix("whatsapp:"),
            recipient=recipient.removeprefix("whatsapp:"),
            text=fields.get("ButtonPayload") or fields.get("Body") or fields.get("ButtonText"),
            in_reply_to=fields.get("OriginalRepliedMessageSid") or None,
            keyword=fields.get("OptOutType").lower(),
        )
    ]


def is_same(content: Content, body: str) -> bool:
    """Tell whether a listed body is that of `content`. A listed template shows no buttons; our text ends with them."""
    if isinstance(content, Email):
        return False
    ours, theirs = " ".join(content.text.split()), " ".join(body.split())
    return ours == theirs or (isinstance(content, ApprovedTemplate) and bool(theirs) and ours.startswith(theirs))


def read_date(text: str | None) -> datetime | None:
    """Read an RFC 2822 date; None when there is none that can be read."""
    try:
        return parsedate_to_datetime(text) if text else None
    except ValueError:
        return None
