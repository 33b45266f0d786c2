"""Every text a person reads is in every language, with the same blanks to fill."""

import re

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from notifier.i18n import catalogs, extract
from tests.house import sources

BLANK = re.compile(r"%(?:\((?P<name>\w+)\))?[sdif]|\{(?P<field>\w*)\}")


@pytest.fixture(scope="module")
def found() -> Catalog:
    """Return every text in code and templates."""
    return extract.extracted(sources.ROOT)


@pytest.mark.parametrize("locale", catalogs.LOCALES)
def test_a_catalog_has_exactly_the_texts_of_code_and_templates(locale: str, found: Catalog) -> None:
    catalog = _catalog(locale)

    wanted, there = _keys(found), _keys(catalog)

    assert sorted(map(str, wanted - there)) == [], "run `python -m notifier.i18n.extract` and translate what is new"
    assert sorted(map(str, there - wanted)) == [], "run `python -m notifier.i18n.extract`"


@pytest.mark.parametrize("locale", catalogs.LOCALES)
def test_nothing_is_untranslated_or_guessed(locale: str) -> None:
    assert extract.untranslated(_catalog(locale)) == []


@pytest.mark.parametrize("locale", catalogs.LOCALES)
def test_a_translation_has_the_blanks_of_its_text(locale: str) -> None:
    wrong = [message.id for message in _catalog(locale) if message.id and not _has_the_same_blanks(message)]

    assert wrong == []


def _has_the_same_blanks(message: Message) -> bool:
    ids = message.id if isinstance(message.id, (tuple, list)) else (message.id,)
    texts = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
    wanted = [_blanks(text) for text in ids]
    # A singular may do without its number ("one day"); nothing may ask for a blank its text does not have.
    return all(_blanks(text) <= set().union(*wanted) and _blanks(text) >= wanted[0] for text in texts)


def _blanks(text: str) -> set[str]:
    return {match[0] for match in BLANK.finditer(text.replace("%%", ""))}


def _keys(catalog: Catalog) -> set[tuple[str | None, str]]:
    ids = [(message.context, message.id) for message in catalog if message.id]
    return {(context, text if isinstance(text, str) else text[0]) for context, text in ids}


def _catalog(locale: str) -> Catalog:
    with (sources.ROOT / "locales" / locale / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=locale)
