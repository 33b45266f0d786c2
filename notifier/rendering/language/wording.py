"""The texts a template asks translations for."""

import re
from collections.abc import Iterator

from jinja2 import Environment
from jinja2.ext import extract_from_ast

from notifier.i18n import catalogs

_PLACEHOLDER = re.compile(r"%\((\w+)\)s")
_TAG = re.compile(r"</?\w+")
_environment = Environment(extensions=["jinja2.ext.i18n"], autoescape=False)  # noqa: S701 - it only reads, never renders
_environment.policies["ext.i18n.trimmed"] = True
_environment.newstyle_gettext = True  # type: ignore[attr-defined] # added by the i18n extension


def texts(source: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield (line, forms) of every text; the forms are one msgid, or singular and plural."""
    for line, function, given in extract_from_ast(_environment.parse(source)):
        forms = given if isinstance(given, tuple) else (given,)
        skipped = 1 if function in {"pgettext", "npgettext"} else 0
        yield line, tuple(form for form in forms[skipped:] if form)


def translated(source: str, locale: str) -> Iterator[tuple[int, str, str]]:
    """Yield (line, msgid, translation) of every text, a singular and its plural each by itself."""
    words = catalogs.translations(locale)
    for line, (one, *many) in texts(source):
        yield line, one, words.ngettext(one, many[0], 1) if many else words.gettext(one)
        for plural in many:
            yield line, plural, words.ngettext(one, plural, 2)


def placeholders(text: str) -> set[str]:
    """Return the names of the values a text has room for."""
    return set(_PLACEHOLDER.findall(text))


def tags(text: str) -> list[str]:
    """Return the HTML tags of a text, in alphabetical order: a translation has to have the same."""
    return sorted(_TAG.findall(text))
