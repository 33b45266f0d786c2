"""Stopping something from the console, and seeing on every page that it is stopped."""

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.console.visitor import Visitor


def test_a_brake_is_pulled_seen_everywhere_and_released(ben: Visitor, db: Session) -> None:
    pulled = ben.post("/console/brakes", target="topic:offers", why="the discount <b>is</b> wrong")
    assert pulled.status_code == 303

    page = ben.get("/console/brakes")
    assert "the discount &lt;b&gt;is&lt;/b&gt; wrong" in page.text
    assert "Stopped by hand:" in ben.get("/console/customers").text
    assert db.execute(text("SELECT kind, name, pulled_by FROM brakes")).all() == [
        ("topic", "offers", "support@aurora.example")
    ]

    released = ben.post("/console/brakes/release", kind="topic", name="offers")
    assert released.status_code == 303
    assert "Nothing is stopped." in ben.get("/console/brakes").text
    assert "Stopped by hand:" not in ben.get("/console/customers").text


@pytest.mark.parametrize(
    ("form", "status", "told"),
    [
        ({"target": "topic:offers", "why": " "}, 422, "Say why, for whoever finds it stopped."),
        ({"target": "", "why": "because"}, 422, "Choose what is to stop."),
        ({"target": "journey:none-such", "why": "because"}, 422, "Choose what is to stop."),
    ],
)
def test_a_wrong_form_names_the_field_and_keeps_what_was_written(
    ben: Visitor, db: Session, form: dict[str, str], status: int, told: str
) -> None:
    answer = ben.post("/console/brakes", **form)

    assert answer.status_code == status
    assert told in answer.text
    assert f'value="{form["why"]}"' in answer.text
    assert db.execute(text("SELECT count(*) FROM brakes")).scalar_one() == 0


def test_what_is_stopped_already_is_said_to_be(ben: Visitor) -> None:
    ben.post("/console/brakes", target="everything", why="first")

    again = ben.post("/console/brakes", target="everything", why="second")

    assert again.status_code == 409
    assert "It is stopped already" in again.text
