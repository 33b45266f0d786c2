"""Amounts add up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.money import MixedCurrencies, Money, share, split

MINOR = st.integers(-(10**12), 10**12)


@given(MINOR, st.integers(1, 400))
def test_the_parts_of_a_split_add_up_to_the_whole_and_differ_by_one_at_most(minor: int, parts: int) -> None:
    pieces = [piece.minor for piece in split(Money(minor=minor, currency="BRL"), parts)]

    assert sum(pieces) == minor
    assert max(pieces) - min(pieces) <= 1


@given(MINOR, st.integers(1, 100), st.integers(1, 100))
def test_a_share_is_the_nearest_amount(minor: int, numerator: int, denominator: int) -> None:
    part = share(Money(minor=minor, currency="EUR"), numerator, denominator).minor

    assert abs(part * denominator - minor * numerator) * 2 <= denominator


def test_halves_round_away_from_zero() -> None:
    assert share(Money(minor=3, currency="BRL"), 1, 2).minor == 2
    assert share(Money(minor=-3, currency="BRL"), 1, 2).minor == -2


def test_currencies_do_not_mix() -> None:
    with pytest.raises(MixedCurrencies, match="EUR and BRL"):
        Money(minor=1, currency="EUR") + Money(minor=1, currency="BRL")
