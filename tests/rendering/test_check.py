"""What `notifier templates check` finds, and how it says it."""

from pathlib import Path
from shutil import copytree

import pytest

from notifier.i18n.shipped import directory
from notifier.rendering.check import check


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    """Return a copy of one good template and the layouts."""
    shipped = directory("templates")
    copytree(shipped / "layouts", tmp_path / "layouts")
    copytree(shipped / "messages" / "payment-failed", tmp_path / "messages" / "payment-failed")
    return tmp_path


def test_the_templates_that_come_along_are_in_order() -> None:
    assert [str(problem) for problem in check(directory("templates"))] == []


@pytest.mark.parametrize(
    ("file", "source", "said"),
    [
        ("sms.txt", "a\n{{ data.invoice.amout }}", "sms.txt:2: data.invoice.amout is no field of the trigger."),
        ("sms.txt", "{{ data.payment.next_attempt_on }}", "may be absent. Write it inside {% if"),
        ("sms.txt", "{% if data.invoice %}", "sms.txt:1: Unexpected end of template"),
        ("sms.txt", "{{ data.invoice.amount * 2 }}", "Mul has no place in a message"),
        ("sms.txt", "{{ ''.__class__ }}", "'__class__' is not a field."),
        ("sms.txt", "{% for x in range(9) %}{% endfor %}", "Only translations of a text"),
        ("sms.txt", "{% macro a() %}{{ a() }}{% endmacro %}", "Macro has no place in a message"),
        ("sms.txt", "{{ data.invoice.number|safe }}", "There is no filter 'safe'"),
        ("sms.txt", "{{ _('Nobody translated this') }}", "The translation of 'Nobody translated this' is missing."),
        ("sms.txt", "palavra " * 200, "It takes 11 segments (GSM-7). Say it in 4."),
        ("email.subject", "x" * 200, "The subject has 200 characters."),
        ("email.mjml", "<mj-txt>a</mj-txt>", "There is no element mj-txt."),
        ("email.mjml", "<mj-text>{{ lang }}", "The MJML cannot be read"),
        ("whatsapp.txt", "{{ data.invoice.number }}", "data.invoice.number is no field"),
        (
            "template.yaml",
            "about: a\ntopic: billing\ntriggers: [payment.faild]",
            "There is no trigger type 'payment.faild'",
        ),
        ("template.yaml", "about: a\ntopic: bills\ntriggers: []", "Invalid enum value 'bills'"),
    ],
)
def test_a_mistake_is_named_with_its_place_and_remedy(templates: Path, file: str, source: str, said: str) -> None:
    (templates / "messages" / "payment-failed" / file).write_text(source)

    problems = [str(problem) for problem in check(templates)]

    assert [problem for problem in problems if said in problem], problems


def test_a_missing_file_is_named(templates: Path) -> None:
    (templates / "messages" / "payment-failed" / "email.txt").unlink()

    assert "payment-failed/email.txt is missing" in str(check(templates)[0])
