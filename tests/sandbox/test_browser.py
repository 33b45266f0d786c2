"""The phones and mailboxes in a browser: fit for screen readers, no wider than a phone, alive or without scripts."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser
from twilio.rest import Client

from tests.sandbox.conftest import soon
from tests.sandbox.http import Http
from tests.sandbox.test_sendgrid import BEARER_HEADERS, DIA, mail
from tests.sandbox.test_twilio import template
from tests.support import browsers

pytestmark = pytest.mark.browser

CEM, WE = "+4915112345678", "+15005550006"
LOOKS = [("pt-BR", 390, "light"), ("en", 1280, "dark"), ("es", 390, "dark"), ("pt-BR", 1280, "light")]
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browsers.chromium() as browser:
        yield browser


@pytest.mark.parametrize(("locale", "width", "theme"), LOOKS)
def test_pages_are_accessible_and_fit(
    chromium: Browser, twilio: Client, sandbox: Http, tmp_path: Path, locale: str, width: int, theme: str
) -> None:
    long = "Aurora: https://pay.example/" + "m/AbCdEf0123456789" * 6
    for to in (CEM, "+15550000404"):
        twilio.messages.create(to=to, from_=WE, body=long)
    sid = template(twilio, sandbox)
    twilio.messages.create(to=f"whatsapp:{CEM}", from_=f"whatsapp:{WE}", content_sid=sid, content_variables='{"1":"C"}')
    sandbox.call("POST", "/v3/mail/send", json=mail(), headers=BEARER_HEADERS)
    soon(lambda: {one["status"] for one in sandbox.get("/api/messages").json} == {"delivered", "undelivered"})
    sandbox.call("POST", "/api/replies", json={"channel": "sms", "from": CEM, "text": "STOP"})
    mail_id = sandbox.get(f"/api/messages?to={DIA}").json[0]["provider_id"]
    paths = {
        "people": "/",
        "sms": f"/phones/{CEM}?channel=sms",
        "whatsapp": f"/phones/{CEM}?channel=whatsapp",
        "mailbox": f"/mailboxes/{DIA}",
        "mail": f"/mailboxes/{DIA}/{mail_id}.0",
        "text": f"/mailboxes/{DIA}/{mail_id}.0?view=text",
    }
    shots = Path(os.environ.get("NOTIFIER_TEST_SCREENSHOTS") or tmp_path)
    context = chromium.new_context(viewport={"width": width, "height": 844}, color_scheme=theme, locale=locale)  # type: ignore[arg-type]  # of LOOKS
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)

    for name, path in paths.items():
        page.goto(sandbox.url + path)
        page.screenshot(path=shots / f"sandbox-{name}-{locale}-{width}-{theme}.png")
        found = Axe().run(page, options=RULES).response["violations"]
        problems += [f"{name}: {one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]
        if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            problems.append(f"{name}: wider than {width}")
    context.close()

    assert problems == []


def test_a_new_message_appears_by_itself_and_spares_what_is_being_typed(
    chromium: Browser, twilio: Client, sandbox: Http
) -> None:
    twilio.messages.create(to=CEM, from_=WE, body="First")
    page = chromium.new_page()
    page.goto(f"{sandbox.url}/phones/{CEM}")
    page.fill("#text", "Half an ans")

    twilio.messages.create(to=CEM, from_=WE, body="Second")

    page.wait_for_selector("text=Second")
    assert page.input_value("#text") == "Half an ans"
    page.close()


def test_one_answers_without_scripts(chromium: Browser, twilio: Client, sandbox: Http) -> None:
    twilio.messages.create(to=CEM, from_=WE, body="First")
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(sandbox.url)

    page.click(f"text={CEM}")
    page.fill("#text", "An answer")
    page.click(".write button")

    assert page.locator(".bubble.mine .said").inner_text() == "An answer"
    context.close()
