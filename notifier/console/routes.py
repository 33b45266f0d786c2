"""The console's routes, under `/console`."""

from typing import Any

from litestar import Request, Response, Router
from litestar.config.csrf import CSRFConfig
from litestar.di import Provide
from litestar.exceptions import HTTPException, NotAuthorizedException
from litestar.middleware import DefineMiddleware
from litestar.middleware.csrf import CSRFMiddleware

from notifier.console import access, policy, refusals
from notifier.console.pages import (
    attention,
    brakes,
    customers,
    journeys,
    messages,
    overview,
    settings,
    signing,
    templates,
)
from notifier.console.pages.workshop import clock, patterns
from notifier.console.parts import Desk, Parts
from notifier.errors import Refused

CSRF_COOKIE = "notifier_csrf"


def create(parts: Parts) -> list[Router]:
    """Return the open door (signing in) and the rooms behind it."""

    def provide_desk(request: Request[Any, Any, Any]) -> Desk:
        return access.desk(request, parts)

    def refused(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
        return refusals.answer(access.desk(request, parts), error)

    csrf = CSRFConfig(
        secret=parts.secret,
        cookie_name=CSRF_COOKIE,
        cookie_httponly=True,
        cookie_secure=parts.is_secure,
        cookie_path="/console",
        cookie_samesite="lax",
    )
    every: dict[str, Any] = {
        "path": "/console",
        "dependencies": {
            "desk": Provide(provide_desk, sync_to_thread=False),
        },
        "middleware": [policy.enforced, policy.refusing(refused), DefineMiddleware(CSRFMiddleware, config=csrf)],
        "exception_handlers": {Refused: refused, HTTPException: refused, NotAuthorizedException: refused},
        "include_in_schema": False,
    }
    rooms = [
        *overview.HANDLERS,
        *customers.HANDLERS,
        *messages.HANDLERS,
        *attention.HANDLERS,
        *brakes.HANDLERS,
        *journeys.HANDLERS,
        *templates.HANDLERS,
        *settings.HANDLERS,
        *signing.INSIDE,
    ]
    if parts.settings.demo:
        rooms += clock.HANDLERS
    if not parts.settings.is_production:
        rooms += patterns.HANDLERS
    return [
        Router(route_handlers=[*signing.OPEN], **every),
        Router(route_handlers=rooms, guards=[access.signed_in(parts)], **every),
    ]


def lost(parts: Parts, request: Request[Any, Any, Any], error: Exception) -> Response[Any] | None:
    """Answer an address under `/console` that leads nowhere with a page that leads on; None for any other address."""
    if not request.url.path.startswith("/console"):
        return None
    answer = refusals.answer(access.desk(request, parts), error)
    answer.headers["content-security-policy"] = policy.PAGES
    return answer
