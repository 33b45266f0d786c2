"""Turn a page's facts into HTML, with what every page has around it."""

from functools import partial

import litestar
from litestar import Response
from litestar.response import Redirect
from msgspec import Struct
from sqlalchemy.orm import Session

from notifier import clock, clock_moves
from notifier.brakes import pull
from notifier.brakes.models import Brake
from notifier.console import words
from notifier.console.parts import Desk
from notifier.i18n import pages

#: Handlers are plain functions and run in threads: see the decisions in the README.
get = partial(litestar.get, sync_to_thread=True)
post = partial(litestar.post, sync_to_thread=True)


class Around(Struct, frozen=True, kw_only=True):
    """What the layout shows besides the page itself."""

    brand: str
    sandbox_url: str
    demo: bool
    move: clock_moves.ClockMove | None
    stuck: clock_moves.ClockMove | None
    """The last move of the clock, when it was given up."""
    is_development: bool
    brakes: list[Brake]
    """Those that hold now."""


def page(desk: Desk, db: Session, name: str, shown: Struct, *, zone: str = "", status: int = 200) -> Response[str]:
    """Answer with `templates/console/<name>`; its facts are `page`, times are shown in `zone` or the reader's own."""
    html = pages.render(
        f"console/{name}",
        desk.locale,
        timezone=zone or desk.zone,
        desk=desk,
        me=desk.staff,
        page=shown,
        around=around(desk, db),
        now=clock.business_now(db),
        words=words.Words(desk.locale),
    )
    return answer(html, status=status)


def answer(html: str, *, status: int = 200) -> Response[str]:
    """Answer with a page that neither browsers nor proxies keep."""
    return Response(html, status_code=status, media_type="text/html", headers={"cache-control": "no-store"})


def redirect(path: str, *, done: str = "") -> Redirect:
    """Send the browser on after a change; `done` names the toast it will see there."""
    separator = "&" if "?" in path else "?"
    return Redirect(f"{path}{separator}done={done}" if done else path, status_code=303)


def around(desk: Desk, db: Session) -> Around:
    """Gather what the layout shows."""
    settings = desk.parts.settings
    is_moved = bool(settings.demo and desk.staff)
    return Around(
        brand=settings.brand,
        sandbox_url=settings.sandbox_url,
        demo=settings.demo,
        move=clock_moves.pending(db) if is_moved else None,
        stuck=clock_moves.given_up(db) if is_moved else None,
        is_development=not settings.is_production,
        brakes=pull.pulled(db) if desk.staff else [],
    )
