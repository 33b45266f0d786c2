"""Scores in people's own words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.surveys.read import read
from notifier.surveys.score import score


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("9", 9),
        (" 10! ", 10),
        ("0", 0),
        ("9/10", 9),
        ("9 de 10", 9),
        ("nove de dez", 9),
        ("ten out of ten", 10),
        ("nota nove, obrigado", 9),
        ("Nota: 10", 10),
        ("minha nota é 9", 9),
        ("DIEZ", 10),
        ("três", 3),
        ("9️⃣", 9),
        ("🔟", 10),
        ("９", 9),
        ("٩", 9),
        ("de 0 a 10 dou 8", 8),
        ("De 0 a 10, dou nota 8", 8),
        ("9, porque gosto muito do app", 9),
        ("9 - ótimo atendimento", 9),
        ("I'd give it a 9 because it works", 9),
    ],
)
def test_one_number_given_as_a_score_is_the_score(words: str, expected: int) -> None:
    assert read(words).score == expected


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("não 9", "denied"),
        ("not 9", "denied"),
        ("7,5", "not-a-whole-number"),
        ("sete e meio", "not-a-whole-number"),
        ("11", "out-of-range"),
        ("4/5", "another-scale"),
        ("9 ou 10", "no-score"),
        ("nota 9, mas o app é nota 3", "several-numbers"),
        ("10 minutos de espera", "no-score"),
        ("8 e 2 filhos", "no-score"),
        ("meu numero é 11961234567", "no-score"),
        ("", "no-score"),
        ("obrigado", "no-score"),
    ],
)
def test_what_is_no_clear_score_is_left_to_a_person(words: str, reason: str) -> None:
    reading = read(words)

    assert (reading.score, reading.reason) == (None, reason)


def test_what_is_said_besides_the_score_is_kept() -> None:
    assert read("9, porque gosto muito do app").comment == "porque gosto muito do app"
    assert read("9/10").comment == ""


def test_other_scales_have_other_ends() -> None:
    assert read("⭐⭐⭐⭐", "csat").score == 4
    assert read("4/5", "csat").score == 4
    assert read("6", "csat").score is None
    assert read("7", "ces").score == 7
    assert read("because it was dear", "cancel-reason").score is None


@given(st.text(max_size=300), st.sampled_from(["nps", "csat", "ces", "cancel-reason", "x"]))
def test_reading_never_fails_and_stays_on_the_scale(words: str, question: str) -> None:
    reading = read(words, question)

    assert reading.score is None or 0 <= reading.score <= 10


def test_nps_is_promoters_less_detractors_with_its_margin() -> None:
    figure = score("nps", [10, 9, 8, 6])

    assert figure is not None
    assert (figure.count, figure.value) == (4, 25.0)
    assert 0 < figure.margin < 50
    assert score("nps", []) is None
    assert score("cancel-reason", [1]) is None


def test_csat_and_ces_are_the_share_of_the_satisfied() -> None:
    csat, ces = score("csat", [5, 4, 3, 1]), score("ces", [7, 5, 4])

    assert csat is not None
    assert csat.value == 50
    assert ces is not None
    assert round(ces.value) == 67
