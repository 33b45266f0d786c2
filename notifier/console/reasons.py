"""Reasons' codes as sentences for staff, in their language."""

from collections.abc import Callable, Mapping
from typing import Any

from notifier.planning.reasons import sentence

Say = Callable[[str], str]


def _(msgid: str) -> str:
    """Mark a sentence for the catalogs; it is translated when it is said."""
    return msgid


#: Of replies: why a text was taken for what it was.
_REPLIES = {
    "no-open-question": _("No question was open, so it is a message to us."),
    "automatic-reply": _("A machine answered."),
    "provider": _("The provider had recognised the word."),
    "out-of-range": _("The number is none of the survey's scores."),
    "several-numbers": _("It names several numbers, so no score could be told."),
    "question-without-scale": _("The question has no scale."),
}
#: Of addresses.
_ADDRESSES = {
    "invalid": _("The provider says that this address does not exist."),
    "stop": _("The person asked us to stop writing here, on"),
    "hard-bounce": _("An earlier message came back for good, on"),
    "complaint": _("The person marked a message as spam, on"),
    "provider": _("The provider's own list says never to write here, since"),
    "staff": _("Somebody of our staff blocked this address, on"),
}
_SOURCES = {
    "preferences": _("on the preferences page"),
    "one-click": _("by the email's unsubscribe button"),
    "keyword": _("by a word in a reply"),
    "api": _("through the API"),
}


def say(translate: Say, code: str, facts: Mapping[str, Any]) -> str:
    """Return the sentence of a decision's, a message's or an attempt's reason; an unknown code is shown as it is."""
    msgid, values = sentence(code, facts)
    return translate(msgid) % values if values else translate(msgid).replace("%%", "%")


def reply(translate: Say, code: str) -> str:
    """Return why a reply was taken for what it was; the keyword or score found is named."""
    if code in _REPLIES:
        return translate(_REPLIES[code])
    kind, _dash, found = code.partition("-")
    if kind == "keyword" and found:
        return translate(_("It is the word “%(word)s”.")) % {"word": found}
    if kind == "score" and found:
        return translate(_("It is the score %(score)s.")) % {"score": found}
    return code.replace("-", " ")


def address(translate: Say, state: str, reason: str) -> str:
    """Return why an address is not written to; a suppression's sentence is followed by its date."""
    if state == "suppressed" and reason in _ADDRESSES:
        return translate(_ADDRESSES[reason])
    return translate(_ADDRESSES["invalid"])


def source(translate: Say, code: str) -> str:
    """Return where a statement came from."""
    return translate(_SOURCES[code]) if code in _SOURCES else code
