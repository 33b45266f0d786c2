"""Say in words what is missing or contradictory in the settings."""

from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from notifier.db import Database, is_ready
from notifier.errors import Misconfigured
from notifier.providers import registry
from notifier.providers.registry import Providers
from notifier.sending import pace
from notifier.settings import Settings


def examine(settings: Settings) -> list[str]:
    """Return one sentence per finding, each with its remedy; an empty list means nothing is known to be wrong."""
    return [
        *_addresses(settings),
        *_providers(settings),
        *_channels(settings),
        *_waits(settings),
        *_production(settings),
        *_database(settings),
    ]


def _addresses(settings: Settings) -> Iterator[str]:
    for name in ("public_url", "twilio_api_url", "sendgrid_api_url"):
        parts = urlsplit(getattr(settings, name))
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            yield f"NOTIFIER_{name.upper()} must be an http(s) address, not {getattr(settings, name)!r}."
        elif "_" in parts.hostname:
            yield f"NOTIFIER_{name.upper()}: Twilio refuses callback hosts with an underscore ({parts.hostname})."
    if settings.is_production and settings.allow_recipients:
        yield "NOTIFIER_ALLOW_RECIPIENTS has no effect in production: everybody is written to."
    if settings.is_production and not settings.public_url.startswith("https://"):
        yield "NOTIFIER_PUBLIC_URL must begin with https:// in production; one-click unsubscribe (RFC 8058) needs it."


def _providers(settings: Settings) -> Iterator[str]:
    try:
        channels = _built(settings).channels
    except Misconfigured as error:
        yield str(error)
        return
    if "email" not in channels:
        yield "No way to send email: set NOTIFIER_SENDGRID_API_KEY or NOTIFIER_SMTP_URL."
    if not channels & {"sms", "whatsapp"} and not settings.twilio_account_sid:
        yield "NOTIFIER_TWILIO_ACCOUNT_SID is unset: no SMS and no WhatsApp will be sent."
    if settings.smtp_url and not settings.bounce_address:
        yield "NOTIFIER_BOUNCE_ADDRESS is unset: mails by SMTP come back to their sender, and nobody takes them in."
    if settings.smtp_url and not settings.dkim_key and settings.is_production:
        yield "NOTIFIER_DKIM_KEY is unset: unless your mail server signs mails, large mailbox providers turn them down."


def _built(settings: Settings) -> Providers:
    # A secret is only asked for, not made: the doctor leaves everything as it is.
    return registry.build(msgspec.structs.replace(settings, secret_key=settings.secret_key or "of no matter"))


def _channels(settings: Settings) -> Iterator[str]:
    if settings.sendgrid_api_key and not settings.sendgrid_webhook_key:
        yield "NOTIFIER_SENDGRID_WEBHOOK_KEY is unset: SendGrid's reports are refused, no email is ever delivered."
    if settings.sendgrid_api_key and not settings.sendgrid_inbound_secret:
        yield "NOTIFIER_SENDGRID_INBOUND_SECRET is unset: answers by email cannot come in."
    if settings.twilio_account_sid and not settings.twilio_auth_token:
        yield "NOTIFIER_TWILIO_AUTH_TOKEN is unset: Twilio would refuse every call."
    if settings.twilio_account_sid and not settings.twilio_sms_from and not settings.twilio_whatsapp_from:
        yield "Neither NOTIFIER_TWILIO_SMS_FROM nor NOTIFIER_TWILIO_WHATSAPP_FROM is set: Twilio has no sender to use."


def _waits(settings: Settings) -> Iterator[str]:
    shortest = pace.CLAIM_AGE + pace.CALL + pace.MARGIN
    for name, told in (("lease_seconds", settings.lease_seconds), ("evidence_seconds", settings.evidence_seconds)):
        if told < shortest:
            yield (
                f"NOTIFIER_{name.upper()} is {told:g}: below {shortest:g} a slow call may still be under way when it "
                "is given up, and a message may go out twice. Only tests should do that."
            )


def _production(settings: Settings) -> Iterator[str]:
    if not settings.is_production:
        return
    if not settings.database_url:
        yield "NOTIFIER_DATABASE_URL is unset: production should not run on the embedded database of one machine."
    if not settings.secret_key:
        yield "NOTIFIER_SECRET_KEY is unset: each machine would sign links with a secret of its own."
    if not settings.brand_address:
        yield "NOTIFIER_BRAND_ADDRESS is unset: commercial email must carry a postal address (CAN-SPAM, CASL)."


def _database(settings: Settings) -> Iterator[str]:
    if not settings.database_url:
        return
    try:
        with closing(Database(settings.database_url)) as database, database.begin() as db:
            is_ready(db)
    except Misconfigured as error:
        yield str(error)
    except SQLAlchemyError as error:
        yield f"NOTIFIER_DATABASE_URL does not answer: {str(error).splitlines()[0]}"
