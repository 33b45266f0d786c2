"""What translated templates (`translating`) are run with."""

from collections.abc import Callable, Mapping, Sequence
from gettext import NullTranslations
from types import CodeType
from typing import Any

import msgspec
from markupsafe import Markup, escape

from notifier.providers.contract import Html
from notifier.rendering.language import cleaning
from notifier.rendering.language.environment import SCALES, Absent, said

Writer = Callable[[Mapping[str, Any]], tuple[Any, ...]]
"""Takes the names a template knows, returns its parts; raises whatever it likes for what is not in order."""
LONGEST = 200_000
"""Characters of one rendered text; a message beyond it is a mistake, and mail clients cut it at half of that."""
SPACE = " \t\r\n"
"""What is trimmed around a part."""
_ESCAPED = b"&<>'\"\\"
"""What stands otherwise in HTML, or in JSON."""


def writer(
    code: CodeType, get: Callable[..., Any], filters: Mapping[str, Callable[..., Any]], words: NullTranslations
) -> Writer:
    """
    Return the function that a compiled translation defines.

    `get`: what Jinja gets items with; `filters`: a region's; `words`: a language's.
    """

    def plural(one: str, many: str, number: int, /, **values: Any) -> str:
        return words.ngettext(one, many, number) % {"num": number, **values}

    def plural_html(one: str, many: str, number: int, /, **values: Any) -> str:
        return Markup(words.ngettext(one, many, number)) % {"num": number, **values}  # noqa: S704 - a catalog's own

    known: dict[str, Any] = {f"filter_{name}": function for name, function in filters.items()}
    known |= {"absent": Absent(), "Absent": Absent, "Markup": Markup, "scales": SCALES, "item": get}
    known |= {"written": written, "quoted": quoted, "text": text, "html": html}
    known |= {"plural": plural, "plural_html": plural_html}
    known["__builtins__"] = {"str": str, "type": type}
    exec(code, known)  # noqa: S102 - our own translation, in which what a template has written is literals only
    made: Writer = known["write"]
    return made


def written(value: Any) -> str:
    """Return a value as text, as the environment would have it."""
    if type(value) is str:
        return cleaning.value(value)
    if type(value) is Markup:
        cleaning.require_storable(str(value))
        return value
    return str(said(value))


def quoted(written: str) -> bytes:
    """Return a text as it stands in HTML, and this in JSON, without the quotes."""
    raw = written.encode()
    if type(written) is str and len(raw.translate(None, _ESCAPED)) == len(raw):
        return raw
    return msgspec.json.encode(str(escape(written)))[1:-1]


def text(pieces: Sequence[str]) -> str:
    """Return a text without the space around it."""
    made = "".join(pieces)
    if len(made) > LONGEST:
        raise OverflowError
    return made.strip(SPACE)


def html(pieces: Sequence[bytes], kept: Sequence[bytes], constant: int) -> Html:
    """Return HTML; `constant`: characters of the constant pieces, 0 when these are to be counted."""
    made = b"".join(kept)
    if (constant or sum(map(len, pieces))) + len(made) > LONGEST:
        raise OverflowError
    return Html(pieces=pieces, kept=made)
