"""The console does its work where no script runs."""

from uuid import UUID

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import PASSWORD

pytestmark = pytest.mark.browser

House = tuple[str, str, dict[str, UUID]]


def test_from_the_door_to_a_message_and_on_in_time(house: House, chromium: Browser) -> None:
    context = chromium.new_context(base_url=house[0], java_script_enabled=False, locale="en-GB")
    page = context.new_page()

    page.goto("/console/customers")
    page.fill("input[name=email]", "ada@aurora.example")
    page.fill("input[name=password]", PASSWORD)
    page.click("button.main")
    page.wait_for_url("**/console/customers")
    page.fill("#q", "ana beatriz")
    page.click("form[role=search] button")
    page.get_by_role("link", name="Ana Beatriz").click()
    page.get_by_role("link", name="Failed payment").first.click()
    page.wait_for_url("**/console/messages/*")
    expect(page.get_by_role("heading", name="Why it was sent")).to_be_visible()

    page.get_by_role("button", name="a week").click()
    page.wait_for_url("**/console")

    expect(page.locator("#clock progress")).to_be_visible()
    expect(page.get_by_role("link", name="Look again")).to_be_visible()
    context.close()
