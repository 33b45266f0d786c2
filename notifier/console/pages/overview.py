"""The first page: how things are right now."""

from datetime import datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from litestar import Response
from litestar.params import FromQuery
from msgspec import Struct

from notifier import clock
from notifier.console import chart
from notifier.console.parts import Asked
from notifier.console.render import get, page
from notifier.history import overview as figures

Period = Literal["day", "week", "month"]
_DAYS: dict[str, int] = {"day": 0, "week": 6, "month": 29}


class OverviewPage(Struct, frozen=True, kw_only=True):
    """Figures of a period, the newest messages, and how each channel does."""

    period: Period
    figures: figures.Overview
    channels: list[chart.Channel]
    bars: chart.Bars | None
    recent: list[dict[str, Any]]


@get("/", name="console.overview")
def overview(desk: Asked, period: FromQuery[Period] = "week") -> Response[str]:
    """Show the figures; htmx asks again every few seconds for the part that changes."""
    with desk.parts.database.begin() as db:
        now = clock.business_now(db)
        counted = figures.overview(db, since=_since(now, period, desk.zone), zone=desk.zone, now=now)
        shown = OverviewPage(
            period=period,
            figures=counted,
            channels=chart.channels(counted),
            bars=chart.bars(counted) if period != "day" else None,
            recent=figures.recent(db),
        )
        return page(desk, db, "overview/_live.html" if desk.is_partial else "overview/index.html", shown)


def _since(now: datetime, period: Period, zone: str) -> datetime:
    midnight = now.astimezone(ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - timedelta(days=_DAYS[period])


HANDLERS: list[Any] = [overview]
