"""A mail's HTML, made ready for its sandboxed frame."""

import re
from functools import lru_cache
from html import escape, unescape

from notifier.sandbox.records import Message

CONTENT_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src https: http: data:; "
    "style-src 'unsafe-inline' https:; font-src https: data:; frame-ancestors 'self'; base-uri 'none'; "
    "form-action 'none'"
)

_LINK = re.compile(r"""(<a\b[^>]*?\bhref\s*=\s*)("[^"]*"|'[^']*')""", re.IGNORECASE)
_ANCHOR = re.compile(r"<a\b(?![^>]*\btarget\s*=)", re.IGNORECASE)


@lru_cache(64)
def links(html: str) -> list[str]:
    """List the web addresses a mail links to, in order."""
    return [url for _, url in (_split(found) for found in _LINK.finditer(html)) if url]


def framed(mail: Message, path: str) -> str:
    """
    Return the page inside the frame: every link opens in a tab of its own.

    With click tracking on, links go through the sandbox first, as SendGrid's do.
    """
    if not mail.html:
        return f"<!doctype html><meta charset=utf-8><pre>{escape(mail.text)}</pre>"
    html = _ANCHOR.sub('<a target="_blank" rel="noopener noreferrer"', mail.html)
    if not mail.tracks_clicks:
        return html
    number = -1

    def through(found: re.Match[str]) -> str:
        nonlocal number
        before, url = _split(found)
        if not url:
            return found[0]
        number += 1
        return f'{before}"{escape(path)}/links/{number}"'

    return _LINK.sub(through, html)


def _split(found: re.Match[str]) -> tuple[str, str]:
    url = unescape(found[2][1:-1]).strip()
    return found[1], url if url.startswith(("http://", "https://")) else ""
