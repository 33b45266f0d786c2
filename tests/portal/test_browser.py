"""Every page as a person's browser shows it: no errors, nothing wider than a phone, and fit for screen readers."""

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from litestar import Litestar
from litestar.testing import TestClient
from playwright.sync_api import Browser, Page, Route
from sqlalchemy import select
from sqlalchemy.orm import Session

from notifier import assets
from notifier.messages.content import Kept
from notifier.surveys.models import Answer
from tests.portal.conftest import Written
from tests.support import browsers

pytestmark = pytest.mark.browser

ORIGIN = "https://pages.test"
HTML = "<html lang='pt'><head><title>x</title></head><body><main><h1>Olá</h1></main></body></html>"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browsers.chromium() as browser:
        yield browser


def open_page(chromium: Browser, client: TestClient[Litestar], **given: Any) -> tuple[Page, list[str]]:
    """Open a page whose every request the app itself answers, with no server between."""

    def answer(route: Route) -> None:
        asked = route.request
        path = asked.url.removeprefix(ORIGIN)
        if path.startswith("/static/"):
            asset = assets.served(path.removeprefix("/static/"))
            route.fulfill(body=asset.body, content_type=asset.media_type)
            return
        headers = {name: value for name, value in asked.headers.items() if name == "content-type"}
        reply = client.request(
            asked.method, path, content=asked.post_data_buffer, headers=headers, follow_redirects=False
        )
        route.fulfill(status=reply.status_code, headers=dict(reply.headers), body=reply.content)

    page = chromium.new_context(java_script_enabled=True, bypass_csp=True, **given).new_page()
    errors: list[str] = []
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.route("**/*", answer)
    return page, errors


PAGES = ["", "/survey?score=9", "/preferences", "/unsubscribe"]


#: Each language at each width; each width in each scheme: what overflows is a matter of words, what pales of colours.
LOOKS = [
    ("pt_BR", 360, "light"), ("pt_BR", 1280, "dark"), ("en", 360, "dark"),
    ("en", 1280, "light"), ("es", 360, "light"), ("es", 1280, "dark"),
]  # fmt: skip


@pytest.mark.parametrize(("locale", "width", "scheme"), LOOKS)
def test_every_page_fits_and_can_be_read_by_anybody(
    chromium: Browser, client: TestClient[Litestar], written: Written, locale: str, width: int, scheme: str
) -> None:
    asks = {"data": {"survey": {"id": "n", "question": "nps"}}, "topic": "surveys"}
    kept = Kept(subject="Your charge", text="Hello", html=HTML)
    link = written(kept, channel="email", address="dia@example.com", locale=locale, **asks)
    text = written(Kept(text="*Aurora* https://a.example/x"), channel="whatsapp", locale=locale)
    page, errors = open_page(chromium, client, viewport={"width": width, "height": 800}, color_scheme=scheme)

    for path in [*(link + one for one in PAGES), text, "/m/nowhere"]:
        page.goto(ORIGIN + path)
        found = Axe().run(page, options={"iframes": False}).response["violations"]
        told = [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]
        assert told == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path

    page.context.close()
    assert [error for error in errors if "404" not in error] == []


def test_a_score_is_given_and_thanked_for(
    chromium: Browser, client: TestClient[Litestar], db: Session, written: Written
) -> None:
    link = written(locale="en", topic="surveys", data={"survey": {"id": "n", "question": "nps"}})
    page, _ = open_page(chromium, client)

    page.goto(f"{ORIGIN}{link}/survey?score=9")
    page.get_by_label("10", exact=True).check()
    page.get_by_role("textbox").fill("Quick help")
    page.get_by_role("button").click()
    page.wait_for_url("**/survey?given=1")

    assert "Quick help" in page.inner_text("main")
    page.context.close()
    assert db.scalars(select(Answer.score)).all() == [10]
