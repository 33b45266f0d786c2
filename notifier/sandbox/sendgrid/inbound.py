"""An answer to an email, brought to the notifier the way Inbound Parse brings it."""

import json
import secrets
from datetime import UTC, datetime
from email.utils import format_datetime

from notifier.sandbox.deliveries import Call
from notifier.sandbox.records import Message
from notifier.sandbox.stage import Stage


def receive(stage: Stage, message: Message) -> None:
    """Keep an email a person wrote, and tell the notifier."""
    stage.store.add(message)
    if stage.config.inbound_secret:
        call = _post(stage.config.inbound_email_url, _fields(stage, message))
        stage.call_back("sendgrid", call.url, lambda: call)


def _fields(stage: Stage, message: Message) -> dict[str, str]:
    answered = stage.store.messages.get(message.in_reply_to)
    headers = {
        "From": message.person,
        "To": message.business,
        "Subject": message.subject,
        "Date": format_datetime(datetime.fromtimestamp(message.received_at, UTC)),
        "Message-ID": f"<{message.provider_id}@{message.person.rpartition('@')[2]}>",
        "MIME-Version": "1.0",
        "Content-Type": 'text/plain; charset="utf-8"',
    }
    if answered:
        answered_id = f"<{answered.provider_id}@geopod-ismtpd-sandbox>"
        headers |= {"In-Reply-To": answered_id, "References": answered_id}
    charsets = dict.fromkeys(("to", "from", "subject", "text", "html"), "utf-8")
    return {
        "headers": "".join(f"{name}: {value}\n" for name, value in headers.items()),
        "dkim": f"{{@{message.person.rpartition('@')[2]} : pass}}",
        "to": message.business,
        "from": message.person,
        "text": message.text,
        "sender_ip": "198.51.100.7",
        "spam_report": "",
        "spam_score": "0.0",
        "envelope": json.dumps({"to": [message.business], "from": message.person}),
        "attachments": "0",
        "subject": message.subject,
        "charsets": json.dumps(charsets),
        "SPF": "pass",
    }


def _post(url: str, fields: dict[str, str]) -> Call:
    boundary = f"xYzZY{secrets.token_hex(12)}"
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    body = "".join([*parts, f"--{boundary}--\r\n"]).encode("utf-8", "replace")
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}", "User-Agent": "SendGrid Parse"}
    return Call(url, headers, body)
