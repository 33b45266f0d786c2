"""SMTP against a real mail server on this machine: what each ending of a call means, and what the mail looks like."""

import asyncio
import email.policy
import ssl
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import dkim
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from notifier.providers.contract import Accepted, Email, Html, NotSent, Outcome, Outgoing, Refused, Unknown
from notifier.providers.smtp.dkim import Signer
from notifier.providers.smtp.mails import SMTP
from notifier.providers.smtp.verp import ReturnAddress


class Mailbox:
    """A mail server's mind: `says` answers a recipient, `then` follows a whole mail."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.raw: list[bytes] = []
        self.senders: list[str] = []
        self.connections = 0
        self.says: Callable[[str], str] = lambda _: "250 OK"
        self.then: Callable[[Any], Any] = lambda _: "250 taken"

    async def handle_EHLO(  # noqa: N802 - the server's name for it
        self, _server: Any, session: Any, _envelope: Any, hostname: str, answers: Any
    ) -> Any:
        session.host_name = hostname
        self.connections += 1
        return answers

    async def handle_RCPT(  # noqa: N802 - the server's name for it
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        answer = self.says(address)
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(  # noqa: N802 - the server's name for it
        self, server: Any, _session: Any, envelope: Any
    ) -> Any:
        read = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(read, EmailMessage)
        self.mails.append(read)
        self.raw.append(envelope.content)
        self.senders.append(envelope.mail_from)
        answer = self.then(server)
        return await answer if asyncio.iscoroutine(answer) else answer


class Open(Controller):  # type: ignore[misc]  # aiosmtpd has no types
    """A server at a free port."""

    def __init__(self, mailbox: Mailbox, **how: Any) -> None:
        super().__init__(mailbox, hostname="127.0.0.1", port=0, ready_timeout=10, **how)

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def server(mailbox: Mailbox) -> Iterator[Open]:
    opened = Open(mailbox)
    opened.start()
    yield opened
    opened.stop()


def smtp(port: int, *, login: str = "", seconds: float = 5.0) -> SMTP:
    url = f"smtp://{login}127.0.0.1:{port}"
    return SMTP(url, email_from="Ação <news@example.com>", reply_to="", total=timedelta(seconds=seconds))


def mail(number: int = 1, **how: Any) -> Outgoing:
    content = Email(subject=f"Sua fatura nº {number} não foi paga", text="Olá!", html=Html.of("<p>Olá!</p>"), **how)
    return Outgoing(attempt_id=uuid4(), channel="email", to=f"ana{number}@example.com", content=content)


def send(provider: SMTP, *outgoing: Outgoing) -> list[Outcome]:
    async def one_by_one() -> list[Outcome]:
        outcomes = [await provider.send(one) for one in outgoing]
        await over(provider)
        return outcomes

    return asyncio.run(one_by_one())


async def over(provider: SMTP) -> None:
    await provider.close()
    await asyncio.sleep(0.01)  # a socket is closed in a later turn of the loop


def send_together(provider: SMTP, many: int) -> list[Outcome]:
    async def together() -> list[Outcome]:
        outcomes = await asyncio.gather(*(provider.send(mail(number)) for number in range(many)))
        await over(provider)
        return outcomes

    return asyncio.run(together())


def test_a_mail_arrives_whole_with_our_attempt_id_and_one_click_unsubscription(server: Open, mailbox: Mailbox) -> None:
    outgoing = mail(unsubscribe_url="https://example.com/u/abc")

    outcome = send(smtp(server.port), outgoing)

    arrived = mailbox.mails[0]
    assert outcome == [Accepted(ref=f"<{outgoing.attempt_id}@example.com>")]
    assert UUID(arrived["Message-ID"].strip("<>").partition("@")[0]) == outgoing.attempt_id
    assert arrived["Subject"] == "Sua fatura nº 1 não foi paga"
    assert arrived["From"].addresses[0].display_name == "Ação"
    assert arrived["List-Unsubscribe"] == "<https://example.com/u/abc>"
    assert arrived["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert [part.get_content_type() for part in arrived.iter_parts()] == ["text/plain", "text/html"]
    assert [part.get_content().strip() for part in arrived.iter_parts()] == ["Olá!", "<p>Olá!</p>"]


def test_a_mail_is_signed_and_comes_back_to_an_address_that_names_its_attempt(server: Open, mailbox: Mailbox) -> None:
    key = rsa.generate_private_key(65537, 2048)
    known = ReturnAddress("bounces@example.com", "s3cret")
    provider = SMTP(
        f"smtp://127.0.0.1:{server.port}",
        email_from="Ação <news@example.com>",
        reply_to="reply@example.com",
        signer=Signer(selector="s1", domain="example.com", key=key),
        bounces_to=known,
    )
    outgoing = mail(unsubscribe_url="https://example.com/u/abc")

    send(provider, outgoing)

    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert dkim.verify(mailbox.raw[0], dnsfunc=lambda *_, **__: b"v=DKIM1; p=" + b64encode(public))
    assert known.named(mailbox.senders) == outgoing.attempt_id
    assert mailbox.mails[0]["From"].addresses[0].addr_spec == "news@example.com"


def test_without_a_bounce_address_a_mail_comes_back_to_its_sender(server: Open, mailbox: Mailbox) -> None:
    send(smtp(server.port), mail())

    assert mailbox.senders == ["news@example.com"]


def test_one_connection_carries_many_mails(server: Open, mailbox: Mailbox) -> None:
    outcomes = send(smtp(server.port), *(mail(number) for number in range(20)))

    assert all(isinstance(one, Accepted) for one in outcomes)
    assert len(mailbox.mails) == 20
    assert mailbox.connections == 1


def test_many_at_once_share_a_few_connections(server: Open, mailbox: Mailbox) -> None:
    outcomes = send_together(smtp(server.port), 60)

    assert all(isinstance(one, Accepted) for one in outcomes)
    assert len({one["To"] for one in mailbox.mails}) == 60
    assert mailbox.connections <= 10


def test_a_mailbox_that_is_not_there_is_refused_and_the_connection_goes_on(server: Open, mailbox: Mailbox) -> None:
    mailbox.says = lambda to: "550 5.1.1 no such user" if to == "ana1@example.com" else "250 OK"

    refused, taken = send(smtp(server.port), mail(1), mail(2))

    assert refused == Refused(reason="bad-address", permanent=True, detail="550 5.1.1")
    assert isinstance(taken, Accepted)
    assert mailbox.connections == 1


def test_a_server_that_asks_to_come_back_has_not_taken_it(server: Open, mailbox: Mailbox) -> None:
    mailbox.says = lambda _: "451 4.3.0 later"

    assert send(smtp(server.port), mail()) == [NotSent(reason="unreachable", detail="451 4.3.0")]


def test_a_whole_mail_turned_down_is_surely_unsent(server: Open, mailbox: Mailbox) -> None:
    mailbox.then = lambda _: "452 4.3.1 disk full"

    assert send(smtp(server.port), mail()) == [NotSent(reason="unreachable", detail="452 4.3.1")]


def test_a_connection_cut_after_the_mail_is_unknown_and_the_next_mail_goes(server: Open, mailbox: Mailbox) -> None:
    async def hang_up(talking: Any) -> str:
        mailbox.then = lambda _: "250 taken"
        talking.transport.abort()
        await asyncio.sleep(0)
        return "250 too late"

    mailbox.then = hang_up

    cut, after = send(smtp(server.port), mail(1), mail(2))

    assert isinstance(cut, Unknown)
    assert isinstance(after, Accepted)


def test_an_answer_that_does_not_come_in_time_is_unknown(server: Open, mailbox: Mailbox) -> None:
    async def sleep(_talking: Any) -> str:
        await asyncio.sleep(1)
        return "250 taken"

    mailbox.then = sleep

    assert send(smtp(server.port, seconds=0.4), mail()) == [Unknown(detail="no answer in time")]


def test_a_mail_that_gets_no_connection_in_time_is_surely_unsent(server: Open, mailbox: Mailbox) -> None:
    async def sleep(_talking: Any) -> str:
        await asyncio.sleep(1)
        return "250 taken"

    mailbox.then = sleep

    assert (
        send_together(smtp(server.port, seconds=0.4), 11).count(
            NotSent(reason="pacing", detail="every connection was busy")
        )
        == 1
    )


def test_nobody_listening_is_surely_unsent() -> None:
    (outcome,) = send(smtp(1), mail())

    assert isinstance(outcome, NotSent)
    assert outcome.reason == "unreachable"


def test_a_password_goes_out_only_under_tls(mailbox: Mailbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def check(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=(data.login, data.password) == (b"ana", b"s@cret"), handled=False)

    how = {"authenticator": check, "auth_required": True, "auth_require_tls": True, "require_starttls": True}
    opened = Open(mailbox, tls_context=certified(tmp_path, monkeypatch), **how)
    opened.start()
    try:
        (taken,) = send(smtp(opened.port, login="ana:s%40cret@"), mail())
        (refused,) = send(smtp(opened.port, login="ana:wrong@"), mail())
    finally:
        opened.stop()

    assert isinstance(taken, Accepted)
    assert refused == NotSent(retry_after=60.0, reason="account", detail="SMTPAuthenticationError")


def certified(folder: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """Make a certificate for this machine that this process trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    begin = datetime.now(UTC) - timedelta(hours=1)
    made = (
        x509.CertificateBuilder(
            name, name, key.public_key(), x509.random_serial_number(), begin, begin.replace(year=begin.year + 1)
        )
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / "cert.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, private)
    return context
