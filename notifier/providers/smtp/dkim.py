"""
Sign mails as RFC 6376 says: rsa-sha256, relaxed/relaxed, every header that matters signed once more than it is there.

By hand, as the mails are: the signature itself is `cryptography`'s, in C and without holding up other threads. The
usual package, dkimpy, computes RSA in Python, seven times as slow, and is what the tests verify this module with.
"""

import hashlib
import re
from base64 import b64encode
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from notifier.errors import Misconfigured

SIGNED = (
    b"from", b"to", b"subject", b"date", b"message-id", b"reply-to", b"mime-version", b"content-type",
    b"auto-submitted", b"list-unsubscribe", b"list-unsubscribe-post",
)  # fmt: skip
"""Each is named once more than it is there: one that somebody adds on the way breaks the signature."""
_SHORTEST_KEY = 1024
"""Bits; with fewer nobody may accept a signature (RFC 8301)."""
_LABELS = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?)*")
_BLANKS = re.compile(rb"[ \t]+")
_FOLD = re.compile(r".{1,70}")


class Signer:
    """Signs for one domain with one key, whose public half stands in DNS at `<selector>._domainkey.<domain>`."""

    def __init__(self, *, selector: str, domain: str, key: RSAPrivateKey) -> None:
        self._key = key
        self._head = f"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d={domain}; s={selector};"

    def sign(self, mail: bytes) -> bytes:
        """Return the mail with its signature on top. Its lines end with CRLF, and no header stands there twice."""
        head, _, body = mail.partition(b"\r\n\r\n")
        fields = dict(_field(line) for line in head.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ").split(b"\r\n"))
        present = [name for name in SIGNED if name in fields]
        digest = b64encode(hashlib.sha256(_body(body)).digest()).decode()
        names = [name.decode() for name in (*present, *SIGNED)]
        named = ":\r\n  ".join(":".join(names[at : at + 5]) for at in range(0, len(names), 5))
        ours = f"{self._head}\r\n h={named};\r\n bh={digest};\r\n b="
        name, value = _field(ours.replace("\r\n", "").encode())
        signed = b"".join(b"%b:%b\r\n" % (one, fields[one]) for one in present) + b"%b:%b" % (name, value)
        signature = b64encode(self._key.sign(signed, padding.PKCS1v15(), hashes.SHA256())).decode()
        return ours.encode() + "\r\n  ".join(_FOLD.findall(signature)).encode() + b"\r\n" + mail


def read(selector: str, domain: str, key: str) -> Signer | None:
    """
    Return the signer the settings speak of; None when none of the three is set. `key`: the path of a PEM, or a PEM.

    Raises:
        Misconfigured: one of the three is missing or wrong; names it.
    """
    given = {"NOTIFIER_DKIM_SELECTOR": selector, "NOTIFIER_DKIM_DOMAIN": domain, "NOTIFIER_DKIM_KEY": key}
    missing = [name for name, value in given.items() if not value]
    if len(missing) == len(given):
        return None
    if missing:
        raise Misconfigured(f"{' and '.join(missing)} must be set too: signing mails needs all of {', '.join(given)}.")
    for name in ("NOTIFIER_DKIM_SELECTOR", "NOTIFIER_DKIM_DOMAIN"):
        if not _LABELS.fullmatch(given[name]):
            raise Misconfigured(f"{name}: {given[name]!r} is no name that can stand in DNS.")
    return Signer(selector=selector, domain=domain, key=_private_key(key))


def _private_key(written: str) -> RSAPrivateKey:
    if written.startswith("-----BEGIN"):
        pem, where = written.encode(), "NOTIFIER_DKIM_KEY"
    else:
        where = f"NOTIFIER_DKIM_KEY names {written}, which"
        try:
            pem = Path(written).read_bytes()
        except OSError as error:
            raise Misconfigured(f"{where} cannot be read: {error.strerror}.") from error
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Misconfigured(f"{where} is no private key in PEM without a password.") from error
    if not isinstance(key, RSAPrivateKey) or key.key_size < _SHORTEST_KEY:
        raise Misconfigured(f"{where} is no RSA key of at least {_SHORTEST_KEY} bits; 2048 are usual.")
    return key


def _field(line: bytes) -> tuple[bytes, bytes]:
    """Return a header's name and value in relaxed canonical form."""
    name, _, value = line.partition(b":")
    return name.strip().lower(), _BLANKS.sub(b" ", value).strip()


def _body(body: bytes) -> bytes:
    """Return the body in relaxed canonical form: no blanks at the ends of lines, no empty lines at its end."""
    lines = [_BLANKS.sub(b" ", line).rstrip(b" ") for line in body.split(b"\r\n")]
    while lines and not lines[-1]:
        lines.pop()
    return b"".join(line + b"\r\n" for line in lines)
