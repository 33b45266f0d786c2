"""Words that end or restart writing, in every language, and only when they are the whole text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.replies.keywords import keyword


@pytest.mark.parametrize(
    "words",
    ["STOP", "stop.", " Stop! ", "ＳＴＯＰ", "pare", "PARE!", "Sair", "sair da lista", "CANCELAR", "baja", "Arrêt",
     "arret", "STOPP", "Abmelden", "ferma", "não quero mais",
     "opt-out", "Unsubscribe 🙏", "“parar”", "pare, por favor"],
)  # fmt: skip
def test_a_stop_word_is_one_in_any_dress(words: str) -> None:
    found = keyword(words)

    assert found is not None
    assert found.meaning == "stop"


@pytest.mark.parametrize(
    "words",
    ["não pare", "nao pare!", "don't stop", "stop sending on Sundays", "no quiero parar", "9", "", "🙂", "parei"],
)
def test_a_stop_word_inside_a_sentence_is_none(words: str) -> None:
    assert keyword(words) is None


@pytest.mark.parametrize(
    ("words", "meaning"),
    [("START", "start"), ("voltar", "start"), ("alta", "start"), ("Ajuda?", "help"), ("HELP", "help")],
)
def test_other_words_start_again_or_ask(words: str, meaning: str) -> None:
    found = keyword(words)

    assert found is not None
    assert found.meaning == meaning


@given(st.text())
def test_any_text_can_be_read(words: str) -> None:
    keyword(words)
