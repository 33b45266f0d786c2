"""Every machine-facing route, gathered for the web app."""

from litestar import Router

from notifier.api import customers, health, hooks, keys, messages, reference, triggers
from notifier.api.parts import Parts

OPENAPI = reference.openapi()
"""What `GET /schema` says of the whole interface."""


def create(parts: Parts) -> list[Router]:
    """Return the routers of `/api/v1`, `/hooks` and the operators' addresses."""
    has_key = keys.guard(parts.database)
    behind_key = [made.router(parts, has_key) for made in (triggers, reference, customers, messages)]
    return [Router("/api/v1", route_handlers=behind_key), hooks.router(parts), health.router(parts)]
