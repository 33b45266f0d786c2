"""What operators and their machines ask: is it alive, is it ready, how much is waiting."""

from functools import partial
from typing import Any

from litestar import Response, Router, get
from litestar.openapi.datastructures import ResponseSpec
from msgspec import Struct
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import CollectorRegistry
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from notifier.api.parts import Parts
from notifier.api.problems import HANDLERS
from notifier.db import is_ready
from notifier.errors import Misconfigured
from notifier.migrations.upgrade import is_current

_get = partial(get, sync_to_thread=True, include_in_schema=False)

#: Beyond this many rows messages are counted by the planner's statistics: a count would read the whole table.
_EXACT = 200_000

_BY_STATE = text("SELECT state, count(*) FROM messages GROUP BY state")
_ESTIMATED = text("""
    SELECT state, round(freq * greatest(c.reltuples, 0))
    FROM pg_stats s JOIN pg_class c ON c.oid = 'messages'::regclass,
           unnest(s.most_common_vals::text::text[], s.most_common_freqs) AS v(state, freq)
    WHERE s.schemaname = current_schema() AND s.tablename = 'messages' AND s.attname = 'state'
""")
_SIZE = text("SELECT reltuples FROM pg_class WHERE oid = 'messages'::regclass")
_NOW = text("""
    SELECT (SELECT count(*) FROM attempts WHERE state = 'unknown') AS unknown_messages,
           (SELECT count(*) FROM triggers WHERE state = 'pending') AS pending_triggers,
           (SELECT count(*) FROM hooks WHERE state = 'pending') AS pending_hooks,
           (SELECT coalesce(extract(epoch FROM clock_timestamp() + coalesce((SELECT ahead FROM business_clock), '0')
                                               - min(due_at)), 0)
            FROM due_messages) AS oldest_due
""")
_HOOKS = text("""
    SELECT coalesce(sum(unmatched), 0) AS unmatched, count(*) FILTER (WHERE state = 'failed') AS failed
    FROM hooks WHERE unmatched > 0 OR state = 'failed'
""")


class Readiness(Struct, frozen=True, kw_only=True):
    """Each part: `ok`, or what is the matter in words."""

    ready: bool
    database: str
    migrations: str
    embedded: bool
    """Whether the database is the one that came with the package."""


def router(parts: Parts) -> Router:
    """Return `/healthz`, `/readyz` and `/metrics`."""

    @_get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @_get("/readyz", responses={503: ResponseSpec(Readiness, description="Not ready.")})
    def readyz() -> Response[Readiness]:
        readiness = look(parts)
        return Response(readiness, status_code=200 if readiness.ready else 503)

    @_get("/metrics")
    def metrics() -> Response[bytes]:
        registry = CollectorRegistry()
        registry.register(_Waiting(parts))
        body = generate_latest(registry) + generate_latest(REGISTRY)
        return Response(body, headers={"content-type": CONTENT_TYPE_LATEST})

    return Router("/", route_handlers=[healthz, readyz, metrics], exception_handlers=HANDLERS)


def look(parts: Parts) -> Readiness:
    """Ask each part whether it can work."""
    database, migrations = "ok", "ok"
    try:
        with parts.database.begin() as db:
            is_ready(db)
        if not is_current(parts.database.engine):
            migrations = "Not at the newest revision. Run `notifier migrate`."
    except Misconfigured as error:
        migrations = str(error)
    except SQLAlchemyError as error:
        database = migrations = f"Cannot be asked ({type(error).__name__})."
    return Readiness(
        ready=database == migrations == "ok",
        database=database,
        migrations=migrations,
        embedded=not parts.settings.database_url,
    )


class _Waiting:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def collect(self) -> list[GaugeMetricFamily]:
        """Ask the database, once per scrape."""
        with self._parts.database.begin() as db:
            now, hooks = db.execute(_NOW).one(), db.execute(_HOOKS).one()
            states = _states(db)
        messages = GaugeMetricFamily("notifier_messages", "Messages by state; estimated when many.", labels=["state"])
        for state, count in states.items():
            messages.add_metric([state], count)
        figures = {
            "notifier_messages_unknown": ("Messages sent or not, nobody knows yet.", now.unknown_messages),
            "notifier_triggers_pending": ("Triggers accepted and not yet planned.", now.pending_triggers),
            "notifier_hooks_pending": ("Callbacks verified and not yet applied.", now.pending_hooks),
            "notifier_hooks_failed": ("Callbacks that could not be applied.", hooks.failed),
            "notifier_hooks_unmatched": ("Reports that named no attempt of ours.", hooks.unmatched),
            "notifier_oldest_due_seconds": (
                "How long the oldest due message has been waiting.",
                max(0, now.oldest_due),
            ),
        }
        return [messages, *(GaugeMetricFamily(name, text, value=float(n)) for name, (text, n) in figures.items())]


def _states(db: Session) -> dict[str, Any]:
    is_small = db.execute(_SIZE).scalar_one() < _EXACT
    return {row[0]: row[1] for row in db.execute(_BY_STATE if is_small else _ESTIMATED)}
