"""What one demo installation is called by: the stand-in vendors' credentials, and who may sign in."""

import base64
import os
import secrets
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from notifier.settings import PREFIX, Settings, load

WORDINGS = "whatsapp_content.json"
"""File under `var` with the Content SIDs the sandbox gave out."""
BESIDE = {"tick", "trigger", "bounces", "templates", "billing", "staff", "keys", "doctor"}
"""Commands for a system that is there already: beside a demo they work with its settings."""


class Access(Struct, frozen=True, kw_only=True):
    """Somebody who may sign in to the demo's console."""

    email: str
    password: str
    role: str


class Card(Struct, kw_only=True):
    """Everything a demo must remember between two starts; kept in `var/demo.json`, readable by its owner only."""

    twilio_account_sid: str
    twilio_auth_token: str
    sendgrid_api_key: str
    sendgrid_private_key: str
    """EC private key, PEM: the sandbox signs SendGrid's events with it."""
    sendgrid_webhook_key: str
    inbound_secret: str
    api_key: str = ""
    staff: list[Access] = []
    lived_until: datetime | None = None
    """Business time at which the first month ended; none: it has not been played to its end."""
    port: int = 0
    """Where it was last started; commands beside the demo reach its sandbox there."""

    def environ(self, port: int, var: Path) -> dict[str, str]:
        """Return the settings under which the demo's processes run; the sandbox is simply another URL."""
        sandbox = f"http://127.0.0.1:{port + 1}"
        values = {
            "DEMO": "true",
            "PORT": str(port),
            "VAR": str(var),
            "PUBLIC_URL": f"http://127.0.0.1:{port}",
            "SANDBOX_URL": sandbox,
            "TWILIO_API_URL": sandbox,
            "TWILIO_ACCOUNT_SID": self.twilio_account_sid,
            "TWILIO_AUTH_TOKEN": self.twilio_auth_token,
            "TWILIO_SMS_FROM": "+15005550006",
            "TWILIO_WHATSAPP_FROM": "+14155238886",
            "SENDGRID_API_URL": sandbox,
            "SENDGRID_API_KEY": self.sendgrid_api_key,
            "SENDGRID_WEBHOOK_KEY": self.sendgrid_webhook_key,
            "SENDGRID_INBOUND_SECRET": self.inbound_secret,
            # The sandbox reports at once or never: nobody who watches should wait ten minutes for a verdict.
            "EVIDENCE_SECONDS": "60",
            "WHATSAPP_CONTENT": str(var.resolve() / WORDINGS),
            "BRAND_ADDRESS": "Aurora Streaming, Rua das Laranjeiras 100, Rio de Janeiro",
        }
        return {PREFIX + name: value for name, value in values.items()}


def read(var: Path) -> Card:
    """Return the card kept under `var`, making one on the first start."""
    path = var / "demo.json"
    if path.exists():
        return msgspec.json.decode(path.read_bytes(), type=Card)
    card = _new()
    write(var, card)
    return card


def beside(settings: Settings) -> Settings:
    """
    Return the settings with which a command works on the demo's own database: the demo's, where nothing else is said.

    With none of its vendors, a command that helps with the work would set their callbacks aside as nobody's.
    """
    is_told_otherwise = settings.database_url or settings.twilio_account_sid or settings.sendgrid_api_key
    if is_told_otherwise or settings.smtp_url or not (settings.var / "demo.json").exists():
        return settings
    card = read(settings.var)
    return load(card.environ(card.port, settings.var) | dict(os.environ)) if card.port else settings


def write(var: Path, card: Card) -> None:
    """Keep the card, whole or not at all."""
    var.mkdir(parents=True, exist_ok=True)
    draft = var / f"demo.json.{os.getpid()}"
    draft.touch(mode=0o600)
    draft.write_bytes(msgspec.json.format(msgspec.json.encode(card)))
    draft.replace(var / "demo.json")


def _new() -> Card:
    # Imported for the first start only: the process that watches the others stays small.
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    private = ec.generate_private_key(ec.SECP256R1())
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return Card(
        twilio_account_sid=f"AC{secrets.token_hex(16)}",
        twilio_auth_token=secrets.token_hex(16),
        sendgrid_api_key=f"SG.{secrets.token_urlsafe(16)}.{secrets.token_urlsafe(32)}",
        sendgrid_private_key=pem.decode(),
        sendgrid_webhook_key=base64.b64encode(public).decode(),
        inbound_secret=secrets.token_urlsafe(24),
    )
