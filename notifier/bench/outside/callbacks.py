"""What Twilio and SendGrid report of every message the sink took: `sent` or `processed`, then `delivered`, signed."""

import asyncio
import base64
from collections import deque
from collections.abc import Iterable
from functools import lru_cache

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from notifier import clock
from notifier.bench.outside import wire
from notifier.bench.outside.wire import Wire
from notifier.mac import Mac

CONNECTIONS = 128
LARGEST = 500
"""Events in one post of SendGrid's; it gathers for a moment."""
GATHERED = 0.1
AGAIN = 0.5
"""Seconds until what was not answered with a 2xx is posted again."""
_ACCOUNT = "AC" + "0" * 32


class Callbacks:
    """Reports to `events_url` (SendGrid), and to the address each message named (Twilio)."""

    def __init__(self, events_url: str, twilio_token: str, sendgrid_key: str) -> None:
        """`sendgrid_key`: the private key of the signed event webhook, PEM."""
        self._events_url = events_url
        self._token = twilio_token.encode()
        self._key = private(sendgrid_key)
        self._events: list[bytes] = []
        self._due: deque[bytes] = deque()
        self._free: list[Wire] = []
        self._open = 0
        self._tasks = {asyncio.ensure_future(self._gather())}

    def mail(self, attempt: str) -> None:
        """Report on a mail."""
        self._events += events(attempt, ("processed", "delivered"), f"{attempt.replace('-', '')}.recvd-bench-1")

    def phone(self, url: str, ref: str) -> None:
        """Report on a text."""
        url = url.partition("#")[0]
        for status in ("sent", "delivered"):
            self._post(twilio(url, ref, status, self._token))

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _gather(self) -> None:
        while True:
            await asyncio.sleep(GATHERED)
            while self._events:
                events, self._events = self._events[:LARGEST], self._events[LARGEST:]
                self._post(sendgrid(self._events_url, events, self._key))

    def _post(self, request: bytes) -> None:
        if self._free:
            self._free.pop().ask(request)
            return
        self._due.append(request)
        if self._open < CONNECTIONS:
            self._open += 1
            self._tasks.add(task := asyncio.ensure_future(self._connect()))
            task.add_done_callback(self._tasks.discard)

    async def _connect(self) -> None:
        while True:
            try:
                self._go_on(await wire.connect(self._events_url, self._answered, self._lost))
            except OSError:
                await asyncio.sleep(AGAIN)
            else:
                return

    def _answered(self, connection: Wire, status: int) -> None:
        if status >= 300:
            asyncio.get_running_loop().call_later(AGAIN, self._post, connection.asked)
        self._go_on(connection)

    def _go_on(self, connection: Wire) -> None:
        connection.asked = b""
        if self._due:
            connection.ask(self._due.popleft())
        else:
            self._free.append(connection)

    def _lost(self, connection: Wire) -> None:
        self._open -= 1
        if connection in self._free:
            self._free.remove(connection)
        if connection.asked:
            asyncio.get_running_loop().call_later(AGAIN, self._post, connection.asked)


def twilio(url: str, ref: str, status: str, token: bytes) -> bytes:
    """
    Write a status callback, signed as https://www.twilio.com/docs/usage/security says.

    What is the same in all of them is written out: this stands for a computer that is elsewhere.
    """
    said = (
        f"{url}AccountSid{_ACCOUNT}ApiVersion2010-04-01From+15005550006MessageSid{ref}MessageStatus{status}"
        f"SmsSid{ref}SmsStatus{status}To+15005550001"
    )
    signature = base64.b64encode(_mac(token)(said.encode())).decode()
    body = (
        f"AccountSid={_ACCOUNT}&ApiVersion=2010-04-01&From=%2B15005550006&MessageSid={ref}&MessageStatus={status}"
        f"&SmsSid={ref}&SmsStatus={status}&To=%2B15005550001"
    )
    _, _, host, path = url.split("/", 3)
    return (
        f"POST /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(body)}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nX-Twilio-Signature: {signature}\r\n\r\n{body}"
    ).encode()


@lru_cache(maxsize=2)
def _mac(token: bytes) -> Mac:
    return Mac(token, "sha1")


def events(attempt: str, kinds: Iterable[str], ref: str) -> list[bytes]:
    """Write events of a mail, each as JSON."""
    now = int(clock.outside())
    return [
        f'{{"event":"{kind}","timestamp":{now},"sg_event_id":"{kind}-{attempt}","sg_message_id":"{ref}",'
        f'"email":"customer@example.com","attempt_id":"{attempt}"}}'.encode()
        for kind in kinds
    ]


def sendgrid(url: str, events: Iterable[bytes], key: ec.EllipticCurvePrivateKey) -> bytes:
    """Write a post of the signed event webhook."""
    at, body = str(int(clock.outside())), b"[" + b",".join(events) + b"]\r\n"
    signature = base64.b64encode(key.sign(at.encode() + body, ec.ECDSA(hashes.SHA256()))).decode()
    headers = {
        "Content-Type": "application/json",
        "X-Twilio-Email-Event-Webhook-Timestamp": at,
        "X-Twilio-Email-Event-Webhook-Signature": signature,
    }
    return wire.request(url, headers, body)


def keys() -> tuple[str, str]:
    """Make a key pair for the event webhook: private as PEM, public as SendGrid shows it."""
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), base64.b64encode(public).decode()


def private(pem: str) -> ec.EllipticCurvePrivateKey:
    """Read a private key of `keys`."""
    key = serialization.load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("an EC key is needed")
    return key
