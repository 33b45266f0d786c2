"""Amounts in a currency's minor unit: exact sums, shares rounded to the nearest unit, splits that lose nothing."""

import msgspec


class MixedCurrencies(ValueError):
    """Two amounts of different currencies cannot be added."""


class Money(msgspec.Struct, frozen=True, kw_only=True, order=False):
    """An amount: `Money(minor=1990, currency="BRL")` is R$ 19.90."""

    minor: int
    currency: str

    def __add__(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            raise MixedCurrencies(f"{self.currency} and {other.currency} do not add up.")
        return Money(minor=self.minor + other.minor, currency=self.currency)

    def __neg__(self) -> "Money":
        return Money(minor=-self.minor, currency=self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return self + -other


def share(whole: Money, numerator: int, denominator: int) -> Money:
    """Return `numerator/denominator` of an amount to the nearest minor unit, halves away from zero."""
    doubled = 2 * abs(whole.minor) * numerator + denominator
    rounded = doubled // (2 * denominator)
    return Money(minor=rounded if whole.minor >= 0 else -rounded, currency=whole.currency)


def split(whole: Money, parts: int) -> list[Money]:
    """Divide an amount into parts that differ by at most one minor unit and add up to it, the larger ones first."""
    quotient, remainder = divmod(whole.minor, parts)
    return [Money(minor=quotient + (n < remainder), currency=whole.currency) for n in range(parts)]
