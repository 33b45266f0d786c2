"""DKIM: what we sign, another implementation verifies; what anyone changes on the way, it refuses."""

from base64 import b64encode
from pathlib import Path
from uuid import uuid4

import dkim as verifier
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from notifier.errors import Misconfigured
from notifier.providers.contract import Email, Html, Outgoing
from notifier.providers.smtp import dkim, mime

KEY = rsa.generate_private_key(65537, 2048)
SIGNER = dkim.Signer(selector="s2026", domain="example.com", key=KEY)


def mail(
    subject: str = "Sua fatura nº 7 não foi paga, e agora? " * 3, text: str = "Olá  \t!\n\n\n", url: str = ""
) -> bytes:
    content = Email(subject=subject, text=text, html=Html.of(f"<p>{text}</p>"), unsubscribe_url=url)
    outgoing = Outgoing(attempt_id=uuid4(), channel="email", to="ana@example.net", content=content)
    return mime.build(outgoing, content, sender="Ação <news@example.com>", reply_to="reply@example.com")


def is_verified(signed: bytes) -> bool:
    public = b64encode(KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))

    def dns(name: bytes, timeout: int = 5) -> bytes:
        assert name == b"s2026._domainkey.example.com."
        return b"v=DKIM1; k=rsa; p=" + public

    return bool(verifier.verify(signed, dnsfunc=dns))


def pem(key: PrivateKeyTypes, form: PrivateFormat = PrivateFormat.PKCS8) -> bytes:
    return key.private_bytes(Encoding.PEM, form, NoEncryption())


@pytest.mark.parametrize("subject", ["Hi", "Sua fatura nº 7 não foi paga, e agora? " * 4, "a  b\tc", ""])
@pytest.mark.parametrize(
    "text", ["", "Olá", "ends\n\n\n", "  blanks \t \nhere", ".\n..\nFrom me", "x" * 3000, "\r\n\r\nx"]
)
def test_another_implementation_verifies_what_we_sign(subject: str, text: str) -> None:
    assert is_verified(SIGNER.sign(mail(subject, text)))
    assert is_verified(SIGNER.sign(mail(subject, text, url="https://example.com/u/" + "a" * 120)))


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        (b"Subject: Hi", b"Subject: Ha"),
        (b"Hello", b"Hallo"),
        (b"List-Unsubscribe=One-Click", b"List-Unsubscribe=Two-Click"),
        (b"Subject: Hi", b"Subject: Hi\r\nSubject: Ha"),
        (b"Subject: Hi", b"From: evil@example.com\r\nSubject: Hi"),
        (b"reply@", b"evil@"),
    ],
)
def test_what_is_changed_or_added_on_the_way_is_noticed(was: bytes, becomes: bytes) -> None:
    signed = SIGNER.sign(mail("Hi", "Hello", url="https://example.com/u"))
    assert is_verified(signed)

    assert was in signed
    assert not is_verified(signed.replace(was, becomes))


def test_a_header_that_was_not_there_cannot_be_added() -> None:
    signed = SIGNER.sign(mail("Hi"))

    assert not is_verified(signed.replace(b"\r\nSubject:", b"\r\nList-Unsubscribe: <https://evil.example>\r\nSubject:"))


def test_no_line_of_the_signature_is_too_long() -> None:
    signed = SIGNER.sign(mail(url="https://example.com/u"))

    head = signed.split(b"\r\nFrom:")[0]
    assert max(map(len, head.split(b"\r\n"))) <= 100


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_a_key_is_read_from_its_file_or_as_it_is(tmp_path: Path, form: PrivateFormat) -> None:
    file = tmp_path / "dkim.pem"
    file.write_bytes(pem(KEY, form))

    for key in (str(file), pem(KEY, form).decode()):
        signer = dkim.read("s2026", "example.com", key)
        assert signer
        assert is_verified(signer.sign(mail()))


def test_nothing_set_signs_nothing() -> None:
    assert dkim.read("", "", "") is None


@pytest.mark.parametrize(
    ("selector", "domain", "key", "told"),
    [
        ("s", "example.com", "", "NOTIFIER_DKIM_KEY must be set too"),
        ("", "", "k.pem", "NOTIFIER_DKIM_SELECTOR and NOTIFIER_DKIM_DOMAIN must be set too"),
        (
            "s",
            "example.com",
            "/nowhere.pem",
            "NOTIFIER_DKIM_KEY names /nowhere.pem, which cannot be read: No such file",
        ),
        ("s;x", "example.com", "k", "NOTIFIER_DKIM_SELECTOR: 's;x' is no name"),
        ("s", "example.com\r\nX: y", "k", "NOTIFIER_DKIM_DOMAIN"),
        ("s", "example.com", "-----BEGIN nonsense", "no private key in PEM"),
        ("s", "example.com", pem(ec.generate_private_key(ec.SECP256R1())).decode(), "no RSA key of at least 1024 bits"),
    ],
)
def test_what_is_wrong_is_named(selector: str, domain: str, key: str, told: str) -> None:
    with pytest.raises(Misconfigured, match="NOTIFIER_DKIM") as caught:
        dkim.read(selector, domain, key)

    assert told in str(caught.value)
