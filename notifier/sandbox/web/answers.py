"""What a customer writes back, by whichever channel."""

import secrets
from datetime import UTC, datetime
from typing import Annotated
from uuid import uuid4

from msgspec import Meta, Struct, field

from notifier.errors import Invalid
from notifier.sandbox.records import Channel, Message
from notifier.sandbox.sendgrid import inbound as email
from notifier.sandbox.stage import Stage
from notifier.sandbox.twilio import inbound as texting


class Answer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A text from a person; only channel, from, and text or button are needed."""

    channel: Channel
    person: Annotated[str, Meta(min_length=3)] = field(name="from")
    business: str = field(name="to", default="")
    """Empty: whoever wrote to this person last."""
    text: str = ""
    in_reply_to: str = ""
    """Provider id of the message answered; an email without it answers the last one."""
    button: str = ""
    """The payload of the WhatsApp button that was tapped; `text` is then its title."""
    subject: str = ""
    quote: bool = False
    """Quote the mail answered below the text, as mail programs do."""


def answer(stage: Stage, given: Answer) -> Message:
    """
    Let a person answer, and tell the notifier.

    Raises:
        Invalid: there is no text, or nobody to answer.
    """
    person, text = given.person.removeprefix("whatsapp:").strip(), given.text
    answered = _answered(stage, given, person)
    if not text and given.button and answered:
        text = next((button.title for button in answered.buttons if button.payload == given.button), given.button)
    if not text.strip():
        raise Invalid("An answer needs a text.", {"text": "Write something."})
    last = answered or stage.store.last(person, given.channel, inbound=False)
    business = given.business.removeprefix("whatsapp:").strip() or (last and (last.reply_to or last.business))
    if not business:
        said = f"Nobody has written to {person} by {given.channel} yet: say whom the text goes to."
        raise Invalid(said, {"to": said})
    now = stage.now()
    provider_id = secrets.token_hex(12) if given.channel == "email" else f"SM{uuid4().hex}"
    message = Message(
        key=f"{provider_id}.0" if given.channel == "email" else provider_id,
        provider_id=provider_id,
        channel=given.channel,
        person=person,
        business=business,
        text=text,
        received_at=now,
        updated_at=now,
        status="received",
        is_inbound=True,
    )
    if given.channel == "email":
        message.in_reply_to = last.key if last else ""
        message.subject = given.subject or (f"Re: {last.subject}" if last else "")
        if given.quote and last:
            message.text = _quoted(text, last)
        email.receive(stage, message)
        return message
    if answered and (given.in_reply_to or given.button):
        message.in_reply_to = answered.provider_id
    texting.receive(stage, message, button=given.button)
    return message


def _answered(stage: Stage, given: Answer, person: str) -> Message | None:
    thread = stage.store.thread(person, given.channel)
    if given.in_reply_to:
        found = next((one for one in thread if given.in_reply_to in {one.provider_id, one.key}), None)
        if found is None:
            said = f"{person} has no such message by {given.channel}."
            raise Invalid(said, {"in_reply_to": said})
        return found
    if given.button:
        has_it = (one for one in reversed(thread) if any(button.payload == given.button for button in one.buttons))
        return next(has_it, None)
    return None


def _quoted(text: str, last: Message) -> str:
    at = datetime.fromtimestamp(last.received_at, UTC)
    quoted = "\n".join(f"> {line}".rstrip() for line in last.text.splitlines())
    author = f"{last.business_name or last.business} <{last.business}>"
    return f"{text}\n\nOn {at:%a, %d %b %Y at %H:%M}, {author} wrote:\n\n{quoted}\n"
