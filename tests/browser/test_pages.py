"""Every page on phone and desk, light and dark, in three languages: accessible, and never wider than its screen."""

import os
from pathlib import Path
from uuid import UUID

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

House = tuple[str, str, dict[str, UUID]]
LOOKS = [("pt_BR", 390, "light"), ("en", 1280, "dark"), ("es", 390, "dark"), ("pt_BR", 1280, "light")]
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}


def _paths(messages: dict[str, UUID]) -> dict[str, str]:
    return {
        "overview": "/console",
        "customers": "/console/customers",
        "customer": "/console/customers/cus_1",
        **{f"message-{channel}": f"/console/messages/{ident}" for channel, ident in messages.items()},
        "attention": "/console/attention",
        "brakes": "/console/brakes",
        "journeys": "/console/journeys",
        "journey": "/console/journeys/payment-failed",
        "templates": "/console/templates",
        "template": "/console/templates/payment-failed?channel=whatsapp",
        "settings": "/console/settings",
        "patterns": "/console/_patterns",
        "nothing": "/console/customers/nobody",
    }


@pytest.mark.parametrize(("locale", "width", "theme"), LOOKS)
def test_pages_are_accessible_and_fit(
    house: House, chromium: Browser, tmp_path: Path, locale: str, width: int, theme: str
) -> None:
    address, token, messages = house
    shots = Path(os.environ.get("NOTIFIER_TEST_SCREENSHOTS") or tmp_path)
    page = _page(chromium, address, token, width, locale, theme)

    problems = []
    for name, path in _paths(messages).items():
        page.goto(address + path)
        page.screenshot(path=shots / f"{name}-{locale}-{width}-{theme}.png", full_page=True)
        found = Axe().run(page, options=RULES).response["violations"]
        problems += [f"{name}: {one['id']}: {one['nodes'][0]['html'][:160]}" for one in found]
        if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            problems.append(f"{name}: wider than {width}")
    page.context.close()

    assert problems == []


def test_the_door_is_accessible(house: House, chromium: Browser, tmp_path: Path) -> None:
    page = chromium.new_context(viewport={"width": 360, "height": 760}, locale="es-MX").new_page()

    page.goto(house[0] + "/console/sign-in")
    page.screenshot(path=Path(os.environ.get("NOTIFIER_TEST_SCREENSHOTS") or tmp_path) / "sign-in.png")

    assert page.locator("html").get_attribute("lang") == "es"
    assert Axe().run(page, options=RULES).response["violations"] == []
    page.context.close()


def _page(chromium: Browser, address: str, token: str, width: int, locale: str, theme: str) -> Page:
    context = chromium.new_context(viewport={"width": width, "height": 844}, color_scheme=theme)  # type: ignore[arg-type]  # of LOOKS
    context.add_cookies([{"name": "notifier_staff", "value": token, "url": address}])
    page = context.new_page()
    page.goto(address + "/console/settings")
    page.select_option("select[name=locale]", locale)
    page.click("form[action='/console/settings'] button.main")
    page.wait_for_url("**done=saved")
    return page
