"""A text message as its app shows it: links can be followed, WhatsApp's *bold* and _italic_ are so."""

import re

from jinja2.utils import urlize
from markupsafe import Markup, escape

_BOLD = re.compile(r"(?<![\w*])\*(?=\S)([^*\n]+)(?<=\S)\*(?![\w*])")
_ITALIC = re.compile(r"(?<![\w_/])_(?=\S)([^_\n]+)(?<=\S)_(?![\w_/])")
_LINK = re.compile(r"(https?://\S+)")


def bubble(text: str, channel: str) -> Markup:
    """Return the words as safe markup."""
    pieces = _LINK.split(text)
    shown = (_linked(piece) if place % 2 else _styled(piece, channel) for place, piece in enumerate(pieces))
    return Markup("").join(shown)


def _linked(address: str) -> Markup:
    return Markup(urlize(escape(address), rel="noopener noreferrer"))  # noqa: S704 - escaped before


def _styled(words: str, channel: str) -> Markup:
    plain = str(escape(words))
    if channel == "whatsapp":
        plain = _ITALIC.sub(r"<em>\1</em>", _BOLD.sub(r"<strong>\1</strong>", plain))
    return Markup(plain)  # noqa: S704 - escaped before
