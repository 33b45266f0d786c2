"""Money, dates, spans and lists as CLDR writes them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from babel.numbers import format_currency, get_currency_precision
from hypothesis import given
from hypothesis import strategies as st

from notifier.i18n import formats

LOCALES = ("pt_BR", "en", "es", "es_MX", "en_GB", "pt_PT", "de", "fr", "ja", "hi_IN", "en_IN", "ar_EG", "sv", "de_CH")
CURRENCIES = ("BRL", "USD", "EUR", "MXN", "JPY", "CLP", "KWD", "TND", "INR", "XAU")


@given(st.integers(-(10**15), 10**15), st.sampled_from(CURRENCIES), st.sampled_from(LOCALES))
def test_money_is_written_exactly_as_babel_writes_it(minor: int, currency: str, locale: str) -> None:
    amount = Decimal(minor).scaleb(-get_currency_precision(currency))

    assert formats.money(minor, currency, locale) == format_currency(amount, currency, locale=locale)


@pytest.mark.parametrize(
    ("minor", "currency", "locale", "written"),
    [
        (3990, "BRL", "pt_BR", "R$\xa039,90"), (123456, "USD", "en", "$1,234.56"), (1990, "JPY", "en", "¥1,990"),
        (1234, "KWD", "en", "KWD1.234"), (-500, "EUR", "es", "-5,00\xa0€"), (3990, "MXN", "es_MX", "$39.90"),
    ],
)  # fmt: skip
def test_money_has_the_decimals_of_its_currency(minor: int, currency: str, locale: str, written: str) -> None:
    assert formats.money(minor, currency, locale) == written


def test_dates_are_written_as_people_of_the_locale_write_them() -> None:
    day = date(2026, 11, 27)

    assert formats.day(day, "pt_BR") == "27 de novembro de 2026"
    assert formats.day(day, "en", "medium") == "Nov 27, 2026"
    assert formats.weekday(day, "en") == "Friday, November 27"
    assert formats.weekday(day, "es") == "viernes, 27 de noviembre"
    assert formats.month(day, "es") == "noviembre de 2026"


def test_an_instant_is_shown_by_the_clocks_of_its_reader() -> None:
    at = datetime(2026, 11, 27, 1, 30, tzinfo=UTC)

    assert formats.moment(at, "America/Sao_Paulo", "pt_BR", "short") == "26/11/2026 22:30"


def test_spans_numbers_and_lists() -> None:
    assert formats.relative(timedelta(days=3), "en") == "in 3 days"
    assert formats.relative(timedelta(days=-3), "pt_BR") == "há 3 dias"
    assert formats.number(1234567, "es") == "1.234.567"
    assert formats.listed(["a", "b", "c"], "pt_BR") == "a, b e c"
