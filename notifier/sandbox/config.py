"""What one sandbox is told when it starts, and the key pair it signs SendGrid's events with."""

import base64
import os
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec import Struct

from notifier.errors import Misconfigured

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class SandboxConfig(Struct, frozen=True, kw_only=True):
    """The secrets both sides share, and where the notifier listens."""

    twilio_account_sid: str
    twilio_auth_token: str
    sendgrid_api_key: str
    notifier_url: str
    """The notifier's public URL, without a trailing slash: hooks are called, and signed, below it."""
    sendgrid_private_key: str = ""
    """ECDSA P-256 key, PEM or as `generate_key` makes it; empty: a new one for this process."""
    inbound_secret: str = ""
    """The secret part of the inbound email hook; empty: answers to emails go nowhere."""
    path: Path | None = None
    """SQLite file that lets phones and mailboxes survive a restart; None: memory only."""
    keep_messages: int = 100_000
    """Older messages are forgotten."""
    keep_bytes: int = 128 * 1024 * 1024
    """Of HTML; the oldest emails are thinned to their plain text first."""

    @property
    def events_url(self) -> str:
        return f"{self.notifier_url}/hooks/sendgrid/events"

    @property
    def inbound_text_url(self) -> str:
        return f"{self.notifier_url}/hooks/twilio/inbound"

    @property
    def inbound_email_url(self) -> str:
        return f"{self.notifier_url}/hooks/sendgrid/inbound/{self.inbound_secret}"

    def may_call(self, url: str) -> bool:
        """Tell whether a callback may go to `url`: to this machine, or to the notifier it serves."""
        try:
            parts = urlsplit(url)
        except ValueError:
            return False
        return parts.scheme in {"http", "https"} and parts.hostname in LOOPBACK | {urlsplit(self.notifier_url).hostname}


def generate_key() -> str:
    """Make a private key: base64 of PKCS 8 DER."""
    key = ec.generate_private_key(ec.SECP256R1())
    der = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return base64.b64encode(der).decode()


def kept_key(path: Path) -> str:
    """Return the private key kept in the file at `path`, making both (readable by the owner only) when absent."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(generate_key())
        draft.replace(path)
    return path.read_text().strip()


def read_key(private_key: str) -> ec.EllipticCurvePrivateKey:
    """
    Read a key: PEM, or base64 of DER.

    Raises:
        Misconfigured: it is none.
    """
    try:
        if private_key.startswith("-----"):
            key = serialization.load_pem_private_key(private_key.encode(), None)
        else:
            key = serialization.load_der_private_key(base64.b64decode(private_key, validate=True), None)
    except ValueError as error:
        raise Misconfigured("The sandbox's SendGrid key is neither PEM nor base64 of a PKCS 8 private key.") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise Misconfigured("The sandbox's SendGrid key must be an ECDSA P-256 key.")
    return key


def public_key(private_key: str) -> str:
    """Return the public half as SendGrid shows it (base64 of DER): the notifier's `NOTIFIER_SENDGRID_WEBHOOK_KEY`."""
    der = (
        read_key(private_key)
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return base64.b64encode(der).decode()
