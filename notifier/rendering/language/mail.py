"""Compile an email's MJML, with its layout around it, to HTML in which the Jinja still stands."""

import re

import mrml

from notifier.errors import Invalid

_SLOT = re.compile(r"\[\[ (\w+) \]\]")
# A translated block is one piece: MJML must not see the markup in it.
_JINJA = re.compile(r"\{%-?\s*trans\b.*?\{%-?\s*endtrans\s*-?%\}|\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_ELEMENT = re.compile(r"<(mj-[\w-]+|mjml)\b")
_ELEMENTS = frozenset({
    "mjml", "mj-head", "mj-body", "mj-title", "mj-preview", "mj-attributes", "mj-all", "mj-class", "mj-style", "mj-raw",
    "mj-section", "mj-column", "mj-group", "mj-wrapper", "mj-text", "mj-button", "mj-image", "mj-divider", "mj-spacer",
    "mj-table", "mj-breakpoint", "mj-font", "mj-social", "mj-social-element", "mj-hero",
})  # fmt: skip


class BadMail(Invalid):
    """An email's MJML cannot be compiled, or would lose something on the way."""


def compiled(layout: str, parts: dict[str, str]) -> str:
    """
    Fill the layout's slots (`[[ message ]]`) with the email's parts and compile it.

    Raises:
        BadMail: unknown element or slot, bad MJML, or a piece of Jinja that stands where MJML drops it.
    """
    source = _SLOT.sub(lambda slot: _part(parts, slot[1]), layout)
    if unknown := sorted({name for name in _ELEMENT.findall(source) if name not in _ELEMENTS}):
        raise BadMail(f"There is no element {unknown[0]}.")
    pieces: list[str] = []

    def hide(found: re.Match[str]) -> str:
        pieces.append(found[0])
        return f"jinja{len(pieces) - 1}x"

    hidden = _JINJA.sub(hide, source)
    try:
        html: str = mrml.to_html(hidden).content
    except OSError as error:
        raise BadMail(f"The MJML cannot be read: {error}") from error
    for number, piece in enumerate(pieces):
        if f"jinja{number}x" not in html and not piece.startswith("{#"):
            raise BadMail(f"{piece} is lost: put it into the text of an element, or into <mj-raw>.")
    return re.sub(r"jinja(\d+)x", lambda found: pieces[int(found[1])], html)


def _part(parts: dict[str, str], name: str) -> str:
    if name not in parts:
        raise BadMail(f"The layout asks for [[ {name} ]], which no email has. There are: {', '.join(parts)}.")
    return parts[name].strip()
