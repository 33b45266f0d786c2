"""One pooled keep-alive HTTP client for all providers, which says of each failure whether bytes may have gone out."""

from collections.abc import Mapping
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec
from msgspec import Struct
from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import PyreqwestError

from notifier.errors import Unavailable
from notifier.providers.contract import NotSent, Unknown

TOTAL = timedelta(seconds=8)
"""The longest a call may take. With the age a claim may have (`sending.pace`) it bounds the first wait for evidence."""
CONNECT = timedelta(seconds=3)
_LONGEST_DETAIL = 300


class Answer(Struct, frozen=True):
    """What the other side said. Header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        """Read the body; an empty object when it is no JSON object."""
        try:
            read = msgspec.json.decode(self.body)
        except msgspec.DecodeError:
            return {}
        return read if isinstance(read, dict) else {}

    def retry_after(self) -> float | None:
        """Return the seconds to wait by Retry-After, else by X-RateLimit-Reset read against the answer's own Date."""
        try:
            if after := self.headers.get("retry-after"):
                return max(0.0, float(after)) if after.strip().isdigit() else self._until(parsedate_to_datetime(after))
            if reset := self.headers.get("x-ratelimit-reset"):
                return max(0.0, float(reset) - parsedate_to_datetime(self.headers["date"]).timestamp())
        except (ValueError, KeyError, TypeError):
            return None
        return None

    def _until(self, moment: Any) -> float:
        return float(max(0.0, (moment - parsedate_to_datetime(self.headers["date"])).total_seconds()))


class Transport:
    """A pool of connections, opened at the first call. `call` belongs to the sending loop."""

    def __init__(self, *, total: timedelta = TOTAL, connect: timedelta = CONNECT) -> None:
        self._total = total
        self._connect = connect
        self._client: Client | None = None

    async def call(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> Answer | NotSent | Unknown:
        """
        Make one request, once. Never raises for what the network does.

        The client calls every failure of a keep-alive connection a connect error, also one in the middle of an answer;
        only the chain of causes tells a connection that never came to be (`Connect`) from one that broke.
        """
        if self._client is None:
            self._client = self._build()
        request = self._client.request(method, url).headers(dict(headers))
        try:
            answer = await (request.body_bytes(body) if body is not None else request).build().send()
            return Answer(
                answer.status,
                {name.lower(): value for name, value in answer.headers.items()},
                bytes(await answer.bytes()),
            )
        except PyreqwestError as error:
            causes = [cause["message"] for cause in (getattr(error, "details", None) or {}).get("causes") or []]
            if "client error (Connect)" in causes:
                return NotSent(reason="unreachable", detail=shortened(f"no connection: {causes[-1]}"))
            return Unknown(detail=shortened(f"{type(error).__name__}: {causes[-1] if causes else error.message}"))

    async def ask(self, url: str, *, headers: Mapping[str, str]) -> Answer:
        """
        Make a GET that must be answered.

        Raises:
            Unavailable: it was not, or with an error other than 404.
        """
        answer = await self.call("GET", url, headers=headers)
        if not isinstance(answer, Answer):
            raise Unavailable(answer.detail)
        if answer.status not in {200, 404}:
            raise Unavailable(f"answered {answer.status}")
        return answer

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()
            self._client = None

    def _build(self) -> Client:
        return (
            ClientBuilder()
            .http1_only()
            .follow_redirects(False)
            .timeout(self._total)
            .connect_timeout(self._connect)
            .tcp_nodelay(True)
            .pool_max_idle_per_host(1000)
            .build()
        )


def shortened(detail: str) -> str:
    """Cut a provider's words to what support needs; PostgreSQL stores no NUL."""
    return detail.replace("\0", "")[:_LONGEST_DETAIL]
