"""The exact words of claimed messages: rendered and kept once, read back for every later attempt."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.db import copy
from notifier.errors import Misconfigured, NotifierError
from notifier.i18n import catalogs
from notifier.messages import token
from notifier.messages.content import pack, unpack
from notifier.providers.contract import ApprovedTemplate, Content
from notifier.rendering.facts import Brand, Facts, Links
from notifier.rendering.kept import as_kept, in_pieces, revived
from notifier.rendering.library import Library
from notifier.rendering.render import render
from notifier.settings import Settings, secret_key

_KEPT = text("SELECT message_id, encoding, body FROM contents WHERE message_id = ANY(:ids)")


def write(
    db: Session, library: Library, settings: Settings, rows: Sequence[Any]
) -> tuple[list[Content | None], dict[UUID, str]]:
    """
    Return the content of each message, None for those that cannot be made; and of these the reason.

    What is rendered for the first time is stored in this transaction.
    """
    again = [row.id for row in rows if row.number > 1]
    kept = {row.message_id: row for row in db.execute(_KEPT, {"ids": again})} if again else {}
    secret = secret_key(settings)
    approved = content_sids(settings.whatsapp_content)
    public_url = settings.public_url.rstrip("/")
    brand = Brand(name=settings.brand, address=settings.brand_address, support_email=settings.support_email)
    contents: list[Content | None] = [None] * len(rows)
    spoilt: dict[UUID, str] = {}
    fresh: dict[int, tuple[UUID, str, bytes]] = {}
    # One template after the other: its words and its code are in the caches of the processor then.
    templates = [(row.template, row.channel, row.locale) for row in rows]
    for place in sorted(range(len(rows)), key=templates.__getitem__):
        row = rows[place]
        try:
            if row.number > 1 and (old := kept.get(row.id)):
                contents[place] = revived(row.channel, row.topic, unpack(db, old.encoding, old.body))
                continue
            made = _registered(render(library, _facts(row, brand, public_url, secret)), row, approved)
            fresh[place] = row.id, *_packed(library, row, made)
            contents[place] = made
        except (NotifierError, ValueError, TypeError, LookupError, AttributeError) as error:
            spoilt[row.id] = str(error)[:500].replace("\0", "")
    copy(db, "contents", ("message_id", "encoding", "body"), [fresh[place] for place in sorted(fresh)])
    return contents, spoilt


@lru_cache(maxsize=4)
def content_sids(configured: str) -> Mapping[str, str]:
    """
    Read `NOTIFIER_WHATSAPP_CONTENT`: a JSON object, or the path of a file with one.

    Raises:
        Misconfigured: it is neither.
    """
    if not configured:
        return {}
    try:
        raw = configured if configured.lstrip().startswith("{") else Path(configured).expanduser().read_text()
        return msgspec.json.decode(raw, type=dict[str, str])
    except (OSError, msgspec.DecodeError) as error:
        raise Misconfigured(f"NOTIFIER_WHATSAPP_CONTENT is no JSON object and no file with one: {error}") from error


def _packed(library: Library, row: Any, content: Content) -> tuple[str, bytes]:
    known = library.dictionaries.get((row.template, row.channel, catalogs.match(row.locale)))
    return known.pack(in_pieces(content)) if known else pack(as_kept(content))


def _registered(content: Content, row: Any, approved: Mapping[str, str]) -> Content:
    if isinstance(content, ApprovedTemplate) and (name := f"{row.template}.{row.locale}") in approved:
        return msgspec.structs.replace(content, content_sid=approved[name])
    return content


def _facts(row: Any, brand: Brand, public_url: str, secret: str) -> Facts:
    return Facts(
        message_id=row.id,
        template=row.template,
        channel=row.channel,
        locale=row.locale,
        country=row.country,
        timezone=row.timezone or "UTC",
        customer_id=row.customer_id,
        customer_name=row.customer_name or "",
        data=row.data or {},
        brand=brand,
        links=Links(public_url=public_url, token=token.make(secret, row.id)),
    )
