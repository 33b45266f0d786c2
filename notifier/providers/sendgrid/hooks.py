"""What SendGrid posts to us, read into our words: batches of events, and parsed incoming mail."""

import hashlib
import re
from datetime import UTC, datetime
from email import message_from_bytes
from email.parser import HeaderParser
from email.utils import parseaddr
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from notifier.providers.contract import EventKind, Hook, Inbound, Reason, StatusReport

KINDS: dict[str, EventKind] = {
    "processed": "accepted",
    "deferred": "deferred",
    "delivered": "delivered",
    "bounce": "bounced",
    "blocked": "undelivered",
    "dropped": "refused",
    "open": "opened",
    "click": "clicked",
    "spamreport": "complained",
    "unsubscribe": "unsubscribed",
    "group_unsubscribe": "unsubscribed",
}
_TELLING = {"dropped", "bounce", "blocked", "spamreport"}
"""Words a reason can be told from."""
_DROPPED: tuple[tuple[str, Reason], ...] = (
    ("unsubscribed", "opted-out"),
    ("bounced", "suppressed"),
    ("spam report", "suppressed"),
    ("invalid", "bad-address"),
    ("spam content", "content"),
    ("recipient list over", "account"),
)
_PLUS = re.compile(r"\+([0-9a-f]{32})@", re.IGNORECASE)
_ANSWERED = re.compile(r"<([0-9a-f-]{32,36})@", re.IGNORECASE)
# What is never closed goes on to the end: looking for the end from each of ten thousand beginnings would take for ever.
_TAG = re.compile(r"<(style|script)\b.*?(?:</\1>|\Z)|<[^<>]+>", re.IGNORECASE | re.DOTALL)


class Event(Struct, frozen=True, kw_only=True):
    """What we read of an event, where each field is of the type SendGrid gives it; what is missing is None."""

    event: str
    sg_event_id: Annotated[str, Meta(min_length=1)]
    sg_message_id: str | None = None
    attempt_id: UUID | None = None
    timestamp: int | float | None = None
    type: str | None = None
    status: str | None = None
    reason: str | None = None
    sg_machine_open: bool | None = None


_events = msgspec.json.Decoder(list[Event])


def reports(body: bytes) -> list[StatusReport]:
    """Read a batch of events. What is no event is left out; a word we do not know becomes `unknown`."""
    try:
        return [_report(event) for event in _events.decode(body) if event.event]
    except (msgspec.DecodeError, UnicodeDecodeError):
        return [_report(_read(event)) for event in _objects(body) if event.get("event")]


def _objects(body: bytes) -> list[dict[str, Any]]:
    try:
        batch = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return []
    return [event for event in (batch if isinstance(batch, list) else [batch]) if isinstance(event, dict)]


def _read(event: dict[str, Any]) -> Event:
    """Make what can be made of an event that is not as SendGrid writes them."""
    texts = {name: str(event.get(name) or "") for name in ("sg_message_id", "status", "reason")}
    return Event(
        event=str(event["event"]),
        sg_event_id=str(event.get("sg_event_id") or _digest(event)),
        attempt_id=_uuid(event.get("attempt_id")),
        timestamp=stamp if isinstance(stamp := event.get("timestamp"), int | float) else None,
        type="blocked" if event.get("type") == "blocked" else None,
        sg_machine_open=event.get("sg_machine_open") is True,
        **texts,
    )


def _digest(event: dict[str, Any]) -> str:
    return hashlib.sha256(msgspec.json.encode(event, order="sorted")).hexdigest()


def _report(event: Event) -> StatusReport:
    word = event.event
    if word == "bounce" and event.type == "blocked":
        word = "blocked"
    kind: EventKind = KINDS.get(word, "unknown")
    if kind == "opened" and event.sg_machine_open:
        kind = "delivered"  # the mail program fetched the picture by itself; nobody need have looked
    said = event.status or event.reason
    return StatusReport(
        event_id=event.sg_event_id[:300],
        attempt_id=event.attempt_id,
        ref=(event.sg_message_id or "").partition(".")[0] or None,
        kind=kind,
        reason=_reason(word, event) if word in _TELLING else "",
        detail=" ".join(filter(None, (event.status, event.reason)))[:300] if said else "",
        reported_at=_moment(event.timestamp),
    )


def _reason(word: str, event: Event) -> Reason:
    said, status = (event.reason or "").lower(), event.status or ""
    if word == "dropped":
        return next((reason for words, reason in _DROPPED if words in said), "other")
    if word == "bounce":
        if status.startswith("5.2.2"):
            return "mailbox-full"
        return "blocked" if status.startswith("5.7") else "bad-address"
    return "blocked" if word == "blocked" else "spam"


def inbound(hook: Hook) -> list[Inbound]:
    """Read a mail from the inbound parse; an out-of-office or a bounce is marked as automatic."""
    fields = _fields(hook)
    sender = parseaddr(fields.get("from", ""))[1].lower()
    envelope = _object(fields.get("envelope", ""))
    recipients = [str(to) for to in envelope.get("to") or []] or [fields.get("to", "")]
    if not sender:
        return []
    headers = HeaderParser().parsestr(fields.get("headers", ""))
    text = fields.get("text") or _TAG.sub(" ", fields.get("html", ""))
    given = (headers.get("Message-ID") or "").strip()
    known_by = given or hashlib.sha256("\0".join((sender, *recipients, text)).encode("utf-8", "replace")).hexdigest()
    token = _PLUS.search(" ".join(recipients)) or _ANSWERED.search(headers.get("In-Reply-To") or "")
    answered = _uuid(token[1]) if token else None
    return [
        Inbound(
            event_id=known_by[:300],
            channel="email",
            sender=sender,
            recipient=parseaddr(recipients[0])[1],
            text=text,
            in_reply_to=str(answered) if answered else None,
            is_automatic=_is_automatic(headers, envelope),
        )
    ]


def _is_automatic(headers: Any, envelope: dict[str, Any]) -> bool:
    submitted = (headers.get("Auto-Submitted") or "no").strip().lower()
    precedence = (headers.get("Precedence") or "").strip().lower()
    return (
        submitted != "no"
        or "X-Autoreply" in headers
        or "X-Autorespond" in headers
        or precedence in {"bulk", "junk", "auto_reply"}
        or envelope.get("from") in {"", "<>"}
    )


def _fields(hook: Hook) -> dict[str, str]:
    kind = hook.headers.get("content-type", "")
    form = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + hook.body)
    raw: dict[str, bytes] = {}
    for part in form.walk():
        name = part.get_param("name", header="content-disposition")
        value = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(value, bytes):
            raw[name] = value
    charsets = _object(raw.get("charsets", b"").decode("utf-8", "replace"))
    return {name: _decoded(value, str(charsets.get(name) or "utf-8")) for name, value in raw.items()}


def _decoded(value: bytes, charset: str) -> str:
    try:
        return value.decode(charset, "replace").replace("\0", "")
    except LookupError:
        return value.decode("utf-8", "replace").replace("\0", "")


def _object(text: str) -> dict[str, Any]:
    try:
        read = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    return read if isinstance(read, dict) else {}


def _uuid(text: object) -> UUID | None:
    try:
        return msgspec.convert(text, UUID) if text else None  # a third of what `UUID` takes
    except msgspec.ValidationError:
        return None


def _moment(stamp: float | None) -> datetime | None:
    try:
        return None if stamp is None else datetime.fromtimestamp(stamp, UTC)
    except (OverflowError, OSError, ValueError):
        return None
