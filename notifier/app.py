"""The web process: the console, the customers' pages, the API and the doors for providers, on one port."""

import gc
import os
from datetime import timedelta
from typing import Any

import uvicorn
from litestar import Litestar, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.types import ASGIApp
from sqlalchemy.orm import Session
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from billing.portal import routes as billing_pages
from billing.portal.context import PayContext
from notifier import assets, publish
from notifier.api import problems
from notifier.api import routes as api
from notifier.api.parts import Parts as MachineParts
from notifier.console import routes as console
from notifier.console.parts import Parts as StaffParts
from notifier.demo.orphan import follow_parent
from notifier.house import House
from notifier.portal import routes as portal
from notifier.portal import subject
from notifier.settings import Settings

KEPT = timedelta(days=365)
STOPS_WITHIN = 10
"""Seconds in which requests in hand are answered when the process is told to stop."""


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; requests in hand are answered first."""
    if settings.demo:
        follow_parent()
    with House(settings, may_create=True) as house:
        if settings.owns_database:
            publish.publish(house)
        app = served(house)
        _settle_in()
        uvicorn.run(
            app,
            interface="asgi3",
            proxy_headers=False,
            host=settings.host,
            port=settings.port,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=STOPS_WITHIN,
        )


def _settle_in() -> None:
    """
    Keep the garbage collector from going through everything that is loaded, some 400,000 objects that never go.

    It did so a few times for each batch of triggers, which was two fifths of all the time of a batch.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def served(house: House) -> ASGIApp:
    """
    Return all that is served: the busy doors, and the framework behind them.

    What a proxy says of the caller (of `FORWARDED_ALLOW_IPS`, as uvicorn reads it) is for the framework alone: a door
    asks for a key or a signature, whoever knocks.
    """
    doors = api.doors(_machines(house))
    framework: Any = create(house, doors)  # uvicorn and Litestar have each their own types of an ASGI app
    behind: Any = ProxyHeadersMiddleware(framework, os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1"))
    return doors.before(behind)


def create(house: House, doors: api.Doors | None = None) -> Litestar:
    """Put the edges together; `doors`: those that are shared."""
    machines = _machines(house)
    staff = StaffParts(
        database=house.database,
        settings=house.settings,
        secret=house.secret,
        library=house.library,
        providers=tuple(house.providers),
    )
    return Litestar(
        route_handlers=[
            *api.create(machines, doors),
            *portal.create(machines),
            billing_pages.router(house.database, lambda db, token: _owing(db, house.secret, token), house.settings),
            *console.create(staff),
            static,
            front_door,
        ],
        openapi_config=api.OPENAPI,
        exception_handlers={
            **problems.HANDLERS,
            NotFoundException: lambda request, error: (
                console.lost(staff, request, error) or problems.http(request, error)
            ),
        },
        debug=False,
    )


def _machines(house: House) -> MachineParts:
    return MachineParts(
        database=house.database, settings=house.settings, secret=house.secret, providers=house.providers.by_name
    )


@get("/static/{path:path}", sync_to_thread=False, include_in_schema=False)
def static(path: FromPath[str]) -> Response[bytes]:
    """Serve a static file; its address changes with its content, so it is kept for ever."""
    asset = assets.served(path.lstrip("/"))
    headers = {
        "cache-control": f"public, max-age={int(KEPT.total_seconds())}, immutable",
        "x-content-type-options": "nosniff",
    }
    return Response(asset.body, media_type=asset.media_type, headers=headers)


@get("/", sync_to_thread=False, include_in_schema=False)
def front_door() -> Redirect:
    """Staff are the only people who come without a link of their own."""
    return Redirect("/console/")


def _owing(db: Session, secret: str, token: str) -> PayContext | None:
    try:
        found = subject.resolve(db, secret, token)
    except subject.UnknownLink:
        return None
    return PayContext(
        customer_id=found.customer_id,
        invoice_id=found.data.get("invoice", {}).get("id"),
        subscription_id=found.data.get("subscription", {}).get("id"),
        locale=found.locale,
        timezone=found.timezone,
        country=found.country,
    )
