"""SMTP: email through any mail server, over a small pool of kept connections."""

import asyncio
import contextlib
from datetime import datetime, timedelta
from email.utils import parseaddr
from urllib.parse import unquote, urlsplit

import aiosmtplib

from notifier.errors import Misconfigured
from notifier.providers.contract import (
    Accepted,
    Capabilities,
    Email,
    ForgedHook,
    Found,
    Hook,
    Inbound,
    NotSent,
    Outcome,
    Outgoing,
    StatusReport,
    Unknown,
)
from notifier.providers.sendgrid.mails import reply_address
from notifier.providers.smtp import bounces, mime
from notifier.providers.smtp.dkim import Signer
from notifier.providers.smtp.meaning import refusal
from notifier.providers.smtp.verp import ReturnAddress
from notifier.providers.transport import TOTAL, shortened

CONNECTIONS = 10
_NEVER_CONNECTED = (
    aiosmtplib.SMTPConnectError,
    aiosmtplib.SMTPConnectTimeoutError,
    aiosmtplib.SMTPConnectResponseError,
    OSError,
)


class _Turn:
    """How far a call has come: what a failure means depends on it."""

    may_be_taken = False
    """From the DATA command on the server may have the mail, whatever we hear."""


class SMTP:
    """Email by one mail server. What is accepted stays `sent`, unless a mail comes back (`notifier bounces`)."""

    can = Capabilities(channels=("email",), reports_delivery=False, names_attempt=("email",))

    def __init__(
        self,
        url: str,
        *,
        email_from: str,
        reply_to: str,
        name: str = "smtp",
        signer: Signer | None = None,
        bounces_to: ReturnAddress | None = None,
        total: timedelta = TOTAL,
    ) -> None:
        """
        Read the URL; connections are opened when needed. Without `bounces_to` mails come back to the From address.

        Raises:
            Misconfigured: the URL is no `smtp://` or `smtps://` one.
        """
        self.name = name
        parts = urlsplit(url)
        if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
            raise Misconfigured("NOTIFIER_SMTP_URL must look like smtp://user:password@host:587.")
        is_tls = parts.scheme == "smtps"
        self._server = parts.hostname, parts.port or (465 if is_tls else 587), is_tls
        self._login = unquote(parts.username or ""), unquote(parts.password or "")
        self._from = email_from
        self._address = parseaddr(email_from)[1]
        self._reply_to = parseaddr(reply_to)[1]
        self._signer = signer
        self._bounces_to = bounces_to
        self._seconds = total.total_seconds()
        self._idle: list[aiosmtplib.SMTP] = []
        self._free = asyncio.Semaphore(CONNECTIONS)

    def sender(self, channel: str) -> str:
        """Return the address mails come from."""
        return self._address if channel == "email" else ""

    async def send(self, outgoing: Outgoing) -> Outcome:
        content = outgoing.content
        if not isinstance(content, Email):
            raise TypeError("SMTP sends emails only")
        reply_to = reply_address(self._reply_to, outgoing.attempt_id) if self._reply_to else ""
        mail = mime.build(outgoing, content, sender=self._from, reply_to=reply_to)
        if self._signer:
            mail = self._signer.sign(mail)
        begun = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout_at(begun + self._seconds / 3):
                await self._free.acquire()
        except TimeoutError:
            return NotSent(reason="pacing", detail="every connection was busy")
        turn = _Turn()
        try:
            async with asyncio.timeout_at(begun + self._seconds):
                return await self._in_turn(outgoing, mail, turn)
        except TimeoutError:
            detail = "no answer in time"
            return Unknown(detail=detail) if turn.may_be_taken else NotSent(reason="unreachable", detail=detail)
        finally:
            self._free.release()

    async def _in_turn(self, outgoing: Outgoing, mail: bytes, turn: _Turn) -> Outcome:
        try:
            connection = await self._connection()
        except _NEVER_CONNECTED as error:
            return NotSent(reason="unreachable", detail=shortened(type(error).__name__))
        except aiosmtplib.SMTPException as error:
            return NotSent(retry_after=60.0, reason="account", detail=shortened(type(error).__name__))
        is_clean = False
        try:
            outcome = await self._hand_over(connection, outgoing, mail, turn)
            is_clean = not isinstance(outcome, Unknown)
        except (aiosmtplib.SMTPException, OSError) as error:
            detail = shortened(type(error).__name__)
            return Unknown(detail=detail) if turn.may_be_taken else NotSent(reason="unreachable", detail=detail)
        finally:
            if is_clean:
                self._idle.append(connection)
            else:
                connection.close()
        return outcome

    async def _connection(self) -> aiosmtplib.SMTP:
        while self._idle:
            kept = self._idle.pop()
            try:
                await kept.rset()
            except (aiosmtplib.SMTPException, OSError):
                kept.close()
                continue
            return kept
        host, port, is_tls = self._server
        fresh = aiosmtplib.SMTP(hostname=host, port=port, use_tls=is_tls, timeout=self._seconds)
        try:
            await fresh.connect()
            if self._login[0]:
                await fresh.login(*self._login)
        except BaseException:
            fresh.close()
            raise
        return fresh

    async def _hand_over(self, connection: aiosmtplib.SMTP, outgoing: Outgoing, mail: bytes, turn: _Turn) -> Outcome:
        try:
            await connection.mail(self._bounces_to.of(outgoing.attempt_id) if self._bounces_to else self._address)
            await connection.rcpt(outgoing.to)
            turn.may_be_taken = True
            await connection.data(mail)
        except aiosmtplib.SMTPResponseException as error:
            if not 400 <= error.code < 600:
                raise  # no answer a server gives: nothing can be read from it
            return refusal(error.code, error.message)
        return Accepted(ref=mime.message_id(self._address, outgoing.attempt_id))

    async def close(self) -> None:
        """Close the kept connections."""
        while self._idle:
            kept = self._idle.pop()
            with contextlib.suppress(aiosmtplib.SMTPException, OSError):
                await kept.quit()

    async def find(
        self,
        outgoing: Outgoing,  # noqa: ARG002 - the contract's; a mail server cannot be asked
        *,
        since: datetime,  # noqa: ARG002 - the contract's; a mail server cannot be asked
        taken: frozenset[str],  # noqa: ARG002 - the contract's; a mail server cannot be asked
    ) -> Found | None:
        """Always None, which proves nothing (`can.finds`)."""
        return None

    def verify(self, hook: Hook) -> None:
        raise ForgedHook(f"A mail server makes no HTTP calls, so {hook.url} is not from it.")

    def reports(self, hook: Hook) -> list[StatusReport]:
        """Read a mail that came back, as `notifier bounces` kept it with the address it came to."""
        return bounces.reports(hook.body, came_to=hook.url)

    def inbound(self, hook: Hook) -> list[Inbound]:  # noqa: ARG002 - the contract's
        return []
