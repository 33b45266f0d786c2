"""Which language a person gets, and its words."""

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from notifier.i18n import catalogs


@pytest.mark.parametrize(
    ("given_locale", "ours"),
    [
        ("pt-BR", "pt_BR"), ("pt_PT", "pt_BR"), ("PT", "pt_BR"), ("es_MX", "es"), ("es-419", "es"), ("en-US", "en"),
        ("fr_FR", "en"), ("", "en"), (None, "en"), ("português", "en"),
    ],
)  # fmt: skip
def test_a_locale_as_people_write_it_finds_the_nearest_language_of_ours(given_locale: str | None, ours: str) -> None:
    assert catalogs.match(given_locale) == ours


def test_an_unknown_locale_gets_the_configured_default() -> None:
    assert catalogs.match("fr", "pt_BR") == "pt_BR"


@given(st.text(), st.text(max_size=4))
def test_no_text_breaks_the_choice_of_language_or_region(locale: str, country: str) -> None:
    language, region = catalogs.match(locale), catalogs.formatting(locale, country)

    assert language in catalogs.LOCALES
    assert Locale.parse(region)


@pytest.mark.parametrize(
    ("locale", "country", "region"),
    [
        ("es", "MX", "es_MX"), ("es_AR", "MX", "es_AR"), ("en", "GB", "en_GB"), ("pt_BR", "PT", "pt_BR"),
        ("es", "", "es"), ("en", "ZZ", "en"), ("es-MX", "", "es_MX"),
    ],
)  # fmt: skip
def test_money_and_dates_keep_the_region_the_words_do_not_have(locale: str, country: str, region: str) -> None:
    assert catalogs.formatting(locale, country) == region


def test_a_locale_without_a_catalog_speaks_english() -> None:
    assert catalogs.translations("xx").gettext("Hello,") == "Hello,"


def test_the_catalogs_are_read_from_their_sources_when_nothing_is_compiled() -> None:
    assert catalogs.translations("pt_BR").gettext("Hello,") == "Olá!"
    assert catalogs.translations("es").gettext("Pay now") == "Pagar ahora"
    assert catalogs.is_translated("es", "Pay now")
    assert not catalogs.is_translated("es", "Nobody ever wrote this")
