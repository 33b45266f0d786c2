"""Templates: the words for each purpose, tried in every language on every channel."""

from typing import Any

from litestar import Response
from litestar.params import FromPath, FromQuery
from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from notifier import clock
from notifier.console import access, policy, previews
from notifier.console.parts import Asked
from notifier.console.render import get, page
from notifier.errors import Missing
from notifier.i18n.catalogs import LOCALES
from notifier.messages.content import Kept
from notifier.providers.contract import Channel
from notifier.rendering.library import Library
from notifier.rendering.models import TemplateVersion

_ORDER: tuple[Channel, ...] = ("email", "sms", "whatsapp")


class UnknownTemplate(Missing):
    """No published template has that name."""


class Listed(Struct, frozen=True, kw_only=True):
    """A template as a line in the list: channel → newest version."""

    name: str
    channels: dict[str, TemplateVersion]
    about: str = ""
    """What it is for, as its author wrote it."""


class TemplatesPage(Struct, frozen=True, kw_only=True):
    """Every published template."""

    templates: list[Listed]


class TemplatePage(Struct, frozen=True, kw_only=True):
    """One template on a channel, in a language, with the sample of a trigger it is for."""

    shown: Listed
    channel: str
    language: str
    languages: tuple[str, ...]
    kept: Kept | None
    segments: int
    problem: str
    zone: str = "UTC"


@get("/templates", name="console.templates", guards=[access.only("marketer")])
def templates(desk: Asked) -> Response[str]:
    """List them."""
    with desk.parts.database.begin() as db:
        return page(desk, db, "templates/index.html", TemplatesPage(templates=_published(db, desk.parts.library)))


@get("/templates/{name:str}", name="console.template", guards=[access.only("marketer")])
def template(
    desk: Asked, name: FromPath[str], channel: FromQuery[str] = "email", language: FromQuery[str] = ""
) -> Response[str]:
    """Show one as a customer would get it."""
    with desk.parts.database.begin() as db:
        listed = _find(db, name, desk.parts.library)
        spoken = [known for known in _ORDER if known in listed.channels]
        chosen = next((known for known in spoken if known == channel), spoken[0])
        language = language if language in LOCALES else desk.locale
        shown_as = previews.tried(desk.parts, name, chosen, language, now=clock.business_now(db))
        shown = TemplatePage(
            shown=listed,
            channel=chosen,
            language=language,
            languages=LOCALES,
            kept=shown_as.kept,
            segments=shown_as.segments,
            problem=shown_as.problem,
        )
        return page(desk, db, "templates/show.html", shown)


@get("/templates/{name:str}/html", name="console.template_html", guards=[access.only("marketer")])
def template_html(desk: Asked, name: FromPath[str], language: FromQuery[str] = "") -> Response[str]:
    """Give the email's HTML for the frame."""
    with desk.parts.database.begin() as db:
        now = clock.business_now(db)
    language = language if language in LOCALES else desk.locale
    kept = previews.tried(desk.parts, name, "email", language, now=now).kept
    if kept is None or not kept.html:
        raise UnknownTemplate("This template has no email.")
    headers = {"content-security-policy": policy.MESSAGE, "cache-control": "no-store"}
    return Response(kept.html, media_type="text/html", headers=headers)


def _published(db: Session, library: Library | None, name: str = "") -> list[Listed]:
    newest = (
        select(TemplateVersion)
        .ext(distinct_on(TemplateVersion.template, TemplateVersion.channel))
        .order_by(TemplateVersion.template, TemplateVersion.channel, TemplateVersion.version.desc())
    )
    if name:
        newest = newest.where(TemplateVersion.template == name)
    found: dict[str, dict[str, TemplateVersion]] = {}
    for version in sorted(db.scalars(newest), key=lambda kept: (kept.template, _ORDER.index(kept.channel))):
        found.setdefault(version.template, {})[version.channel] = version
    purposes = library.purposes if library else {}
    about = {known: purpose.about for known, purpose in purposes.items()}
    return [Listed(name=name, channels=channels, about=about.get(name, "")) for name, channels in found.items()]


def _find(db: Session, name: str, library: Library | None) -> Listed:
    found = _published(db, library, name)
    if not found:
        raise UnknownTemplate(f"There is no template {name!r}.")
    return found[0]


HANDLERS: list[Any] = [templates, template, template_html]
