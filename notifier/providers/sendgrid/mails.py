"""SendGrid: email over its v3 Mail Send, its signed event webhook and its inbound parse."""

from collections.abc import Awaitable
from datetime import datetime
from email.utils import parseaddr
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec
from sendgrid.helpers.eventwebhook import EventWebhook

from notifier.providers.contract import (
    Accepted,
    Capabilities,
    Email,
    ForgedHook,
    Found,
    Hook,
    Inbound,
    NotSent,
    Outcome,
    Outgoing,
    Reason,
    Refused,
    StatusReport,
    Unknown,
)
from notifier.providers.sendgrid import hooks
from notifier.providers.transport import Answer, Transport, shortened

ACCOUNT_WAIT = 60.0
"""Seconds before an account that is out of order is tried again."""


class SendGrid:
    """Email by one SendGrid account."""

    def __init__(
        self,
        transport: Transport,
        *,
        api_key: str,
        api_url: str,
        webhook_keys: str,
        email_from: str,
        reply_to: str,
        name: str = "sendgrid",
    ) -> None:
        """
        Make no call yet.

        `webhook_keys`: public keys of the event webhook, comma-separated while one is being replaced. Without any, no
        report can be believed.
        """
        self.name = name
        headers = {"Authorization": f"Bearer {api_key}", "Content-Type": "application/json"}
        self._post = transport.endpoint(
            "POST", f"{api_url.rstrip('/')}/v3/mail/send", headers=headers, read=read_answer
        )
        self._keys = [key.strip() for key in webhook_keys.split(",") if key.strip()]
        self.can = Capabilities(channels=("email",), reports_delivery=bool(self._keys), names_attempt=("email",))
        name, address = parseaddr(email_from)
        always = {
            "from": {"email": address, "name": name} if name else {"email": address},
            "tracking_settings": {
                "click_tracking": {"enable": False, "enable_text": False},
                "subscription_tracking": {"enable": False},
            },
        }
        self._always = msgspec.json.encode(always)[:-1] + b","
        self._address = address
        self._reply_to = parseaddr(reply_to)[1]

    def sender(self, channel: str) -> str:
        """Return the address mails come from."""
        return self._address if channel == "email" else ""

    def body(self, outgoing: Outgoing) -> bytes:
        """Return the body of a mail send, as the vendor's own package would make it."""
        content = outgoing.content
        if not isinstance(content, Email):
            raise TypeError("SendGrid sends emails only")
        to: dict[str, Any] = {
            "to": [{"email": outgoing.to}],
            "custom_args": {"attempt_id": outgoing.attempt_id},
        }
        if content.unsubscribe_url:
            to["headers"] = {
                "List-Unsubscribe": f"<{content.unsubscribe_url}>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            }
        mail: dict[str, Any] = {"subject": content.subject, "personalizations": [to]}
        if self._reply_to:
            mail["reply_to"] = {"email": reply_address(self._reply_to, outgoing.attempt_id)}
        if content.topic:
            mail["categories"] = [content.topic]
        # The HTML is JSON already, and too long to be copied more than once.
        head = self._always, msgspec.json.encode(mail)[1:-1], b',"content":[{"type":"text/plain","value":'
        text = msgspec.json.encode(content.text), b'},{"type":"text/html","value":'
        return b"".join((*head, *text, *content.html.pieces, b"}]}"))

    def send(self, outgoing: Outgoing) -> Awaitable[Outcome]:
        return self._post(self.body(outgoing))

    async def find(
        self,
        outgoing: Outgoing,  # noqa: ARG002 - the contract's; SendGrid cannot be asked
        *,
        since: datetime,  # noqa: ARG002 - the contract's; SendGrid cannot be asked
        taken: frozenset[str],  # noqa: ARG002 - the contract's; SendGrid cannot be asked
    ) -> Found | None:
        """Always None, which proves nothing: only SendGrid's events are evidence (`can.finds`)."""
        return None

    def verify(self, hook: Hook) -> None:
        if not any(self._is_signed(hook, key) for key in self._keys):
            raise ForgedHook("The signature does not match.")

    def reports(self, hook: Hook) -> list[StatusReport]:
        return hooks.reports(hook.body)

    def inbound(self, hook: Hook) -> list[Inbound]:
        return hooks.inbound(hook)

    @staticmethod
    def _is_signed(hook: Hook, key: str) -> bool:
        signature = hook.headers.get("x-twilio-email-event-webhook-signature", "")
        stamp = hook.headers.get("x-twilio-email-event-webhook-timestamp", "")
        try:
            return bool(_webhook(key).verify_signature(hook.body.decode(), signature, stamp))
        except (ValueError, TypeError, AttributeError):  # not base64, not UTF-8, no key at all
            return False


#: Reading a key takes as long as verifying with it.
_webhook = lru_cache(maxsize=64)(EventWebhook)


def reply_address(reply_to: str, attempt_id: UUID) -> str:
    """Return where the answer to one mail goes: behind a plus sign of the address stands the attempt's id."""
    local, _, domain = reply_to.rpartition("@")
    return f"{local}+{attempt_id.hex}@{domain}"


def read_answer(answer: Answer) -> Outcome:
    """Return what SendGrid's answer to a mail send means."""
    if answer.status in {200, 202}:
        return Accepted(ref=answer.headers.get("x-message-id", ""))
    errors = answer.json().get("errors")
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    field = str(first.get("field") or "")
    detail = shortened(f"HTTP {answer.status} {field}".strip())
    if answer.status == 429:
        return NotSent(retry_after=answer.retry_after(), reason="pacing", detail=detail)
    if answer.status in {401, 403, 404, 405} or field.startswith("from"):
        return NotSent(retry_after=ACCOUNT_WAIT, reason="account", detail=detail)
    if 400 <= answer.status < 500 and answer.status != 408:
        is_address = field.startswith("personalizations") and ".to" in field
        reason: Reason = "bad-address" if is_address else "content"
        return Refused(reason=reason, permanent=is_address, detail=detail)
    return Unknown(detail=detail)
