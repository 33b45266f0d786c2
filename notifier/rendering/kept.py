"""What a rendered message looks like when it is kept, and what it is kept against."""

from collections.abc import Iterator

import msgspec
from msgspec import Raw
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from notifier.i18n import catalogs
from notifier.messages.content import Kept, remember, sample
from notifier.messages.models import ContentDictionary
from notifier.providers.contract import ApprovedTemplate, Channel, Content, Email, Html, Text
from notifier.rendering.library import Library
from notifier.rendering.preview import preview


def as_kept(content: Content) -> Kept:
    """Return what is stored of a content."""
    if isinstance(content, Email):
        return Kept(
            subject=content.subject,
            text=content.text,
            html=str(content.html),
            unsubscribe_url=content.unsubscribe_url,
        )
    if isinstance(content, ApprovedTemplate):
        return Kept(
            text=content.text,
            content_sid=content.content_sid,
            variables=dict(content.variables),
            buttons=content.buttons,
        )
    return Kept(text=content.text)


def in_pieces(content: Content) -> bytes:
    """Return the same for packing against the template's dictionary."""
    if isinstance(content, Email):
        return msgspec.json.encode(
            {
                "subject": content.subject,
                "text": content.text,
                "html": Raw(content.html.kept),
                "unsubscribe_url": content.unsubscribe_url,
            }
        )
    return msgspec.json.encode(content)  # the others have the same fields


def revived(channel: str, topic: str, kept: Kept) -> Content:
    """Make the same content again from what was stored."""
    if channel == "email":
        return Email(
            subject=kept.subject,
            text=kept.text,
            html=Html.of(kept.html),
            unsubscribe_url=kept.unsubscribe_url,
            topic=topic,
        )
    if channel == "whatsapp" and (kept.content_sid or kept.variables):
        return ApprovedTemplate(
            content_sid=kept.content_sid, variables=kept.variables, text=kept.text, buttons=kept.buttons
        )
    return Text(text=kept.text)


def give_dictionaries(db: Session, library: Library) -> None:
    """Give the library the dictionary of each template in force; store those that are new."""
    stored = set(db.scalars(select(ContentDictionary.digest)))
    made = []
    for template, channel, locale in _languages(library):
        pieces = library.compiled(template, channel, locale, catalogs.formatting(locale))["words"].pieces
        known = remember(sample(in_pieces(preview(library, template, channel, locale)), pieces))
        library.dictionaries[template, channel, locale] = known
        if known.digest not in stored:
            made.append({
                "template": template, "channel": channel, "version": library.versions[template, channel],
                "locale": locale, "digest": known.digest, "body": known.body,
            })  # fmt: skip
    if made:
        db.execute(insert(ContentDictionary), made)


def _languages(library: Library) -> Iterator[tuple[str, Channel, str]]:
    for template in library.templates:
        for channel in library.channels(template):
            for locale in catalogs.LOCALES:
                yield template, channel, locale
