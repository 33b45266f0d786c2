"""A marketer's mistakes are told with the line and the remedy, before anything is published."""

from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from notifier.errors import Misconfigured
from notifier.i18n.shipped import directory
from notifier.journeys.rules import check, publish

GOOD = """\
journey: mine
title: Mine
on: payment.failed
when: data.invoice.amount > 0 && data.payment.reason != 'expired-card'
about: data.invoice.id
ends_on:
  - trigger: payment.recovered
    about: data.invoice.id
topic: billing
expires_after: 2d
steps:
  - name: notice
    send: {template: hello, channels: [email, sms]}
"""


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    (tmp_path / "journeys").mkdir()
    hello = tmp_path / "messages" / "hello"
    hello.mkdir(parents=True)
    (hello / "template.yaml").write_text("triggers: [payment.failed]\n")
    (hello / "email.txt").write_text("")
    (hello / "sms.txt").write_text("")
    return tmp_path


def told(templates: Path, source: str) -> list[tuple[int, str]]:
    (templates / "journeys" / "mine.yaml").write_text(source)
    return [(problem.line, f"{problem.what} {problem.remedy}") for problem in check.check(templates)]


def test_the_journeys_that_come_along_are_in_order() -> None:
    assert check.check(directory("templates")) == []


def test_a_journey_without_mistakes_is_told_nothing(templates: Path) -> None:
    assert told(templates, GOOD) == []


@pytest.mark.parametrize(
    ("wrong", "instead", "line", "words"),
    [
        ("data.invoice.amount >", "data.invoice.amont >", 4, "undeclared reference to 'data.invoice.amont'"),
        ("amount > 0", "amount > '0'", 4, "no matching overload"),
        ("data.invoice.amount > 0 &&", "data.invoice.amount &&", 4, "no matching overload"),
        ("on: payment.failed", "on: payment.fialed", 3, "There is no trigger type 'payment.fialed'"),
        ("    about: data.invoice.id", "    about: data.payment.reason", 8, "may be absent"),
        ("about: data.invoice.id\nends", "about: data.invoice\nends", 5, "payment.failed has no 'data.invoice'. It"),
        ("trigger: payment.recovered", "trigger: payment.failed", 7, "cannot end it"),
        ("expires_after: 2d", "expires_after: two days", 10, "'two days' is no time to wait"),
        ("[email, sms]", "[sms]", 12, "The first step sends no email"),
        ("[email, sms]", "[email, whatsapp]", 13, "has no words for whatsapp"),
        ("template: hello", "template: goodbye", 13, "There is no template 'goodbye'"),
        ("[email, sms]", "[email, fax]", 13, "Invalid enum value 'fax'"),
        ("title: Mine", "titel: Mine", 2, "unknown field `titel`"),
        ("journey: mine", "journey: yours", 1, "Give both one name"),
        ("steps:", "steps: [", 12, "This is not YAML"),
    ],
)
def test_a_mistake_is_told_with_its_line(templates: Path, wrong: str, instead: str, line: int, words: str) -> None:
    assert wrong in GOOD

    found = told(templates, GOOD.replace(wrong, instead, 1))

    assert line in [at for at, said in found if words in said], found


def test_two_steps_cannot_have_one_name(templates: Path) -> None:
    found = told(templates, f"{GOOD}  - name: notice\n    wait: 3d\n")

    assert {line for line, said in found if "Two steps are called 'notice'" in said} == {12, 14}
    assert any("Nothing follows the last wait" in said for _, said in found)


def test_publishing_gives_a_changed_text_the_next_version_and_retires_what_is_gone(
    db: Session, templates: Path
) -> None:
    file = templates / "journeys" / "mine.yaml"
    file.write_text(GOOD)

    first, again = publish.publish(db, templates), publish.publish(db, templates)
    file.write_text(GOOD.replace("2d", "3d"))
    changed = publish.publish(db, templates)
    file.unlink()
    gone = publish.publish(db, templates)
    file.write_text(GOOD)
    back = publish.publish(db, templates)

    assert (first, again, changed, gone, back) == ([("mine", 1)], [], [("mine", 2)], [], [("mine", 3)])


def test_nothing_is_published_while_anything_is_wrong(db: Session, templates: Path) -> None:
    (templates / "journeys" / "mine.yaml").write_text(GOOD.replace("2d", "soon"))

    with pytest.raises(Misconfigured, match=r"mine\.yaml:10"):
        publish.publish(db, templates)
