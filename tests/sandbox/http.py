"""A small HTTP client for tests: JSON in and out, forms, headers."""

from typing import Any, Self
from urllib.parse import urlencode

import msgspec
import urllib3
from msgspec import Struct


class Answered(Struct, frozen=True):
    """An HTTP answer, read whole."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


class Http:
    """Calls one server; redirects are not followed."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._client = urllib3.PoolManager(maxsize=32, timeout=10, retries=False)

    def call(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        form: dict[str, str] | None = None,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answered:
        headers = dict(headers or {})
        if json is not None:
            body, headers["Content-Type"] = msgspec.json.encode(json), "application/json"
        if form is not None:
            body, headers["Content-Type"] = urlencode(form).encode(), "application/x-www-form-urlencoded"
        answer = self._client.request(method, self.url + path, body=body, headers=headers)
        found = {name.lower(): value for name, value in answer.headers.items()}
        return Answered(answer.status, found, answer.data)

    def get(self, path: str, **more: Any) -> Answered:
        return self.call("GET", path, **more)

    def put(self, path: str, json: Any) -> Answered:
        return self.call("PUT", path, json=json)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.clear()
