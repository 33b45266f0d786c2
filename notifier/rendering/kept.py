"""What a rendered message looks like when it is kept, and what it is kept against."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from notifier.i18n import catalogs
from notifier.messages.content import Kept, remember, sample
from notifier.messages.models import ContentDictionary
from notifier.providers.contract import ApprovedTemplate, Channel, Content, Email, Text
from notifier.rendering.library import Library
from notifier.rendering.preview import preview


def as_kept(content: Content) -> Kept:
    """Return what is stored of a content."""
    if isinstance(content, Email):
        return Kept(
            subject=content.subject, text=content.text, html=content.html, unsubscribe_url=content.unsubscribe_url
        )
    if isinstance(content, ApprovedTemplate):
        return Kept(
            text=content.text,
            content_sid=content.content_sid,
            variables=dict(content.variables),
            buttons=content.buttons,
        )
    return Kept(text=content.text)


def revived(channel: str, topic: str, kept: Kept) -> Content:
    """Make the same content again from what was stored."""
    if channel == "email":
        return Email(
            subject=kept.subject, text=kept.text, html=kept.html, unsubscribe_url=kept.unsubscribe_url, topic=topic
        )
    if channel == "whatsapp" and (kept.content_sid or kept.variables):
        return ApprovedTemplate(
            content_sid=kept.content_sid, variables=kept.variables, text=kept.text, buttons=kept.buttons
        )
    return Text(text=kept.text)


def give_dictionaries(db: Session, library: Library) -> None:
    """Give the library the dictionary of each template in force; make and store those that are new."""
    for row in db.scalars(select(ContentDictionary)):
        if library.versions.get((row.template, row.channel)) == row.version:
            library.dictionaries[row.template, row.channel, row.locale] = remember(row.body)
    made = []
    for template, channel, locale in _languages(library):
        if (template, channel, locale) not in library.dictionaries:
            known = remember(sample(as_kept(preview(library, template, channel, locale))))
            library.dictionaries[template, channel, locale] = known
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
