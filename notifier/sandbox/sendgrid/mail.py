"""The body of `POST /v3/mail/send`, checked the way SendGrid checks it: the first thing wrong is named."""

import re
from typing import Any

import msgspec
from msgspec import Struct, field

from notifier.sandbox.sendgrid.errors import error
from notifier.sandbox.wire import Reply

RESERVED_HEADERS = frozenset(
    (
        *("x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding"),
        *("to", "from", "subject", "reply-to", "cc", "bcc"),
    )
)
_ADDRESS = re.compile(r"[^@\s<>,;\"]+@[^@\s<>,;\"]+\.[^@\s<>,;\".]+")
_NO_SUBJECT = (
    "The subject is required. You can get around this requirement if you use a template with a subject defined or if "
    "every personalization has a subject defined."
)
_NO_CONTENT = (
    "Unless a valid template_id is provided, the content parameter is required. There must be at least one defined "
    "content block. We typically suggest both text/plain and text/html blocks are included, but only one block is "
    "required."
)
_NO_TO = (
    "The to array is required for all personalization objects, and must have at least one email object with a valid "
    "email address."
)
_UNVERIFIED = (
    "The from address does not match a verified Sender Identity. Mail cannot be sent until this error is resolved."
)
_OUT_OF_ORDER = (
    "If present, text/plain and text/html may only be provided once, with text/plain first, followed by text/html, "
    "followed by any other content."
)
_NO_FROM = (
    "The from object must be provided for every email send. It is an object that requires the email parameter, but may "
    'also contain a name parameter.  e.g. {"email" : "example@example.com"}  or {"email" : "example@example.com", '
    '"name" : "Example Recipient"}.'
)


class Address(Struct):
    email: str = ""
    name: str | None = None


class Content(Struct):
    type: str = ""
    value: str = ""


class Personalization(Struct):
    to: list[Address] = []
    cc: list[Address] = []
    bcc: list[Address] = []
    subject: str = ""
    headers: dict[str, str] = {}
    substitutions: dict[str, str] = {}
    custom_args: dict[str, Any] = {}
    sender: Address | None = field(default=None, name="from")

    @property
    def receivers(self) -> list[Address]:
        return [*self.to, *self.cc, *self.bcc]


class Mail(Struct):
    """What we read of it; what we do not know is let through, as SendGrid's optional fields are many."""

    personalizations: list[Personalization] = []
    sender: Address | None = field(default=None, name="from")
    reply_to: Address | None = None
    reply_to_list: list[Address] | None = None
    subject: str = ""
    content: list[Content] = []
    headers: dict[str, str] = {}
    categories: list[str] = []
    custom_args: dict[str, Any] = {}
    mail_settings: dict[str, Any] = {}
    tracking_settings: dict[str, Any] = {}

    def enables(self, tracking: str, *, by_default: bool) -> bool:
        setting = self.tracking_settings.get(tracking) or {}
        return bool(setting.get("enable", by_default))

    @property
    def is_rehearsal(self) -> bool:
        """Only to be checked, not sent (SendGrid's own "sandbox mode")."""
        return bool((self.mail_settings.get("sandbox_mode") or {}).get("enable"))


_MAIL = msgspec.json.Decoder(Mail)
_WHERE = re.compile(r" - at `\$\.?(.*?)`$")


def read(body: bytes) -> Mail | Reply:
    """Read a mail, or say what SendGrid would say."""
    try:
        mail = _MAIL.decode(body)
    except msgspec.ValidationError as problem:
        where = _WHERE.search(str(problem))
        spot = re.sub(r"\[(\d+|\.\.\.)\]", r".\1", where[1]) if where else None
        return error(400, _WHERE.sub("", str(problem)), spot)
    except msgspec.DecodeError:
        return error(400, "Bad Request")
    return _receivers(mail) or _sender(mail) or _words(mail) or _extras(mail) or mail


def is_address(email: str) -> bool:
    return _ADDRESS.fullmatch(email) is not None


def _receivers(mail: Mail) -> Reply | None:
    if not mail.personalizations:
        said = "The personalizations field is required and must have at least one personalization."
        return error(400, said, "personalizations", about="-Personalizations-Errors-")
    if sum(len(one.receivers) for one in mail.personalizations) > 1000 or len(mail.personalizations) > 1000:
        return error(400, "Too many recipients: at most 1000 for each request.", "personalizations")
    found = (_one(one, f"personalizations.{index}") for index, one in enumerate(mail.personalizations))
    return next((refusal for refusal in found if refusal), None)


def _one(one: Personalization, spot: str) -> Reply | None:
    if not one.to:
        return error(400, _NO_TO, f"{spot}.to", about="personalizations.to")
    for kind, addresses in (("to", one.to), ("cc", one.cc), ("bcc", one.bcc)):
        for place, address in enumerate(addresses):
            if not is_address(address.email):
                return error(400, "Does not contain a valid address.", f"{spot}.{kind}.{place}.email", about=kind)
    emails = [address.email.lower() for address in one.receivers]
    if len(set(emails)) < len(emails):
        said = "Each email address in the personalization block should be unique between to, cc, and bcc."
        return error(400, said, spot, about="-Personalizations-Errors-")
    return None


def _sender(mail: Mail) -> Reply | None:
    if mail.sender is None or not mail.sender.email:
        return error(400, _NO_FROM, "from.email", about="from")
    if not is_address(mail.sender.email):
        return error(400, "Does not contain a valid address.", "from.email", about="from")
    if mail.sender.email.startswith("unverified@"):
        return error(403, _UNVERIFIED, "from", about="from")
    if mail.reply_to and mail.reply_to_list:
        return error(400, "Only one of reply_to or reply_to_list can be used.", "reply_to")
    return None


def _words(mail: Mail) -> Reply | None:
    if not mail.subject and not all(one.subject for one in mail.personalizations):
        return error(400, _NO_SUBJECT, "subject", about="subject")
    if not mail.content:
        return error(400, _NO_CONTENT, "content", about="content")
    for index, part in enumerate(mail.content):
        if not part.value:
            said = "The content value must be a string at least one character in length."
            return error(400, said, f"content.{index}.value", about="content.value")
        if not part.type or "/" not in part.type:
            return error(
                400, "The content type must be a valid MIME type.", f"content.{index}.type", about="content.type"
            )
    order = [{"text/plain": 0, "text/html": 1}.get(part.type, 2) for part in mail.content]
    if order != sorted(order):
        return error(400, _OUT_OF_ORDER, "content", about="content")
    return None


def _extras(mail: Mail) -> Reply | None:
    for headers in (mail.headers, *(one.headers for one in mail.personalizations)):
        for name, value in headers.items():
            if name.lower() in RESERVED_HEADERS:
                return error(400, f"The header '{name}' is reserved and cannot be used.", "headers", about="headers")
            if "\n" in value or "\r" in value:
                return error(400, "Header values must not contain line breaks.", "headers", about="headers")
    if len(mail.categories) > 10 or len(set(mail.categories)) < len(mail.categories):
        return error(400, "There can be at most 10 categories, each unique.", "categories", about="categories")
    for one in mail.personalizations:
        if len(msgspec.json.encode({**mail.custom_args, **one.custom_args})) > 10_000:
            return error(400, "Custom args must not exceed 10000 bytes.", "custom_args", about="custom_args")
    return None
