"""Make one message: the words of a template, in a person's language, with this person's facts."""

import hashlib
import re
from functools import cache
from typing import Any

from jinja2 import TemplateError

from notifier.i18n import catalogs
from notifier.providers.contract import ApprovedTemplate, Content, Email, Text
from notifier.rendering.facts import Facts
from notifier.rendering.language import cleaning
from notifier.rendering.language.cleaning import Unrenderable
from notifier.rendering.language.compiling import Wording
from notifier.rendering.library import Library

LONGEST_VARIABLE = 1024
_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n){2,}")
_LONGEST_NAME = {"email": 60, "sms": 24, "whatsapp": 60}
_PLAIN = {
    "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"',
    "\u2013": "-", "\u2014": "-", "\u2026": "...",
}  # fmt: skip
"""What CLDR and typographers write, as GSM-7 has it; one such character would make every SMS segment less than half."""


def render(library: Library, facts: Facts) -> Content:
    """
    Render one message. Pure, but for the compiled templates the library keeps.

    Raises:
        Unrenderable: this message cannot be made, and why; says nothing of any other.
        UnknownTemplate: the library has no such words.
    """
    locale = catalogs.match(facts.locale)
    made = library.compiled(facts.template, facts.channel, locale, catalogs.formatting(locale, facts.country))
    try:
        values = context(facts, locale)
        if facts.channel == "email":
            return _email(made["words"], values, library.purposes[facts.template].topic)
        if facts.channel == "sms":
            return Text(text=_plain(made["words"].say(values)[0]))
        return _approved(library, made, values, facts, locale)
    except (TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise Unrenderable(f"{facts.template} cannot be written: {type(error).__name__}: {error}") from error


def context(facts: Facts, locale: str) -> dict[str, Any]:
    """Return the names a template knows; everything in it is plain data, so that nothing can be reached through it."""
    brand = facts.brand
    full = cleaning.name(facts.customer_name, _LONGEST_NAME[facts.channel])
    return {
        "data": facts.data,
        "customer": {"name": full, "first_name": cleaning.first_name(full)},
        "brand": {"name": brand.name, "address": brand.address, "support_email": brand.support_email},
        "links": facts.links.named(with_scores="survey" in facts.data),
        "timezone": facts.timezone,
        "lang": locale.replace("_", "-"),
    }


def _email(words: Wording, values: dict[str, Any], topic: str) -> Email:
    subject, text, html = words.say(values)
    return Email(
        subject=" ".join(subject.split()),
        text=_BLANK_LINES.sub("\n\n", text.strip()) + "\n",
        html=html,
        unsubscribe_url=values["links"]["unsubscribe"],
        topic=topic,
    )


def _plain(text: str) -> str:
    for letter, plain in _PLAIN.items():
        if letter in text:
            text = text.replace(letter, plain)
    return text


def _approved(
    library: Library, made: dict[str, Wording], values: dict[str, Any], facts: Facts, locale: str
) -> ApprovedTemplate:
    named, buttons = given(library, made["given"], values, facts.template)
    variables = list(named.values())
    (text,) = made["words"].say(named | {"lang": values["lang"]})
    for title, link in buttons:
        text += f"\n\n{title}: {link}"
        variables.append(link.removeprefix(f"{facts.links.public_url}/m/"))
    return ApprovedTemplate(
        content_sid=placeholder_sid(facts.template, locale),
        variables={str(number): value for number, value in enumerate(variables, start=1)},
        text=text,
        buttons=buttons,
    )


def given(
    library: Library, wording: Wording, values: dict[str, Any], template: str
) -> tuple[dict[str, str], tuple[tuple[str, str], ...]]:
    """Return the named variables of a WhatsApp message, and the title and link of each of its buttons."""
    names = library.approved(template).variables
    said = wording.say(values)
    buttons = [text.strip() for text in said[len(names) :]]
    named = {name: _variable(text) for name, text in zip(names, said, strict=False)}
    return named, tuple(zip(buttons[::2], buttons[1::2], strict=True))


@cache
def placeholder_sid(template: str, locale: str) -> str:
    """Return a well-formed Content SID that no account has: `sending` puts the account's own in its place."""
    return f"HX{hashlib.blake2s(f'{template}/{locale}'.encode(), digest_size=16).hexdigest()}"


def _variable(said: str) -> str:
    """Return a variable as Meta takes it (error 63013): one line, no tabs, no run of spaces, not empty."""
    said = said.strip()
    if "  " in said or not said.isprintable() or len(said) > LONGEST_VARIABLE:
        said = cleaning.short(" ".join(said.split()), LONGEST_VARIABLE)
    if not said:
        raise Unrenderable("A WhatsApp variable is empty; give it another value with `or`.")
    return said
