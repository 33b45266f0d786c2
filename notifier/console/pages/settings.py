"""One's own language, look and zone; API keys, for administrators."""

from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from litestar import Response
from litestar.datastructures import Cookie
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath
from msgspec import Struct
from sqlalchemy import select

from notifier.console import access
from notifier.console.parts import Asked, Desk
from notifier.console.render import get, page, post, redirect
from notifier.i18n.catalogs import LOCALES
from notifier.staff import keys
from notifier.staff.models import APIKey, Staff

_YEAR = 365 * 24 * 3600


class SettingsPage(Struct, frozen=True, kw_only=True):
    """The forms' present values; `made` is a key just made, shown this once."""

    locales: tuple[str, ...]
    zones: list[str]
    keys: list[APIKey]
    may_see_keys: bool
    made: str = ""
    problem: str = ""


class Looks(Struct, frozen=True, kw_only=True):
    """The form of one's own settings."""

    locale: Literal["pt_BR", "en", "es"]
    theme: Literal["", "light", "dark"] = ""
    zone: str = "UTC"


class NewKey(Struct, frozen=True, kw_only=True):
    """The form of a new key."""

    name: str = ""


@get("/settings", name="console.settings")
def settings(desk: Asked) -> Response[str]:
    """Show the forms."""
    return _show(desk)


@post("/settings")
def change(desk: Asked, data: Annotated[Looks, Body(media_type=RequestEncodingType.URL_ENCODED)]) -> Response[Any]:
    """Keep language and look with the account, the zone with the browser."""
    with desk.parts.database.begin() as db:
        member = db.get_one(Staff, desk.member.id)
        member.locale, member.theme = data.locale, data.theme
    back = redirect("/console/settings", done="saved")
    if data.zone in available_timezones():
        back.set_cookie(
            Cookie(
                key=access.ZONE_COOKIE,
                value=data.zone,
                path="/console",
                max_age=_YEAR,
                httponly=True,
                secure=desk.parts.is_secure,
                samesite="lax",
            )
        )
    return back


@post("/keys", guards=[access.only("admin")])
def add_key(desk: Asked, data: Annotated[NewKey, Body(media_type=RequestEncodingType.URL_ENCODED)]) -> Response[Any]:
    """Make a key and show it, this once."""
    if not data.name.strip():
        return _show(desk, problem="name", status=422)
    with desk.parts.database.begin() as db:
        _, plain = keys.add(db, data.name)
    return _show(desk, made=plain)


@post("/keys/{key_id:int}/revocation", guards=[access.only("admin")])
def revoke_key(desk: Asked, key_id: FromPath[int]) -> Response[Any]:
    """End a key at once."""
    with desk.parts.database.begin() as db:
        keys.revoke(db, key_id)
    return redirect("/console/settings", done="revoked")


def _show(desk: Desk, *, made: str = "", problem: str = "", status: int = 200) -> Response[str]:
    may_see_keys = desk.member.role == "admin"
    with desk.parts.database.begin() as db:
        kept = db.scalars(select(APIKey).order_by(APIKey.id.desc()).limit(100)) if may_see_keys else ()
        shown = SettingsPage(
            locales=LOCALES,
            zones=sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/")),
            keys=list(kept),
            may_see_keys=may_see_keys,
            made=made,
            problem=problem,
        )
        return page(desk, db, "settings/index.html", shown, status=status)


HANDLERS: list[Any] = [settings, change, add_key, revoke_key]
