"""Publish templates: what was sent names a version, and a version never changes."""

import hashlib
import json
from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from notifier.i18n import catalogs
from notifier.providers.contract import Channel
from notifier.rendering.kept import give_dictionaries
from notifier.rendering.language import wording
from notifier.rendering.library import FILES, LAYOUTS, Library
from notifier.rendering.models import TemplateVersion

_LOCK = 0x74656D70  # "temp": one publisher at a time, or two would give the same number to different words


def publish(db: Session, library: Library, *, at: datetime) -> Library:
    """
    Store a new version of each template and channel whose words differ from the latest, and tell the library.

    Safe to repeat and to run in every process at once: unchanged words keep their version.
    """
    db.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    latest = read(db)
    rows = []
    for template in library.templates:
        for channel in library.channels(template):
            kept = sources(library, template, channel)
            digest = hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()
            version, known = latest.get((template, channel), (0, ""))
            if digest != known:
                version += 1
                rows.append({
                    "template": template, "channel": channel, "version": version, "digest": digest, "sources": kept,
                    "published_at": at,
                })  # fmt: skip
            library.versions[template, channel] = version
    if rows:
        db.execute(insert(TemplateVersion), rows)
    give_dictionaries(db, library)
    return library


def read(db: Session) -> dict[tuple[str, str], tuple[int, str]]:
    """Return the latest version and its digest of every (template, channel)."""
    newest = (
        select(TemplateVersion.template, TemplateVersion.channel, func.max(TemplateVersion.version).label("version"))
        .group_by(TemplateVersion.template, TemplateVersion.channel)
        .subquery()
    )
    rows = db.execute(
        select(TemplateVersion.template, TemplateVersion.channel, TemplateVersion.version, TemplateVersion.digest).join(
            newest,
            (TemplateVersion.template == newest.c.template)
            & (TemplateVersion.channel == newest.c.channel)
            & (TemplateVersion.version == newest.c.version),
        )
    )
    return {(row.template, row.channel): (row.version, row.digest) for row in rows}


def sources(library: Library, template: str, channel: Channel) -> dict[str, object]:
    """Return everything a template's words on a channel are made of: files, layouts, translations of its texts."""
    files = {name: library.files[template][name] for name in FILES[channel] if name in library.files[template]}
    if channel == "email":
        files |= {f"layouts/{name}": library.layouts[name] for name in LAYOUTS}
    return {
        "files": files,
        "translations": {
            locale: {msgid: said for source in files.values() for _, msgid, said in wording.translated(source, locale)}
            for locale in catalogs.LOCALES
        },
    }
