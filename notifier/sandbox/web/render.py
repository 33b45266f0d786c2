"""Turn a page into an answer: the reader's language, a policy from 'none', and texts with their links alive."""

import re
from datetime import UTC, datetime
from typing import Any

from litestar import Response
from markupsafe import Markup, escape

from notifier.i18n import catalogs, pages

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-src 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {"Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}

_LINK = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)\]']")
_BOLD = re.compile(r"(?<![\w*])\*(\S(?:[^*\n]*\S)?)\*(?![\w*])")
_ITALIC = re.compile(r"(?<![\w_/])_(\S(?:[^_\n]*\S)?)_(?![\w_])")


def page(name: str, accept_language: str, *, status: int = 200, **context: Any) -> Response[str]:
    """Render `templates/sandbox/<name>.html` in the best language of an Accept-Language header."""
    body = pages.render(f"sandbox/{name}.html", language(accept_language), linked=linked, instant=instant, **context)
    headers = {**HEADERS, "Content-Security-Policy": POLICY, "Vary": "Accept-Language"}
    return Response(body, media_type="text/html", status_code=status, headers=headers)


def language(accept_language: str) -> str:
    """Choose our language for an Accept-Language header (`es-MX,es;q=0.9,en;q=0.8`)."""
    wanted = []
    for place, part in enumerate(accept_language.split(",")):
        tag, _, weight = part.partition(";q=")
        try:
            wanted.append((-float(weight or 1), place, tag.strip()))
        except ValueError:
            continue
    for _, _, tag in sorted(wanted):
        if found := catalogs.match(tag, default=""):
            return found
    return "en"


def linked(text: str, *, is_styled: bool = False) -> Markup:
    """Escape a text and make its links clickable; `is_styled` reads WhatsApp's *bold* and _italic_."""
    shown, end = Markup(), 0
    for found in _LINK.finditer(text):
        shown += _words(text[end : found.start()], is_styled=is_styled)
        shown += Markup('<a href="{0}" target="_blank" rel="noopener noreferrer">{0}</a>').format(found[0])
        end = found.end()
    return shown + _words(text[end:], is_styled=is_styled)


def instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _words(text: str, *, is_styled: bool) -> Markup:
    safe = str(escape(text))
    if is_styled:
        safe = _ITALIC.sub(r"<em>\1</em>", _BOLD.sub(r"<strong>\1</strong>", safe))
    return Markup(safe)  # noqa: S704 - escaped above; only our own tags are added
