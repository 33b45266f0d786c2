"""Take a mail as SendGrid does: check, put into each recipient's mailbox, answer 202, and tell what becomes of it."""

import secrets

from notifier.sandbox.records import Message, read_attempt_id
from notifier.sandbox.sendgrid import events
from notifier.sandbox.sendgrid.errors import error
from notifier.sandbox.sendgrid.mail import Mail, Personalization, read
from notifier.sandbox.stage import Stage
from notifier.sandbox.wire import Reply


def send(stage: Stage, body: bytes) -> Reply:
    """Answer `POST /v3/mail/send`."""
    mail = read(body)
    if isinstance(mail, Reply):
        return mail
    for index, one in enumerate(mail.personalizations):
        for place, address in enumerate(one.to):
            if stage.ending("email", address.email).outcome == "invalid":
                spot = f"personalizations.{index}.to.{place}.email"
                return error(400, "Does not contain a valid address.", spot, about="to")
    if mail.is_rehearsal:
        return Reply(200, b"", ())
    message_id = secrets.token_urlsafe(16)
    number = 0
    for one in mail.personalizations:
        for address in one.receivers:
            message = _message(stage, mail, one, address.email, f"{message_id}.{number}")
            stage.store.add(message)
            events.start(stage, message, stage.ending("email", address.email))
            number += 1
    return Reply(202, b"", ((b"x-message-id", message_id.encode()),))


def _message(stage: Stage, mail: Mail, one: Personalization, email: str, key: str) -> Message:
    sender = one.sender or mail.sender
    reply_to = mail.reply_to or next(iter(mail.reply_to_list or []), None)
    custom_args = {name: str(value) for name, value in {**mail.custom_args, **one.custom_args}.items()}
    subject, text, html = one.subject or mail.subject, _part(mail, "text/plain"), _part(mail, "text/html")
    for tag, value in one.substitutions.items():
        subject, text, html = (written.replace(tag, value) for written in (subject, text, html))
    now = stage.now()
    return Message(
        key=key,
        provider_id=key.rpartition(".")[0],
        channel="email",
        person=email,
        business=sender.email if sender else "",
        business_name=(sender.name or "") if sender else "",
        reply_to=reply_to.email if reply_to else "",
        subject=subject,
        text=text,
        html=html,
        received_at=now,
        updated_at=now,
        status="queued",
        attempt_id=read_attempt_id(custom_args.get("attempt_id", "")) or custom_args.get("attempt_id", ""),
        custom_args=custom_args,
        categories=mail.categories,
        headers={**mail.headers, **one.headers},
        tracks_opens=mail.enables("open_tracking", by_default=True),
        tracks_clicks=mail.enables("click_tracking", by_default=True),
    )


def _part(mail: Mail, kind: str) -> str:
    return next((part.value for part in mail.content if part.type == kind), "")
