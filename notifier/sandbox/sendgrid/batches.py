"""Events on their way to the webhook: gathered for a moment, then posted as one signed JSON array."""

import asyncio
import base64
from collections.abc import Callable

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from notifier.sandbox.config import SandboxConfig
from notifier.sandbox.deliveries import Call, Deliveries

GATHER = 0.02
LARGEST = 500


class Batches:
    """Collects encoded events; what is held back joins a later batch."""

    def __init__(
        self, config: SandboxConfig, deliveries: Deliveries, key: ec.EllipticCurvePrivateKey, now: Callable[[], float]
    ) -> None:
        self._config = config
        self._deliveries = deliveries
        self._key = key
        self._now = now
        self._gathered: list[bytes] = []

    def put(self, event: bytes, delay: float) -> None:
        loop = asyncio.get_running_loop()
        if delay > 0:
            loop.call_later(delay, self._gather, event)
        else:
            self._gather(event)

    def _gather(self, event: bytes) -> None:
        self._gathered.append(event)
        if len(self._gathered) >= LARGEST:
            self._flush()
        elif len(self._gathered) == 1:
            asyncio.get_running_loop().call_later(GATHER, self._flush)

    def _flush(self) -> None:
        batch, self._gathered = self._gathered, []
        if batch:
            # SendGrid's bodies end each event, and the whole, with CRLF; the signature covers those bytes.
            body = b"[" + b",\r\n".join(batch) + b"]\r\n"
            self._deliveries.post(self._config.events_url, self._signed(body))

    def _signed(self, body: bytes) -> Callable[[], Call]:
        def make() -> Call:
            at = str(int(self._now()))
            signature = self._key.sign(at.encode() + body, ec.ECDSA(hashes.SHA256()))
            headers = {
                "Content-Type": "application/json",
                "User-Agent": "SendGrid Event API",
                "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
                "X-Twilio-Email-Event-Webhook-Timestamp": at,
            }
            return Call(self._config.events_url, headers, body)

        return make
