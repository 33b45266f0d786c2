"""Take a message as Twilio does: check, keep, answer 201, and set it on its way."""

import re
from collections.abc import Mapping
from uuid import uuid4

from notifier.sandbox.outcomes import Ending
from notifier.sandbox.records import Button, Message, read_attempt_id
from notifier.sandbox.stage import Stage
from notifier.sandbox.twilio import content, status
from notifier.sandbox.twilio.errors import error
from notifier.sandbox.twilio.resource import resource
from notifier.sandbox.twilio.segments import segments
from notifier.sandbox.wire import Reply, reply

POOL_NUMBER = "+15005550006"
"""What a Messaging Service sends from; also one of Twilio's own magic numbers."""
WINDOW = 24 * 60 * 60
"""Seconds WhatsApp lets us write freely after a person's last text."""
LONGEST = 1600

_NUMBER = re.compile(r"\+[1-9]\d{6,14}")
_SENDER = re.compile(r"\+[1-9]\d{6,14}|\d{3,8}|(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}")
# Twilio refuses hosts with an underscore.
_CALLBACK = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]+([/?#]\S*)?")


def create(stage: Stage, form: Mapping[str, str]) -> Reply:
    """Answer `POST /2010-04-01/Accounts/{sid}/Messages.json`."""
    to, sender, service = form.get("To", ""), form.get("From", ""), form.get("MessagingServiceSid", "")
    refusal = _addresses(to, sender, service) or _text(form)
    if refusal:
        return refusal
    person, is_whatsapp = to.removeprefix("whatsapp:"), to.startswith("whatsapp:")
    business = sender.removeprefix("whatsapp:") or POOL_NUMBER
    ending = stage.ending("whatsapp" if is_whatsapp else "sms", person)
    if ending.outcome == "invalid":
        return error(21211, to)
    is_opted_out = not is_whatsapp and stage.store.noted("opt-outs", f"{person} {business}") is not None
    if ending.outcome == "opted-out" or is_opted_out:
        return error(21610)
    filled = _content(stage, form)
    if isinstance(filled, Reply):
        return filled
    text, buttons, fault = filled
    if is_whatsapp and not form.get("ContentSid") and not _may_write_freely(stage, person):
        fault = 63016
    now = stage.now()
    callback = form.get("StatusCallback", "")
    message = Message(
        key=(sid := f"SM{uuid4().hex}"),
        provider_id=sid,
        channel="whatsapp" if is_whatsapp else "sms",
        person=person,
        business=business,
        text=text,
        received_at=now,
        updated_at=now,
        status="accepted" if service else "queued",
        segments=1 if is_whatsapp else segments(text),
        callback=callback,
        attempt_id=read_attempt_id(callback.partition("/hooks/twilio/status/")[2]),
        messaging_service=service,
        buttons=buttons,
    )
    stage.store.add(message)
    answer = reply(201, resource(stage.config.twilio_account_sid, message))
    status.start(stage, message, Ending("failed", fault) if fault else ending)
    return answer


def _addresses(to: str, sender: str, service: str) -> Reply | None:
    if not to:
        return error(21604)
    if not sender and not service:
        return error(21603)
    if not _NUMBER.fullmatch(to.removeprefix("whatsapp:")):
        return error(21211, to)
    if not sender:
        return None
    if to.startswith("whatsapp:") != sender.startswith("whatsapp:"):
        return error(21910)
    allowed = _NUMBER if sender.startswith("whatsapp:") else _SENDER
    return None if allowed.fullmatch(sender.removeprefix("whatsapp:")) else error(21212, sender)


def _text(form: Mapping[str, str]) -> Reply | None:
    if form.get("ScheduleType"):
        return error(35118)
    if not (form.get("Body") or form.get("MediaUrl") or form.get("ContentSid")):
        return error(21602)
    if len(form.get("Body", "")) > LONGEST:
        return error(21617)
    callback = form.get("StatusCallback")
    if callback and not _CALLBACK.fullmatch(callback):
        return error(21609, callback)
    return None


def _content(stage: Stage, form: Mapping[str, str]) -> tuple[str, list[Button], int | None] | Reply:
    sid = form.get("ContentSid")
    if not sid:
        return form.get("Body", ""), [], None
    template = stage.store.noted("contents", sid)
    if template is None:
        return error(21655)
    variables = content.read_variables(form.get("ContentVariables", ""))
    if variables is None:
        return error(21656)
    filled = content.fill(template, variables)
    return filled.text, filled.buttons, 63028 if filled.missing else None


def _may_write_freely(stage: Stage, person: str) -> bool:
    last = stage.store.last(person, "whatsapp", inbound=True)
    return last is not None and stage.now() - last.received_at < WINDOW
