"""Every handler is guarded or meant for everybody, off the event loop, and safe from other sites' forms."""

from collections.abc import Iterator

import pytest
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.middleware import DefineMiddleware
from litestar.middleware.csrf import CSRFMiddleware

from notifier.app import create
from notifier.house import House
from notifier.settings import Settings
from tests.support import databases

#: Doors without a guard. Each says itself who may pass: a token in the address, a signature, or it is for everybody.
OPEN = (
    "/",
    "/static/",
    "/healthz",
    "/readyz",
    "/metrics",
    "/hooks/",
    "/m/",
    "/console/sign-in",
)
#: Doors another site's form may knock at: keys, signatures and the token in the address say who it is, not a cookie.
WITHOUT_COOKIES = ("/api/v1/", "/hooks/", "/m/")
#: Handlers that neither wait nor read anything but memory.
INSTANT = {"static", "front_door", "healthz", "live"}


@pytest.fixture(scope="module")
def app(server: str, template: str) -> Iterator[Litestar]:
    """Return the whole web app, as the demo serves it."""
    with databases.copied(server, template) as url:
        with House(Settings(database_url=url, secret_key="s" * 40, demo=True)) as house:
            yield create(house)


def test_every_handler_is_guarded_or_in_the_short_list(app: Litestar) -> None:
    unguarded = {
        path for path, handler in _handlers(app) if not handler.resolve_guards() and not path.startswith(OPEN[1:])
    }

    assert unguarded - {"/"} == set()


def test_no_handler_blocks_the_event_loop(app: Litestar) -> None:
    blocking = [
        f"{path}: {handler.handler_name}"
        for path, handler in _handlers(app)
        if handler.has_sync_callable and not handler.sync_to_thread and handler.handler_name not in INSTANT
    ]

    assert blocking == []


def test_what_a_cookie_allows_needs_a_token_of_our_own_page(app: Litestar) -> None:
    unprotected = [
        f"{sorted(handler.http_methods)} {path}"
        for path, handler in _handlers(app)
        if set(handler.http_methods) - {"GET", "HEAD", "OPTIONS"}
        and not path.startswith(WITHOUT_COOKIES)
        and not _checks_forms(handler)
    ]

    assert unprotected == []


def _handlers(app: Litestar) -> Iterator[tuple[str, HTTPRouteHandler]]:
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            # The framework's own: answers to OPTIONS, and the page of the OpenAPI schema.
            if "OPTIONS" not in handler.http_methods and not route.path.startswith("/schema"):
                yield route.path, handler


def _checks_forms(handler: HTTPRouteHandler) -> bool:
    layers = handler.resolve_middleware()
    return any(isinstance(layer, DefineMiddleware) and layer.middleware is CSRFMiddleware for layer in layers)
