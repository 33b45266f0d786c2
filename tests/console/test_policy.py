"""What every page promises browsers, and what no other site's page can do."""

import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute
from litestar.testing import TestClient

from notifier.console.policy import PAGES
from tests.console.visitor import Visitor


def _routes(app: Litestar, method: str) -> list[str]:
    filled = {"customer_id:str": "cus_1", "message_id:uuid": "0192f3a4-0000-7000-8000-000000000000"}
    paths = []
    for route in app.routes:
        if isinstance(route, HTTPRoute) and method in route.methods and route.path.startswith("/console"):
            path = route.path
            for name, value in filled.items():
                path = path.replace("{" + name + "}", value)
            paths.append(path.replace("{name:str}", "x").replace(":int}", "}").replace("{trigger_id}", "1"))
    return [path.replace("{run_id}", "1").replace("{key_id}", "1") for path in paths]


def test_every_page_carries_the_policy_from_none(root: Visitor) -> None:
    paths = _routes(root.client.app, "GET")

    without = [path for path in paths if root.get(path).headers.get("content-security-policy") != PAGES]

    assert len(paths) > 10
    assert without == []


def test_the_policy_holds_for_strangers_and_for_refused_forms(browser: TestClient[Litestar]) -> None:
    visitor = Visitor(browser)

    answers = [visitor.get("/console"), visitor.post("/console/sign-in", token="forged", email="a", password="b")]

    assert [answer.headers.get("content-security-policy") for answer in answers] == [PAGES, PAGES]


def test_no_form_is_taken_without_the_token_of_our_own_page(root: Visitor) -> None:
    paths = _routes(root.client.app, "POST")

    taken = [path for path in paths if root.post(path, token="forged").status_code != 403]

    assert len(paths) > 5
    assert taken == []


@pytest.mark.parametrize("path", ["/console", "/console/customers", "/console/settings"])
def test_pages_hold_no_inline_script_or_style(root: Visitor, path: str) -> None:
    page = root.get(path).text

    assert "<style" not in page
    assert " style=" not in page
    assert "<script>" not in page
    assert "javascript:" not in page
