"""The customer's pages under `/m/{token}`, gathered for the web app."""

from litestar import Router

from notifier.api.parts import Parts
from notifier.portal import message, preferences, survey, unsubscribe
from notifier.portal.page import trouble


def create(parts: Parts) -> list[Router]:
    """Return the router; whoever holds a link is its customer, so there is no login and no cookie to forge."""
    made = [handler for room in (message, survey, preferences, unsubscribe) for handler in room.handlers(parts)]
    return [Router("/m", route_handlers=made, exception_handlers=trouble(parts), include_in_schema=False)]
