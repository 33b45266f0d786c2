"""What a person has stopped, and the way to stop something or let it go on."""

from typing import Annotated, Any

from litestar import Response
from litestar.enums import RequestEncodingType
from litestar.params import Body
from msgspec import Struct

from notifier.brakes import pull as brake
from notifier.brakes.models import Brake
from notifier.console import access
from notifier.console.parts import Asked, Desk
from notifier.console.render import get, page, post, redirect
from notifier.errors import Conflict, Invalid

MAY = ("marketer", "support")
"""Whoever sees something go wrong may stop it."""


class BrakesPage(Struct, frozen=True, kw_only=True):
    """The brakes that hold, those that held, what can be stopped, and what was wrong with the form."""

    pulled: list[Brake]
    released: list[Brake]
    targets: dict[str, list[str]]
    given: "Pull | None" = None
    problem: str = ""
    """`target`, `why` or `pulled`."""


class Pull(Struct, frozen=True, kw_only=True):
    """The form; `target` is `everything`, `provider:twilio`, `journey:…` or `topic:…`."""

    target: str = ""
    why: str = ""


class Release(Struct, frozen=True, kw_only=True):
    """The button of one brake."""

    kind: str = ""
    name: str = ""


@get("/brakes", name="console.brakes")
def brakes(desk: Asked) -> Response[str]:
    """Show what is stopped."""
    return _show(desk)


@post("/brakes", guards=[access.only(*MAY)])
def pull(desk: Asked, data: Annotated[Pull, Body(media_type=RequestEncodingType.URL_ENCODED)]) -> Response[Any]:
    """Stop something at once."""
    kind, _, name = data.target.partition(":")
    try:
        with desk.parts.database.begin() as db:
            known = brake.targets(db, desk.parts.providers)
            brake.pull(db, kind, name, who=desk.member.email, why=data.why, known=known)
    except Invalid as error:
        return _show(desk, given=data, problem="why" if "why" in error.fields else "target", status=422)
    except Conflict:
        return _show(desk, given=data, problem="pulled", status=409)
    return redirect("/console/brakes", done="stopped")


@post("/brakes/release", guards=[access.only(*MAY)])
def release(desk: Asked, data: Annotated[Release, Body(media_type=RequestEncodingType.URL_ENCODED)]) -> Response[Any]:
    """Let it go on; when somebody else was first, it goes on as well."""
    try:
        with desk.parts.database.begin() as db:
            brake.release(db, data.kind, data.name, who=desk.member.email)
    except Conflict:
        return redirect("/console/brakes")
    return redirect("/console/brakes", done="released")


def _show(desk: Desk, *, given: Pull | None = None, problem: str = "", status: int = 200) -> Response[str]:
    with desk.parts.database.begin() as db:
        shown = BrakesPage(
            pulled=brake.pulled(db),
            released=brake.released(db),
            targets=brake.targets(db, desk.parts.providers),
            given=given,
            problem=problem,
        )
        return page(desk, db, "brakes/index.html", shown, status=status)


HANDLERS: list[Any] = [brakes, pull, release]
