"""A small HTTP client for tests: JSON in and out, forms, headers."""

from datetime import timedelta
from typing import Any, Self

import msgspec
from msgspec import Struct
from pyreqwest.client import SyncClientBuilder


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
        self._client = SyncClientBuilder().timeout(timedelta(seconds=10)).follow_redirects(False).no_proxy().build()

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
        request = self._client.request(method, self.url + path).headers(headers or {})
        if json is not None:
            request = request.body_bytes(msgspec.json.encode(json)).header("Content-Type", "application/json")
        if form is not None:
            request = request.form(form)
        if body is not None:
            request = request.body_bytes(body)
        answer = request.build().send()
        found = {name.lower(): value for name, value in answer.headers.items()}
        return Answered(answer.status, found, bytes(answer.bytes()))

    def get(self, path: str, **more: Any) -> Answered:
        return self.call("GET", path, **more)

    def put(self, path: str, json: Any) -> Answered:
        return self.call("PUT", path, json=json)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()
