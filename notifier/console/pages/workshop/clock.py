"""The demo's clock: a day, a week or a month further on."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from litestar import Response
from litestar.enums import RequestEncodingType
from litestar.params import Body
from msgspec import Struct

from notifier import clock_moves
from notifier.console.parts import Asked, Desk
from notifier.console.render import get, page, post, redirect

_SPANS = {"day": timedelta(days=1), "week": timedelta(days=7), "month": timedelta(days=30)}


class Span(Struct, frozen=True, kw_only=True):
    """The button pressed."""

    by: Literal["day", "week", "month"]


class ClockPage(Struct, frozen=True, kw_only=True):
    """Nothing of its own: the bar reads the move under way from the layout's facts."""


@get("/clock", name="console.clock")
def clock(desk: Asked) -> Response[str]:
    """Show how far the move is; htmx asks every second while one is under way."""
    return _show(desk)


@post("/clock")
def move(desk: Asked, data: Annotated[Span, Body(media_type=RequestEncodingType.URL_ENCODED)]) -> Response[Any]:
    """Ask the demo's timekeeper to go on; it plays everything due on the way."""
    try:
        with desk.parts.database.begin() as db:
            clock_moves.request(db, _SPANS[data.by], desk.member.email)
    except clock_moves.AlreadyMoving:
        if not desk.is_partial:
            raise
        # Somebody else was faster: what the bar shows now says so.
    return _show(desk) if desk.is_partial else redirect("/console")


def _show(desk: Desk) -> Response[str]:
    with desk.parts.database.begin() as db:
        return page(desk, db, "_clock.html" if desk.is_partial else "clock.html", ClockPage())


HANDLERS: list[Any] = [clock, move]
