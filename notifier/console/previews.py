"""A template tried on a trigger's sample."""

from datetime import datetime

from msgspec import Struct

from notifier.console.parts import Parts
from notifier.errors import NotifierError
from notifier.messages.content import Kept
from notifier.providers.contract import ApprovedTemplate, Channel, Content, Email
from notifier.rendering.preview import preview
from notifier.rendering.segments import count


class Tried(Struct, frozen=True, kw_only=True):
    """What came of it; `problem` is the reason when nothing did."""

    kept: Kept | None = None
    segments: int = 0
    problem: str = ""


def tried(parts: Parts, name: str, channel: Channel, locale: str, *, now: datetime) -> Tried:
    """Render a template's sample in a locale; why it cannot be is a value, for the marketer to read."""
    if parts.library is None:
        return Tried()
    try:
        content = preview(parts.library, name, channel, locale, today=now.date())
    except NotifierError as error:
        return Tried(problem=str(error))
    kept = _kept(content)
    return Tried(kept=kept, segments=segments(channel, kept))


def segments(channel: str, kept: Kept | None) -> int:
    """Return what an SMS costs in segments; 0 for the other channels."""
    return count(kept.text).segments if kept and channel == "sms" else 0


def _kept(content: Content) -> Kept:
    if isinstance(content, Email):
        return Kept(subject=content.subject, text=content.text, html=str(content.html))
    if isinstance(content, ApprovedTemplate):
        return Kept(text=content.text, buttons=content.buttons)
    return Kept(text=content.text)
