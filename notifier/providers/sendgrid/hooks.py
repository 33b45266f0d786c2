"""What SendGrid posts to us, read into our words: batches of events, and parsed incoming mail."""

import hashlib
import re
from datetime import UTC, datetime
from email import message_from_bytes
from email.parser import HeaderParser
from email.utils import parseaddr
from typing import Any
from uuid import UUID

import msgspec

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


def reports(body: bytes) -> list[StatusReport]:
    """Read a batch of events. What is no event is left out; a word we do not know becomes `unknown`."""
    try:
        batch = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return []
    events = batch if isinstance(batch, list) else [batch]
    return [_report(event) for event in events if isinstance(event, dict) and event.get("event")]


def _report(event: dict[str, Any]) -> StatusReport:
    word = str(event["event"])
    if word == "bounce" and event.get("type") == "blocked":
        word = "blocked"
    kind: EventKind = KINDS.get(word, "unknown")
    if kind == "opened" and event.get("sg_machine_open") is True:
        kind = "delivered"  # the mail program fetched the picture by itself; nobody need have looked
    ref = str(event.get("sg_message_id") or "").partition(".")[0]
    return StatusReport(
        event_id=str(
            event.get("sg_event_id") or hashlib.sha256(msgspec.json.encode(event, order="sorted")).hexdigest()
        )[:300],
        attempt_id=_uuid(event.get("attempt_id")),
        ref=ref or None,
        kind=kind,
        reason=_reason(word, event),
        detail=" ".join(str(event[name]) for name in ("status", "reason") if event.get(name))[:300],
        reported_at=_moment(event.get("timestamp")),
    )


def _reason(word: str, event: dict[str, Any]) -> Reason:
    said = str(event.get("reason") or "").lower()
    status = str(event.get("status") or "")
    if word == "dropped":
        return next((reason for words, reason in _DROPPED if words in said), "other")
    if word == "bounce":
        if status.startswith("5.2.2"):
            return "mailbox-full"
        return "blocked" if status.startswith("5.7") else "bad-address"
    if word == "blocked":
        return "blocked"
    return "spam" if word == "spamreport" else ""


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


def _moment(stamp: object) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(stamp), UTC) if isinstance(stamp, int | float) else None
    except (OverflowError, OSError, ValueError):
        return None
