"""Find what is wrong with templates before a customer does: `notifier templates check`."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from jinja2 import Environment, TemplateSyntaxError
from msgspec import Struct

from notifier.catalog.types import TYPES
from notifier.errors import Invalid
from notifier.i18n import catalogs
from notifier.providers.contract import Channel, Content, Email
from notifier.rendering import preview, segments
from notifier.rendering.facts import Facts
from notifier.rendering.language import allowed, paths, wording
from notifier.rendering.language.cleaning import Unrenderable
from notifier.rendering.library import FILES, LAYOUTS, BadTemplate, Library
from notifier.rendering.render import render

MOST_SEGMENTS = 4
LARGEST_HTML = 80_000
LONGEST_SUBJECT = 120
_DAY = date(2028, 2, 29)
_ANY = Environment(extensions=["jinja2.ext.i18n"], autoescape=False)  # noqa: S701 - it only parses, never renders
_ANY.newstyle_gettext = True  # type: ignore[attr-defined] # added by the i18n extension


class Problem(Struct, frozen=True, kw_only=True):
    """One thing to mend: where, what is wrong, how to mend it."""

    file: str
    """Below the templates' directory."""
    line: int = 1
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what} {self.remedy}"


def check(directory: Path) -> list[Problem]:
    """Return everything that is wrong with the templates in `directory`; empty when all is well."""
    try:
        library = Library.load(directory)
    except BadTemplate as error:
        return [Problem(file="messages", what=str(error), remedy="Nothing else was looked at until this is mended.")]
    found = [problem for name in LAYOUTS for problem in _texts(f"layouts/{name}", library.layouts[name])]
    for template in library.templates:
        problems = list(_template(library, template))
        found += problems or _rendered(library, template)
    return found


def _template(library: Library, template: str) -> Iterator[Problem]:
    purpose = library.purposes[template]
    unknown = [name for name in purpose.triggers if name not in TYPES]
    if unknown or not purpose.triggers:
        what = f"There is no trigger type {unknown[0]!r}." if unknown else "It is for no trigger type."
        yield Problem(
            file=f"messages/{template}/template.yaml", what=what, remedy=f"There are: {', '.join(sorted(TYPES))}."
        )
        return
    for channel in library.channels(template):
        for name in FILES[channel]:
            yield from _source(library, template, name)


def _source(library: Library, template: str, name: str) -> Iterator[Problem]:
    file, source = f"messages/{template}/{name}", library.files[template][name]
    try:
        tree = _ANY.parse(source)
    except TemplateSyntaxError as error:
        yield Problem(file=file, line=error.lineno, what=str(error.message), remedy="Mend the syntax.")
        return
    for line, said in allowed.refusals(tree):
        yield Problem(
            file=file, line=line, what=said, remedy="A message holds words, fields, conditions, loops and filters."
        )
    for line, what, remedy in dict.fromkeys(
        fault for schema in _schemas(library, template, name) for fault in paths.faults(tree, schema)
    ):
        yield Problem(file=file, line=line, what=what, remedy=remedy)
    yield from _texts(file, source)


def _schemas(library: Library, template: str, name: str) -> Iterator[dict[str, Any]]:
    if name == "whatsapp.txt":
        yield paths.named(iter(library.approved(template).variables))
        return
    for trigger in library.purposes[template].triggers:
        yield paths.known(TYPES[trigger].schema())


def _texts(file: str, source: str) -> Iterator[Problem]:
    for locale in catalogs.LOCALES:
        for line, msgid, said in wording.translated(source, locale):
            if not catalogs.is_translated(locale, msgid):
                yield _mistranslated(file, line, locale, msgid, "is missing.")
            elif wording.placeholders(msgid) != wording.placeholders(said):
                yield _mistranslated(file, line, locale, msgid, "has other placeholders.")
            elif wording.tags(msgid) != wording.tags(said):
                yield _mistranslated(file, line, locale, msgid, "has other HTML tags.")


def _mistranslated(file: str, line: int, locale: str, msgid: str, what: str) -> Problem:
    catalog = f"locales/{locale}/LC_MESSAGES/messages.po"
    return Problem(file=file, line=line, what=f"The translation of {msgid!r} {what}", remedy=f"Mend it in {catalog}.")


def _rendered(library: Library, template: str) -> list[Problem]:
    found: list[Problem] = []
    for channel in library.channels(template):
        file = f"messages/{template}/{FILES[channel][0]}"
        for locale in catalogs.LOCALES:
            for trigger in library.purposes[template].triggers:
                data = preview.sample(trigger, locale, _DAY)
                for given, name in ((data, None), (_least(data), "")):
                    found += _one(library, file, preview.facts(template, channel, locale, data=given, name=name))
    return list(dict.fromkeys(found))


def _least(data: dict[str, Any]) -> dict[str, Any]:
    """Return the sample without what a trigger may leave out."""
    optional = {"ends_on", "reason", "next_attempt_on", "access_ends_on", "expires_on", "question", "quantity"}
    return {
        key: {name: field for name, field in value.items() if name not in optional}
        if isinstance(value, dict)
        else value
        for key, value in data.items()
    }


def _one(library: Library, file: str, facts: Facts) -> Iterator[Problem]:
    try:
        content = render(library, facts)
    except (Unrenderable, Invalid, TemplateSyntaxError) as error:
        yield Problem(file=file, what=f"{facts.locale}: {error}", remedy="Mend it until the sample renders.")
        return
    for what, remedy in _too_much(content, facts.channel):
        yield Problem(file=file, what=f"{facts.locale}: {what}", remedy=remedy)


def _too_much(content: Content, channel: Channel) -> Iterator[tuple[str, str]]:
    if isinstance(content, Email):
        if not content.subject or len(content.subject) > LONGEST_SUBJECT:
            yield f"The subject has {len(content.subject)} characters.", f"Write 1 to {LONGEST_SUBJECT}."
        if (size := len(str(content.html).encode())) > LARGEST_HTML:
            yield f"The HTML has {size} bytes.", f"Mail clients cut long mails: stay below {LARGEST_HTML}."
    elif channel == "sms" and (count := segments.count(content.text)).segments > MOST_SEGMENTS:
        yield f"It takes {count.segments} segments ({count.encoding}).", f"Say it in {MOST_SEGMENTS}."
