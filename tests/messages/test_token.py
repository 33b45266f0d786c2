"""Tokens open only what they were made for."""

from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from notifier.messages import token


@given(st.uuids())
def test_a_token_reads_back_to_its_message(message_id) -> None:
    assert token.read("secret", token.make("secret", message_id)) == message_id


@given(st.text(max_size=60))
def test_any_other_text_is_no_token(text: str) -> None:
    assert token.read("secret", text) is None
    assert token.read_attempt("secret", text) is None


def test_a_token_of_one_purpose_or_secret_does_not_serve_another() -> None:
    ident = uuid4()

    assert token.read("other", token.make("secret", ident)) is None
    assert token.read_attempt("secret", token.make("secret", ident)) is None
    assert token.read_attempt("secret", token.make_attempt("secret", ident)) == ident
    assert token.read_attempt("other", token.make_attempt("secret", ident)) is None


def test_a_changed_character_breaks_a_token() -> None:
    made = token.make_attempt("secret", uuid4())

    assert token.read_attempt("secret", ("0" if made[0] != "0" else "1") + made[1:]) is None
