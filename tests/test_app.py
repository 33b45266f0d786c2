"""The web process as a whole: what no room answers is refused politely too."""

from litestar.testing import TestClient

from notifier import app
from notifier.db import Database
from notifier.house import House
from notifier.settings import Settings


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
