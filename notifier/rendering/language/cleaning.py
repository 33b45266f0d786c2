"""Make other people's text safe to stand inside our sentences: no control characters, no tricks with direction."""

import re

import msgspec
import regex

from notifier.errors import NotifierError


class Unrenderable(NotifierError):
    """This one message cannot be made; `str()` is its reason. The others of its batch are not concerned."""


# Controls (line breaks among them: a value is always one line), zero-width and bidirectional formatting characters,
# private-use and unassigned ones. Joiners (U+200C, U+200D) stay: scripts and emoji need them.
_UNWANTED = regex.compile(r"[\p{Cc}\p{Co}\p{Cn}\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]+")
_RIGHT_TO_LEFT = regex.compile(r"[\p{Bidi_Class=R}\p{Bidi_Class=AL}]")
_MAYBE_RIGHT_TO_LEFT = re.compile("[\u0590-\U0010ffff]")
_CLUSTER = regex.compile(r"\X")
FIRST_STRONG_ISOLATE, POP_ISOLATE = "\u2068", "\u2069"


def value(text: str) -> str:
    """
    Return `text` fit to be written inside a sentence: one line, nothing invisible, its own direction isolated.

    Raises:
        Unrenderable: it contains what no database and no provider can take.
    """
    if text.isascii() and text.isprintable():
        return text
    # Nearly all the rest is Latin with at most CLDR's own spaces in it; what follows costs more.
    spaced = text.replace("\u00a0", " ").replace("\u202f", " ")
    if spaced.isprintable() and not _MAYBE_RIGHT_TO_LEFT.search(spaced):
        return text
    require_storable(text)
    if _UNWANTED.search(text):
        text = " ".join(_UNWANTED.sub(" ", text).split())
    if _RIGHT_TO_LEFT.search(text):
        return f"{FIRST_STRONG_ISOLATE}{text}{POP_ISOLATE}"
    return text


def name(text: str, limit: int = 60) -> str:
    """Return a person's name as `value` would, at most `limit` characters as people count them."""
    return short(" ".join(value(text).split()), limit)


def first_name(full: str) -> str:
    """Return what to greet a person by: the first word that is no title or initial, else the whole name."""
    for word in full.split():
        if len(word) > 1 and word[-1] not in ".,":
            return word
    return full


def short(text: str, limit: int, ending: str = "…") -> str:
    """Return at most `limit` grapheme clusters of `text`, the last ones making room for `ending` when it is cut."""
    if len(text) <= limit:
        return text
    clusters = _CLUSTER.findall(text)
    if len(clusters) <= limit:
        return text
    cut = "".join(clusters[: max(limit - len(ending), 1)]).rstrip() + ending
    return cut + POP_ISOLATE * (cut.count(FIRST_STRONG_ISOLATE) - cut.count(POP_ISOLATE))


def require_storable(text: str) -> None:
    """
    Raise for text that cannot be stored or sent.

    Raises:
        Unrenderable: a NUL character or half of a surrogate pair is in it.
    """
    if "\x00" in text:
        raise Unrenderable("The text contains U+0000, which cannot be stored or sent.")
    try:
        msgspec.msgpack.encode(text)  # unlike `str.encode` it leaves the UTF-8 with the text, for whoever needs it next
    except UnicodeEncodeError as error:
        code = ord(text[error.start])
        raise Unrenderable(f"The text contains U+{code:04X}, which cannot be stored or sent.") from error
