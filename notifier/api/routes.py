"""Every machine-facing route, gathered for the web app."""

from litestar import Router
from litestar.types import ASGIApp
from msgspec import Struct

from notifier.api import customers, health, hooks, keys, messages, reference, triggers
from notifier.api.parts import Parts
from notifier.asgi import Door, Front

OPENAPI = reference.openapi()
"""What `GET /schema` says of the whole interface."""


class Doors(Struct, frozen=True, kw_only=True):
    """The doors that are knocked at thousands of times a second, in plain ASGI."""

    triggers: Door
    hooks: Door
    keys: keys.Keys

    def before(self, framework: ASGIApp) -> Front:
        """Return the app that opens them itself and leaves everything else to the framework."""
        return Front({"/api/v1/triggers": self.triggers, "/hooks/": self.hooks}, framework)


def doors(parts: Parts) -> Doors:
    """Make the doors of a web process, which `create` and `Doors.before` share."""
    known = keys.Keys(parts.database)
    return Doors(triggers=triggers.door(parts, known), hooks=hooks.door(parts), keys=known)


def create(parts: Parts, busy: Doors | None = None) -> list[Router]:
    """Return the routers of `/api/v1`, `/hooks` and the operators' addresses; `busy`: doors that are shared."""
    busy = busy or doors(parts)
    has_key = keys.guard(busy.keys)
    behind_key = [made.router(parts, has_key) for made in (reference, customers, messages)]
    behind_key.append(triggers.router(busy.triggers, has_key))
    return [Router("/api/v1", route_handlers=behind_key), hooks.router(busy.hooks), health.router(parts)]
