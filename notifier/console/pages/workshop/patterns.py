"""Every part of the design in every state, for those who build pages (not in production)."""

from typing import Any

from litestar import Response
from msgspec import Struct

from notifier.console.parts import Asked
from notifier.console.render import get, page


class PatternsPage(Struct, frozen=True, kw_only=True):
    """What the parts are shown with."""

    states: tuple[str, ...] = (
        "planned", "queued", "sending", "sent", "delivered", "unknown", "undelivered", "bounced", "failed", "skipped",
        "cancelled", "expired",
    )  # fmt: skip
    engagements: tuple[str, ...] = ("opened", "read", "clicked", "replied", "complained")


@get("/_patterns", name="console.patterns")
def patterns(desk: Asked) -> Response[str]:
    """Show them."""
    with desk.parts.database.begin() as db:
        return page(desk, db, "patterns.html", PatternsPage())


HANDLERS: list[Any] = [patterns]
