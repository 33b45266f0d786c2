"""Sign in and out."""

from typing import Annotated, Any

from litestar import Request, Response
from litestar.datastructures import Cookie
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromQuery
from msgspec import Struct

from notifier.console import access
from notifier.console.parts import Asked, Parts
from notifier.console.render import get, page, post, redirect
from notifier.staff import sessions

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


class SignInPage(Struct, frozen=True, kw_only=True):
    """The form, what was typed, and what was wrong with it."""

    next: str = "/console"
    email: str = ""
    problem: str = ""
    """`mistaken` or `throttled`."""


@get("/sign-in", name="console.sign_in")
def sign_in_form(desk: Asked, next: FromQuery[str] = "/console", lang: FromQuery[str] = "") -> Response[str]:  # noqa: A002 - the query's name
    """Show the form, in the language chosen or the browser's."""
    with desk.parts.database.begin() as db:
        shown = page(desk, db, "sign_in.html", SignInPage(next=_inside(next)))
    if lang:
        shown.set_cookie(_cookie(desk.parts, access.LOCALE_COOKIE, desk.locale, path="/console"))
    return shown


@post("/sign-in")
def sign_in(request: Request[Any, Any, Any], desk: Asked, data: Form) -> Response[Any]:
    """Open a session, or show the form again with what was wrong."""
    email, place = data.get("email", ""), request.client.host if request.client else ""
    with desk.parts.database.begin() as db:
        outcome = sessions.sign_in(db, email=email, password=data.get("password", ""), place=place)
        if not isinstance(outcome, sessions.SignedIn):
            problem, status = ("throttled", 429) if isinstance(outcome, sessions.Throttled) else ("mistaken", 422)
            shown = SignInPage(next=_inside(data.get("next", "")), email=email, problem=problem)
            return page(desk, db, "sign_in.html", shown, status=status)
    inside = redirect(_inside(data.get("next", "")))
    inside.set_cookie(_cookie(desk.parts, access.cookie_name(desk.parts), outcome.token))
    return inside


@post("/sign-out")
def sign_out(request: Request[Any, Any, Any], desk: Asked) -> Response[Any]:
    """End the session here and in the database."""
    name = access.cookie_name(desk.parts)
    with desk.parts.database.begin() as db:
        sessions.sign_out(db, request.cookies.get(name, ""))
    outside = redirect("/console/sign-in")
    outside.set_cookie(_cookie(desk.parts, name, "", max_age=0))
    return outside


def _inside(path: str) -> str:
    """Never lead away from the console, whatever the address says."""
    is_ours = path == "/console" or path.startswith("/console/")
    return path if is_ours and not path.startswith("/console/sign-") and "\\" not in path else "/console"


def _cookie(parts: Parts, name: str, value: str, *, path: str = "/", max_age: int | None = None) -> Cookie:
    age = int(sessions.LONGEST.total_seconds()) if max_age is None else max_age
    return Cookie(key=name, value=value, path=path, max_age=age, httponly=True, secure=parts.is_secure, samesite="lax")


OPEN: list[Any] = [sign_in_form, sign_in]
INSIDE: list[Any] = [sign_out]
