"""Keys for those who live in the console, and a page that refreshes itself without getting in anybody's way."""

from uuid import UUID

import pytest
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.browser

House = tuple[str, str, dict[str, UUID]]


@pytest.fixture
def page(house: House, chromium: Browser) -> Page:
    address, token, _ = house
    context = chromium.new_context(base_url=address, viewport={"width": 1280, "height": 800})
    context.add_cookies([{"name": "notifier_staff", "value": token, "url": address}])
    return context.new_page()


def test_keys_search_go_walk_open_and_explain_themselves(page: Page) -> None:
    page.goto("/console")
    page.keyboard.press("g")
    page.keyboard.press("c")
    page.wait_for_url("**/console/customers")

    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("grace")
    expect(page.locator("#results tbody tr")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator("#q")).not_to_be_focused()

    page.keyboard.press("?")
    expect(page.locator("#shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#shortcuts")).to_be_hidden()

    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/customers/cus_2")
    page.context.close()


def test_j_and_k_walk_and_stop_at_the_ends(page: Page) -> None:
    page.goto("/console/customers")
    rows = page.locator("[data-row]")

    for key in "jjjjjk":
        page.keyboard.press(key)

    expect(rows.nth(1)).to_have_class("here")
    expect(rows.nth(1).locator("a.open")).to_be_focused()
    page.context.close()


def test_a_refresh_changes_only_what_is_new(page: Page) -> None:
    page.goto("/console")
    page.evaluate("document.querySelector('[data-part=charts]').dataset.mine = 'kept'")
    page.locator("#days-table summary").click()
    page.keyboard.press("j")
    told = page.locator("[data-part=said]").inner_text()

    def renamed(route):  # type: ignore[no-untyped-def]  # playwright's own type is not public
        body = route.fetch().text().replace("Grace Hill", "Grace Hopper").replace('class="figure">', 'class="figure">9')
        route.fulfill(body=body, content_type="text/html")

    page.route("**/console?period=week", renamed)
    expect(page.get_by_text("Grace Hopper").first).to_be_visible(timeout=15_000)

    assert page.locator("[data-part=charts]").get_attribute("data-mine") == "kept"
    assert page.locator("#days-table").get_attribute("open") is not None
    assert page.locator("[data-part=said]").inner_text() == told
    expect(page.locator("tr.here")).to_have_count(1)
    expect(page.locator("tr.here a.open")).to_be_focused()
    page.context.close()
