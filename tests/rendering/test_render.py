"""One message for one person, whatever the person is called and whatever the trigger left out."""

from datetime import date
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.i18n import catalogs
from notifier.i18n.shipped import directory
from notifier.providers.contract import ApprovedTemplate, Email, Text
from notifier.rendering import preview
from notifier.rendering.facts import Facts
from notifier.rendering.language.cleaning import Unrenderable
from notifier.rendering.library import Library, UnknownTemplate
from notifier.rendering.render import render
from notifier.rendering.segments import count

LIBRARY = Library.load(directory("templates"))
DAY = date(2026, 11, 22)
CONTROLS = {chr(code) for code in (*range(0x20), 0x7F, *range(0x80, 0xA0))} - {"\n"}
OVERRIDES = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u200e\u200f")


def make_facts(template: str = "payment-failed", channel: Any = "email", locale: str = "en", **changes: Any) -> Facts:
    data = preview.sample(LIBRARY.purpose(template).triggers[0], locale, DAY)
    return msgspec.structs.replace(preview.facts(template, channel, locale, data=data), **changes)


@settings(max_examples=150, deadline=None)
@given(
    st.text(max_size=250),
    st.sampled_from(LIBRARY.templates),
    st.sampled_from(("email", "sms", "whatsapp")),
    st.sampled_from(catalogs.LOCALES),
)
def test_any_name_is_written_safely_or_spoils_its_own_message_alone(
    name: str, template: str, channel: str, locale: str
) -> None:
    facts = make_facts(template, channel, locale, customer_name=name)
    if "\x00" in name or any("\ud800" <= character <= "\udfff" for character in name):
        with pytest.raises(Unrenderable):
            render(LIBRARY, facts)
        return

    content = render(LIBRARY, facts)

    written = content.text + (content.subject if isinstance(content, Email) else "")
    assert not (CONTROLS | OVERRIDES).intersection(written)
    if isinstance(content, Email):
        assert "\n" not in content.subject
    if isinstance(content, ApprovedTemplate):
        assert all(value.strip() and "\n" not in value and "    " not in value for value in content.variables.values())


def test_markup_in_a_name_or_a_plan_stays_text() -> None:
    facts = make_facts("upcoming-charge", customer_name="<b>Ana</b>")
    facts.data["subscription"]["plan"] = "<script>alert(1)</script> & Co"

    content = render(LIBRARY, facts)

    assert isinstance(content, Email)
    assert "&lt;b&gt;Ana" in str(content.html)
    assert "<script>" not in str(content.html)
    assert "<script>alert(1)</script> & Co" in content.text


def test_a_name_written_from_right_to_left_does_not_turn_the_sentence_around() -> None:
    content = render(LIBRARY, make_facts("feedback", customer_name="علي\u202e"))

    assert isinstance(content, Email)
    assert content.subject == "\u2068علي\u2069, one question for you"


def test_a_long_name_is_cut_between_characters_as_people_see_them() -> None:
    content = render(LIBRARY, make_facts("feedback", customer_name="👩‍👩‍👧‍👦" * 100))

    assert isinstance(content, Email)
    assert content.subject == "👩‍👩‍👧‍👦" * 59 + "…, one question for you"


@pytest.mark.parametrize("poison", ["\x00", "\ud800"])
def test_what_nobody_can_store_or_send_is_refused_with_its_reason(poison: str) -> None:
    facts = make_facts()
    facts.data["subscription"]["plan"] = f"Family{poison}"

    with pytest.raises(Unrenderable, match=r"U\+"):
        render(LIBRARY, facts)


def test_a_field_the_trigger_left_out_leaves_its_sentence_out() -> None:
    facts = make_facts("payment-failed", "email", "pt_BR")
    payment = {"id": "pay", "attempt": 1}

    content = render(LIBRARY, msgspec.structs.replace(facts, data=facts.data | {"payment": payment}))

    assert "Vamos tentar de novo" not in content.text
    assert "Não vamos tentar de novo" in content.text
    assert "None" not in content.text


def test_a_field_every_trigger_has_is_missed_loudly() -> None:
    facts = make_facts("payment-failed", "sms")
    data = {key: value for key, value in facts.data.items() if key != "invoice"}

    with pytest.raises(Unrenderable, match="invoice"):
        render(LIBRARY, msgspec.structs.replace(facts, data=data))


def test_words_follow_the_language_and_money_the_country() -> None:
    content = render(LIBRARY, make_facts("upcoming-charge", "sms", "es", country="MX"))

    assert isinstance(content, Text)
    assert content.text.startswith("Aurora se renueva el 27 nov 2026: $39.90")


@pytest.mark.parametrize("template", LIBRARY.templates)
@pytest.mark.parametrize("locale", catalogs.LOCALES)
def test_an_ordinary_sms_takes_one_segment_in_every_language(template: str, locale: str) -> None:
    counted = count(render(LIBRARY, make_facts(template, "sms", locale)).text)

    assert (counted.encoding, counted.segments) == ("GSM-7", 1)


def test_a_whatsapp_message_has_its_variables_in_order_and_its_button_last() -> None:
    content = render(LIBRARY, make_facts("payment-failed", "whatsapp", "en", customer_name=""))

    assert isinstance(content, ApprovedTemplate)
    assert content.variables["1"] == "there"
    assert content.variables["6"] == f"{preview.LINKS.token}/pay"
    assert content.text.endswith(f"Pay now: https://aurora.example/m/{preview.LINKS.token}/pay")


@pytest.mark.parametrize(
    ("plan", "variable"),
    [("Plus", "Plus"), ("Plus  and more", "Plus and more"), ("Plus\u00a0M", "Plus M"), (" Plus\n", "Plus"),
     (" Plus ", "Plus"),
     ("a" * 1024, "a" * 1024), ("a" * 1025, "a" * 1023 + "…"), ("é  " * 600, "é " * 511 + "é…")],
)  # fmt: skip
def test_a_whatsapp_variable_is_one_line_without_gaps_and_not_too_long(plan: str, variable: str) -> None:
    content = render(LIBRARY, _with_plan(plan))

    assert isinstance(content, ApprovedTemplate)
    assert content.variables["5"] == variable


@pytest.mark.parametrize("plan", ["", " ", "   ", "\u00a0"])
def test_a_whatsapp_variable_is_never_empty(plan: str) -> None:
    with pytest.raises(Unrenderable, match="variable is empty"):
        render(LIBRARY, _with_plan(plan))


def _with_plan(plan: str) -> Facts:
    facts = make_facts("payment-failed", "whatsapp")
    data = facts.data | {"subscription": {**facts.data["subscription"], "plan": plan}}
    return msgspec.structs.replace(facts, data=data)


def test_a_template_nobody_wrote_is_named_beside_those_there_are() -> None:
    with pytest.raises(UnknownTemplate, match="upcoming-charge"):
        render(LIBRARY, msgspec.structs.replace(make_facts(), template="upcoming-charg"))
