"""Texts shown as their apps show them, and never as markup of their own."""

from hypothesis import given
from hypothesis import strategies as st

from notifier.portal.bubble import bubble


def test_whatsapp_marks_become_bold_and_italic_and_links_are_left_whole() -> None:
    shown = bubble("*Aurora* e _você_: https://a.example/m/x_y_z*b*", "whatsapp")

    assert "<strong>Aurora</strong>" in shown
    assert "<em>você</em>" in shown
    assert ">https://a.example/m/x_y_z*b*</a>" in shown


def test_an_sms_keeps_its_stars() -> None:
    assert bubble("2 * 3 * 4, *so*", "sms") == "2 * 3 * 4, *so*"


@given(st.text(), st.sampled_from(["sms", "whatsapp"]))
def test_no_text_can_bring_markup(text: str, channel: str) -> None:
    shown = bubble(text.replace("http", "") + "<script>", channel)

    assert "<" not in shown.replace("<strong>", "").replace("</strong>", "").replace("<em>", "").replace("</em>", "")
