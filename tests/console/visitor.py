"""Somebody with a browser: follows nothing by itself, sends forms with their token."""

from typing import Any

from httpx import Response
from litestar import Litestar
from litestar.testing import TestClient


class Visitor:
    """Keeps the cookies and the token of forms."""

    def __init__(self, client: TestClient[Litestar]) -> None:
        self.client = client

    def get(self, path: str, **headers: str) -> Response:
        return self.client.get(path, headers=headers, follow_redirects=False)

    def post(self, path: str, *, token: str | None = None, **form: Any) -> Response:
        given = self.client.cookies.get("notifier_csrf", "") if token is None else token
        return self.client.post(path, data={"_csrf_token": given, **form}, follow_redirects=False)
