"""What becomes of a mail, told to the event webhook in signed batches."""

import secrets
from typing import Any

import msgspec

from notifier.sandbox.outcomes import Ending
from notifier.sandbox.records import Message
from notifier.sandbox.stage import Stage

_PROCESSED = 0.02
_SETTLED = 0.05
_SPAM_AFTER = 0.15
_IP = "192.0.2.10"
_READER = {"ip": "198.51.100.7", "useragent": "Sandbox mailbox"}
_REASONS = {
    "bounces": "Bounced Address",
    "spam_reports": "Spam Reporting Address",
    "unsubscribes": "Unsubscribed Address",
}


def start(stage: Stage, message: Message, ending: Ending) -> None:
    """Set a mail on its way. What SendGrid has on a suppression list is dropped, whatever the recipient would do."""
    address = message.person.lower()
    listed = next((reason for kind, reason in _REASONS.items() if stage.store.noted(kind, address) is not None), None)
    if listed or ending.outcome in {"dropped", "failed"}:
        stage.later(_PROCESSED, lambda: _drop(stage, message, listed or "Invalid"))
        return
    stage.later(_PROCESSED, lambda: _tell(stage, message, "processed", {}, status="processed"))
    if ending.outcome == "deferred":
        said = {"response": "451 4.7.1 Greylisted, try again later", "attempt": "1"}
        stage.later(_SETTLED, lambda: _tell(stage, message, "deferred", said, status="deferred"))
        stage.later(2 * _SETTLED, lambda: _deliver(stage, message))
    elif ending.outcome in {"bounce", "undelivered", "blocked"}:
        stage.later(_SETTLED, lambda: _bounce(stage, message, is_block=ending.outcome == "blocked"))
    elif ending.outcome != "sent-only":
        stage.later(_SETTLED, lambda: _deliver(stage, message))
        if ending.outcome == "complaint":
            stage.later(_SPAM_AFTER, lambda: complain(stage, message))


def complain(stage: Stage, message: Message) -> None:
    """The person marks the mail as spam."""
    stage.store.note("spam_reports", message.person.lower(), stage.now())
    _tell(stage, message, "spamreport", {})


def open_mail(stage: Stage, message: Message) -> None:
    """The person opens the mail; told once, and only if the sender asked for it."""
    if message.is_opened or not message.arrived or message.is_inbound:
        return
    stage.store.change(message, is_opened=True)
    if message.tracks_opens:
        _tell(stage, message, "open", {**_READER, "sg_machine_open": False})


def click(stage: Stage, message: Message, url: str) -> None:
    _tell(stage, message, "click", {**_READER, "url": url, "url_offset": {"index": 0, "type": "html"}})


def unsubscribe(stage: Stage, message: Message) -> None:
    """The person leaves through SendGrid's own link, because the sender gave none."""
    stage.store.note("unsubscribes", message.person.lower(), stage.now())
    _tell(stage, message, "unsubscribe", {})


def _tell(stage: Stage, message: Message, kind: str, fields: dict[str, Any], *, status: str = "") -> None:
    """Add one event to the next batch; `status` is the mail's new state, when it changes."""
    now = stage.now()
    if status:
        sent_at = now if status == "delivered" else message.sent_at
        stage.store.change(message, status=status, updated_at=now, sent_at=sent_at)
    event = {
        **message.custom_args,
        "email": message.person,
        "timestamp": int(now),
        "event": kind,
        "smtp-id": f"<{message.provider_id}@geopod-ismtpd-sandbox>",
        "sg_event_id": secrets.token_urlsafe(16),
        "sg_message_id": f"{message.provider_id}.recvd-sandbox-1-{message.key.rpartition('.')[2]}",
        **fields,
    }
    if message.categories:
        event["category"] = message.categories
    raw = msgspec.json.encode(event)
    for delay in stage.delays("sendgrid"):
        stage.events.put(raw, delay)


def _deliver(stage: Stage, message: Message) -> None:
    _tell(stage, message, "delivered", {"response": "250 2.0.0 OK", "ip": _IP, "tls": 1}, status="delivered")


def _drop(stage: Stage, message: Message, reason: str) -> None:
    _tell(stage, message, "dropped", {"reason": reason}, status="dropped")


def _bounce(stage: Stage, message: Message, *, is_block: bool) -> None:
    if is_block:
        said = {"type": "blocked", "reason": "550 5.7.1 Blocked by policy", "bounce_classification": "Reputation"}
        _tell(stage, message, "bounce", {**said, "status": "5.7.1", "ip": _IP, "tls": 1}, status="blocked")
        return
    stage.store.note("bounces", message.person.lower(), stage.now())
    said = {
        "type": "bounce",
        "reason": "550 5.1.1 The email account that you tried to reach does not exist.",
        "bounce_classification": "Invalid Address",
    }
    _tell(stage, message, "bounce", {**said, "status": "5.1.1", "ip": _IP, "tls": 1}, status="bounce")
