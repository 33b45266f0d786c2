"""The web process as a whole: what no room answers is refused politely too."""

import asyncio
from typing import Any

import pytest
from litestar.testing import TestClient

from notifier import app
from notifier.db import Database
from notifier.house import House
from notifier.settings import Settings
from tests.api.knocking import Asked, ask


def test_what_does_not_exist_is_not_found_and_no_fault_of_ours(live_database: Database) -> None:
    with (
        House(Settings(database_url=live_database.url, secret_key="s" * 32)) as house,
        TestClient(app.create(house)) as client,
    ):
        answers = [
            client.get(path)
            for path in ("/nothing", "/static/none.css", "/static/a%00.css", f"/static/{'x' * 999}.css")
        ]

    assert [answer.status_code for answer in answers] == [404] * 4
    assert {answer.headers["content-type"] for answer in answers} == {"application/problem+json"}


def test_an_address_of_the_console_that_leads_nowhere_is_answered_with_a_page(live_database: Database) -> None:
    with (
        House(Settings(database_url=live_database.url, secret_key="s" * 32)) as house,
        TestClient(app.create(house)) as client,
    ):
        page = client.get("/console/nothing/at/all", headers={"accept-language": "pt-BR"})

    assert page.status_code == 404
    assert 'href="/console"' in page.text
    assert 'lang="pt-BR"' in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'")


@pytest.mark.parametrize(
    ("trusted", "seen"), [("", ("127.0.0.1", 1, "http")), ("127.0.0.1", ("203.0.113.9", 0, "https"))]
)
def test_the_framework_hears_from_a_trusted_proxy_who_asks_and_nothing_of_what_a_door_answers(
    live_database: Database, monkeypatch: pytest.MonkeyPatch, trusted: str, seen: tuple[str, int, str]
) -> None:
    heard: list[tuple[str, int, str]] = []

    async def framework(scope: Any, _: Any, send: Any) -> None:
        heard.append((*scope["client"], scope["scheme"]))
        await send({"type": "http.response.start", "status": 204, "headers": []})

    monkeypatch.setenv("FORWARDED_ALLOW_IPS", trusted)
    monkeypatch.setattr(app, "create", lambda *_: framework)
    headers = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}
    with House(Settings(database_url=live_database.url, secret_key="s" * 32)) as house:
        front = app.served(house)
        page, hook = asyncio.run(
            ask(front, Asked(path="/", headers=headers, method="GET"), Asked(path="/hooks/nobody/events"))
        )

    assert (page.status, hook.status) == (204, 404)
    assert heard == [seen]
