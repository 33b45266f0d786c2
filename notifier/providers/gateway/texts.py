"""SMS by a gateway that configuration describes: what to post, what its answers mean, how its reports are read."""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from notifier.messages.token import read_attempt
from notifier.providers.contract import (
    Capabilities,
    EventKind,
    ForgedHook,
    Found,
    Hook,
    Inbound,
    Outcome,
    Outgoing,
    Reason,
    StatusReport,
    Text,
)
from notifier.providers.gateway import shape, words
from notifier.providers.gateway.words import AnswerShape, CallbackShape
from notifier.providers.transport import Answer, Transport


class Gateway:
    """SMS by one gateway. It cannot be asked; its reports, where it makes any that are signed, are the evidence."""

    def __init__(
        self,
        transport: Transport,
        *,
        name: str,
        url: str,
        method: str,
        sender: str,
        headers: Mapping[str, str],
        body: Mapping[str, Any],
        answer: AnswerShape,
        callback: CallbackShape | None,
        secret: str,
    ) -> None:
        """
        Make no call yet.

        `secret` is what callback URLs were signed with (`messages.token`); without `callback` no report is believed.
        """
        self.name = name
        self.can = Capabilities(channels=("sms",), reports_delivery=callback is not None)
        self._transport = transport
        self._url = url
        self._method = method
        self._from = sender
        self._headers = {"Content-Type": "application/json", "Accept": "application/json", **headers}
        self._body = body
        self._answer = answer
        self._callback = callback
        self._secret = secret

    def sender(self, channel: str) -> str:
        """Return what texts are written from: what a rate limit counts for."""
        return self._from if channel == "sms" else ""

    def request(self, outgoing: Outgoing) -> tuple[dict[str, str], dict[str, Any]]:
        """Return the headers and the body of a call, every blank filled."""
        if not isinstance(outgoing.content, Text):
            raise TypeError("a gateway sends plain texts only")
        values = {
            "to": outgoing.to,
            "to_digits": outgoing.to.removeprefix("+"),
            "from": self._from,
            "text": outgoing.content.text,
            "attempt": str(outgoing.attempt_id),
            "callback_url": outgoing.callback_url,
        }
        return shape.fill(self._headers, values), shape.fill(self._body, values)

    async def send(self, outgoing: Outgoing) -> Outcome:
        headers, body = self.request(outgoing)
        answer = await self._transport.call(self._method, self._url, headers=headers, body=msgspec.json.encode(body))
        return words.outcome(answer, self._answer) if isinstance(answer, Answer) else answer

    async def find(
        self,
        outgoing: Outgoing,  # noqa: ARG002 - the contract's; a gateway cannot be asked
        *,
        since: datetime,  # noqa: ARG002 - the contract's; a gateway cannot be asked
        taken: frozenset[str],  # noqa: ARG002 - the contract's; a gateway cannot be asked
    ) -> Found | None:
        """Always None, which proves nothing (`can.finds`)."""
        return None

    def verify(self, hook: Hook) -> None:
        if self._callback is None:
            raise ForgedHook(f"{self.name} has no secret to verify reports with.")
        given = hook.headers.get(self._callback.header.lower(), "")
        if not hmac.compare_digest(given.encode(), signature(hook.body, self._callback).encode()):
            raise ForgedHook("The signature does not match.")

    def reports(self, hook: Hook) -> list[StatusReport]:
        how = self._callback
        if how is None:
            return []
        try:
            found = shape.at(msgspec.json.decode(hook.body), how.events)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return []
        named = read_attempt(self._secret, urlsplit(hook.url).path.rpartition("/")[2])
        events = found if isinstance(found, list) else [found]
        return [_report(event, how, named, hook.url) for event in events if isinstance(event, dict)]

    def inbound(self, hook: Hook) -> list[Inbound]:  # noqa: ARG002 - the contract's
        return []


def signature(body: bytes, how: CallbackShape) -> str:
    """Return what the header of a genuine report says."""
    made = hmac.new(how.secret.encode(), body, how.algorithm).digest()
    return how.prefix + (made.hex() if how.encoding == "hex" else b64encode(made).decode())


def _report(event: dict[str, Any], how: CallbackShape, named: UUID | None, url: str) -> StatusReport:
    said = shape.word(shape.at(event, how.status))
    kind: EventKind
    reason: Reason
    kind, reason = words.split(words.meaning(how.statuses, said) or "unknown")
    ours = _uuid(shape.word(shape.at(event, how.attempt))) if how.attempt else None
    known_by = shape.word(shape.at(event, how.event_id)) if how.event_id else ""
    whole = url.encode() + msgspec.json.encode(event, order="sorted")
    return StatusReport(
        event_id=known_by or hashlib.sha256(whole).hexdigest(),
        attempt_id=named or ours,
        ref=(shape.word(shape.at(event, how.id)) if how.id else "") or None,
        kind=kind,
        reason=reason,
        detail=said,
    )


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
