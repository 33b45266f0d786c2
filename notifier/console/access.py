"""Who may see a page: a session is looked up for every request, roles are asked for where they matter."""

from collections.abc import Awaitable, Callable
from typing import Any
from zoneinfo import available_timezones

from litestar import Request
from litestar.concurrency import sync_to_thread
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.utils.scope.state import ScopeState

from notifier.console.parts import Desk, Parts
from notifier.errors import Refused
from notifier.i18n import catalogs
from notifier.staff import sessions
from notifier.staff.models import Staff

Connection = ASGIConnection[Any, Any, Any, Any]
Visit = Request[Any, Any, Any]
Guard = Callable[[Connection, BaseRouteHandler], Awaitable[None]]

LOCALE_COOKIE = "notifier_locale"
ZONE_COOKIE = "notifier_zone"


class NotSignedIn(Refused):
    """The request carries no live session."""

    status = 401


class NotYours(Refused):
    """The page is for another role."""

    status = 403


def cookie_name(parts: Parts) -> str:
    """Return the session cookie's name; over https browsers themselves then refuse it from anywhere else."""
    return "__Host-notifier_staff" if parts.is_secure else "notifier_staff"


def signed_in(parts: Parts) -> Guard:
    """Return the guard that asks for a live session and remembers whose it is."""

    def look(token: str) -> Staff | None:
        with parts.database.begin() as db:
            return sessions.find(db, token)

    async def guard(connection: Connection, _: BaseRouteHandler) -> None:
        token = connection.cookies.get(cookie_name(parts), "")
        staff = await sync_to_thread(look, token) if token else None
        if staff is None:
            raise NotSignedIn("Sign in to go on.")
        connection.state.staff = staff

    return guard


def only(*roles: str) -> Guard:
    """Return the guard that lets these roles pass, and the administrators always."""

    async def guard(connection: Connection, _: BaseRouteHandler) -> None:
        if connection.state.staff.role not in {*roles, "admin"}:
            raise NotYours("This page is for another role.")

    return guard


def desk(request: Visit, parts: Parts) -> Desk:
    """Gather a request's surroundings; a guard has run before."""
    staff: Staff | None = request.state.get("staff")
    zone = request.cookies.get(ZONE_COOKIE, "")
    return Desk(
        parts=parts,
        staff=staff,
        locale=staff.locale if staff else _asked_for(request, parts),
        zone=zone if zone in available_timezones() else "UTC",
        path=request.url.path,
        csrf=_csrf(request),
        is_partial=request.headers.get("hx-request") == "true" and "hx-history-restore-request" not in request.headers,
        done=request.query_params.get("done", ""),
    )


def _csrf(request: Visit) -> str:
    token = ScopeState.from_scope(request.scope).csrf_token
    return token if isinstance(token, str) else ""


def _asked_for(request: Visit, parts: Parts) -> str:
    chosen = request.query_params.get("lang") or request.cookies.get(LOCALE_COOKIE)
    browser = request.headers.get("accept-language", "").split(",")[0]
    return catalogs.match(chosen or browser, parts.settings.default_locale)
