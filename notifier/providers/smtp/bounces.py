"""Mails that came back to an envelope sender of ours, read into our words: delivery reports (DSN), complaints (ARF)."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes, message_from_string
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from uuid import UUID

from msgspec import Struct

from notifier.providers.contract import EventKind, Reason, StatusReport
from notifier.providers.smtp import meaning
from notifier.providers.smtp.verp import ReturnAddress
from notifier.providers.transport import shortened

LONGEST = 1_000_000
"""Bytes read of a mail. The report stands before the mail it speaks of, so that a long one loses nothing we need."""

if TYPE_CHECKING:
    Mail = Message[str, str]

_RECIPIENT = ("Delivered-To", "X-Original-To", "Envelope-To", "To")
#: Where the mail that is reported of says what its envelope sender was.
_REPORTED = ("Original-Mail-From", "Return-Path")


class Told(Struct, frozen=True, kw_only=True):
    """One thing a mail reports."""

    kind: EventKind
    reason: Reason = ""
    detail: str
    at: datetime | None = None


def attempt(raw: bytes, known: ReturnAddress, *, recipient: str = "") -> UUID | None:
    """
    Return the attempt a mail came back for, by an address whose signature is right, or None.

    `recipient` is the envelope's, where the mail server tells; else the headers say it, or (complaints come to another
    address) the mail within.
    """
    head = BytesHeaderParser().parsebytes(raw[:LONGEST])
    found = known.named([recipient, *_values(head, _RECIPIENT)])
    return found or known.named(value for part in _parts(raw) for value in _values(part, _REPORTED))


def reports(raw: bytes, *, came_to: str) -> list[StatusReport]:
    """
    Read what a mail reports of its attempt, which `came_to` names; one that is no report proves that somebody has ours.

    The mail's own Message-ID tells a repeat: a mail server delivers again when it is not sure of our answer.
    """
    parts = list(_parts(raw))
    identity = str(parts[0].get("Message-ID") or "").strip().encode("utf-8", "replace") or raw
    known_by = hashlib.sha256(came_to.encode() + b"\0" + identity).hexdigest()[:32]
    at = _moment(parts[0].get("Date"))
    told = [one for part in parts for one in _told(part)] or [Told(kind="accepted", detail="an answer, no report")]
    return [
        StatusReport(
            event_id=f"{known_by}:{number}",
            attempt_id=None,
            ref=None,
            kind=one.kind,
            reason=one.reason,
            detail=shortened(one.detail),
            reported_at=one.at or at,
        )
        for number, one in enumerate(told)
    ]


def _told(part: "Mail") -> Iterator[Told]:
    kind = part.get_content_type()
    if kind in {"message/delivery-status", "message/global-delivery-status"}:
        for block in _blocks(part):
            if "Action" in block or "Status" in block:
                yield _delivery(block)
    elif kind == "message/feedback-report":
        for block in _blocks(part):
            word = _value(block, "Feedback-Type")
            meant, reason = meaning.feedback(word)
            yield Told(kind=meant, reason=reason, detail=f"feedback: {word}", at=_moment(block.get("Arrival-Date")))


def _delivery(block: "Mail") -> Told:
    action, status, diagnostic = (_value(block, name) for name in ("Action", "Status", "Diagnostic-Code"))
    kind, reason = meaning.delivery(action, status, diagnostic)
    detail = " ".join(said for said in (action, status, diagnostic) if said)
    return Told(kind=kind, reason=reason, detail=detail, at=_moment(block.get("Last-Attempt-Date")))


def _parts(raw: bytes) -> "Iterator[Mail]":
    for part in message_from_bytes(raw[:LONGEST]).walk():
        yield part
        if part.get_content_type() == "text/rfc822-headers":
            yield message_from_string(str(part.get_payload()))


def _blocks(part: "Mail") -> "Iterator[Mail]":
    """Return the groups of fields of a report; the parser takes apart only those of the oldest kind."""
    payload = part.get_payload()
    if isinstance(payload, list) and len(payload) > 1:
        yield from (one for one in payload if isinstance(one, Message))
        return
    rest: object = payload[0] if isinstance(payload, list) and payload else payload
    while rest:
        block = rest if isinstance(rest, Message) else message_from_string(str(rest).lstrip())
        yield block
        rest = block.get_payload() if block.keys() and not block.is_multipart() else None


def _values(mail: "Mail", names: tuple[str, ...]) -> list[str]:
    return [str(value) for name in names for value in mail.get_all(name, [])]


def _value(mail: "Mail", name: str) -> str:
    return " ".join(str(mail.get(name) or "").split())


def _moment(text: object) -> datetime | None:
    try:
        at = parsedate_to_datetime(str(text)) if text else None
    except ValueError:
        return None
    return at.replace(tzinfo=UTC) if at and at.tzinfo is None else at
