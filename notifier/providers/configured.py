"""NOTIFIER_PROVIDERS: further instances of providers, and when and how fast each may be used, by channel."""

import tomllib
from collections.abc import Collection, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct

from notifier.errors import Misconfigured
from notifier.providers import secrets
from notifier.providers.contract import Channel, Provider
from notifier.providers.gateway import shape
from notifier.providers.gateway.texts import Gateway
from notifier.providers.gateway.words import AnswerShape, CallbackShape
from notifier.providers.sendgrid.mails import SendGrid
from notifier.providers.smtp import dkim
from notifier.providers.smtp.mails import SMTP
from notifier.providers.smtp.verp import ReturnAddress
from notifier.providers.transport import Transport
from notifier.providers.twilio.messages import Twilio
from notifier.settings import Settings, secret_key

SETTING = "NOTIFIER_PROVIDERS"
_NAME = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
_CHANNELS = ("email", "sms", "whatsapp")


class Limits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of one route; each field as in `contract.Route`. No `priority`: the provider's usual one."""

    priority: Annotated[int, Meta(ge=1)] | None = None
    weight: Annotated[int, Meta(ge=1)] = 1
    per_second: Annotated[float, Meta(gt=0)] | None = None
    burst: Annotated[float, Meta(gt=0)] | None = None


class Entry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An entry without `kind`: limits of a provider that the other settings configure."""

    email: Limits | None = None
    sms: Limits | None = None
    whatsapp: Limits | None = None


class TwilioEntry(Entry, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A further Twilio account."""

    kind: Literal["twilio"]
    account_sid: str
    auth_token: str
    api_url: str = "https://api.twilio.com"
    sms_from: str = ""
    whatsapp_from: str = ""

    def build(self, name: str, transport: Transport, settings: Settings) -> Provider:
        return Twilio(
            transport,
            account_sid=self.account_sid,
            auth_token=self.auth_token,
            api_url=self.api_url,
            sms_from=self.sms_from,
            whatsapp_from=self.whatsapp_from,
            secret=secret_key(settings),
            name=name,
        )


class SendGridEntry(Entry, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A further SendGrid account; sender and reply address are those of the settings unless told."""

    kind: Literal["sendgrid"]
    api_key: str
    api_url: str = "https://api.sendgrid.com"
    webhook_key: str = ""
    email_from: str = ""
    reply_to: str = ""

    def build(self, name: str, transport: Transport, settings: Settings) -> Provider:
        return SendGrid(
            transport,
            api_key=self.api_key,
            api_url=self.api_url,
            webhook_keys=self.webhook_key,
            email_from=self.email_from or settings.email_from,
            reply_to=self.reply_to or settings.email_reply_to,
            name=name,
        )


class SMTPEntry(Entry, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A further mail server; sender and reply address are those of the settings unless told, signed as they say."""

    kind: Literal["smtp"]
    url: str
    email_from: str = ""
    reply_to: str = ""

    def build(self, name: str, transport: Transport, settings: Settings) -> Provider:  # noqa: ARG002 - the same for all
        return mail_server(name, self.url, settings, email_from=self.email_from, reply_to=self.reply_to)


class JSONEntry(Entry, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An SMS gateway that takes JSON; `headers` and `body` have blanks such as `{to}` (`gateway.shape.BLANKS`)."""

    kind: Literal["json"]
    url: str
    method: Literal["POST", "PUT", "PATCH"] = "POST"
    sender: str = msgspec.field(default="", name="from")
    headers: dict[str, str] = {}
    body: dict[str, Any]
    answer: AnswerShape = AnswerShape()
    callback: CallbackShape | None = None

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"`url` must be an http(s) address, not {self.url!r}")
        blanks = {*shape.blanks(self.headers), *shape.blanks(self.body)}
        if unknown := blanks - {*shape.BLANKS}:
            raise ValueError(f"{{{min(unknown)}}} is no blank we can fill; there are {', '.join(shape.BLANKS)}")
        if {"text"} & {*shape.blanks(self.headers)}:
            raise ValueError("{text} cannot stand in a header")
        if not blanks & {"to", "to_digits"} or "text" not in blanks:
            raise ValueError("`body` must have {to} (or {to_digits}) and {text}")
        if "callback_url" in blanks and self.callback is None:
            raise ValueError("{callback_url} is given out, but no `callback` says how to verify who calls it")

    def build(self, name: str, transport: Transport, settings: Settings) -> Provider:
        return Gateway(
            transport,
            name=name,
            url=self.url,
            method=self.method,
            sender=self.sender,
            headers=self.headers,
            body=self.body,
            answer=self.answer,
            callback=self.callback,
            secret=secret_key(settings),
        )


Added = TwilioEntry | SendGridEntry | SMTPEntry | JSONEntry
KINDS: dict[str, type[Added]] = {
    "twilio": TwilioEntry,
    "sendgrid": SendGridEntry,
    "smtp": SMTPEntry,
    "json": JSONEntry,
}


class Plan(Struct, frozen=True):
    """What NOTIFIER_PROVIDERS says."""

    added: dict[str, Added]
    changed: dict[str, Entry]

    def limits(self, name: str, channel: Channel) -> Limits:
        entry = self.added.get(name) or self.changed.get(name)
        return getattr(entry, channel, None) or Limits()

    def check(self, defaults: Collection[str]) -> None:
        """Raise Misconfigured unless every entry is new, or speaks of a provider that the other settings configure."""
        for name in self.added:
            if name in defaults:
                raise _wrong(name, "kind", "that name is configured by other settings already; choose another name")
        for name in self.changed:
            if name not in defaults:
                raise _wrong(name, "kind", f"is missing (one of {', '.join(KINDS)}): no other setting configures it")


def read(settings: Settings, environ: Mapping[str, str]) -> Plan:
    """
    Read and check the setting; nothing set gives an empty plan.

    Raises:
        Misconfigured: it cannot be read, or an entry is wrong; names the entry, the field and the remedy.
    """
    entries = _entries(settings.providers)
    added: dict[str, Added] = {}
    changed: dict[str, Entry] = {}
    for name, raw in entries.items():
        _convert(name, "", name, _NAME)
        if not isinstance(raw, dict):
            raise _wrong(name, "", "must be a table")
        kind = raw.get("kind")
        if kind is None:
            changed[name] = _convert(name, "", raw, Entry)
            continue
        if kind not in KINDS:
            raise _wrong(name, "kind", f"is {kind!r}; it must be one of {', '.join(KINDS)}")
        told = secrets.resolve(raw, environ, partial(_wrong, name))
        added[name] = _convert(name, "", told, KINDS[kind])
    return Plan(added, changed)


def mail_server(name: str, url: str, settings: Settings, *, email_from: str = "", reply_to: str = "") -> SMTP:
    """
    Build a mail server that signs, and has mails come back, as the settings say.

    Raises:
        Misconfigured: they are wrong; names the setting.
    """
    return SMTP(
        url,
        email_from=email_from or settings.email_from,
        reply_to=reply_to or settings.email_reply_to,
        name=name,
        signer=dkim.read(settings.dkim_selector, settings.dkim_domain, settings.dkim_key),
        bounces_to=ReturnAddress(settings.bounce_address, secret_key(settings)) if settings.bounce_address else None,
    )


def _entries(written: str) -> dict[str, Any]:
    if not written.strip():
        return {}
    try:
        if written.lstrip().startswith("{"):
            return msgspec.json.decode(written, type=dict[str, Any])
        return tomllib.loads(Path(written).read_text())
    except OSError as error:
        raise Misconfigured(f"{SETTING} names {written}, which cannot be read: {error.strerror}.") from error
    except (msgspec.DecodeError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{SETTING} cannot be read: {error}.") from error


def _convert(name: str, field: str, raw: Any, kind: Any) -> Any:
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `$")
        raise _wrong(name, where.rstrip("`").lstrip(".") or field, what) from error


def _wrong(name: str, field: str, why: str) -> Misconfigured:
    return Misconfigured(f"{SETTING}, entry [{name}]{f', {field}' if field else ''}: {why}.")
