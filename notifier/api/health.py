"""What operators and their machines ask: is it alive, is it ready, how much is waiting."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from litestar import Response, Router, get
from litestar.openapi.datastructures import ResponseSpec
from msgspec import Struct
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import CollectorRegistry
from sqlalchemy.exc import SQLAlchemyError

from notifier.api.parts import Parts
from notifier.api.problems import HANDLERS
from notifier.db import is_ready
from notifier.errors import Misconfigured
from notifier.history.waiting import waiting
from notifier.migrations.upgrade import is_current

_get = partial(get, sync_to_thread=True, include_in_schema=False)


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

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Ask the database, once per scrape."""
        with self._parts.database.begin() as db:
            now = waiting(db)
        # Of a provider that has none it is said too: an alert then sees a series end where it should.
        unknown = dict.fromkeys(sorted(self._parts.providers), (0, 0.0))
        unknown |= {row["provider"]: (row["many"], float(row["seconds"])) for row in now.unknown}
        yield _gauge("notifier_messages", "Messages by state; estimated when many.", ["state"], now.messages)
        yield _gauge(
            "notifier_attempts_unknown", "Calls of which nobody knows yet whether they were taken.",
            ["provider"], {name: many for name, (many, _) in unknown.items()},
        )  # fmt: skip
        yield _gauge(
            "notifier_attempts_unknown_oldest_seconds", "Since the oldest unknown call was made.",
            ["provider"], {name: seconds for name, (_, seconds) in unknown.items()},
        )  # fmt: skip
        yield _gauge(
            "notifier_oldest_due_seconds", "How long the oldest due message has been waiting.", ["lane"], now.oldest_due
        )
        yield _gauge(
            "notifier_senders_resting", "Senders nothing is sent by now, by why: see docs/running.md.",
            ["provider", "reason"], {(row["provider"], row["reason"]): row["many"] for row in now.resting},
        )  # fmt: skip
        figures = {
            "notifier_messages_unknown": ("Unknown calls of all providers.", sum(row["many"] for row in now.unknown)),
            "notifier_triggers_pending": ("Triggers accepted and not yet planned.", now.triggers),
            "notifier_hooks_pending": ("Callbacks verified and not yet applied.", now.hooks),
            "notifier_hooks_failed": ("Callbacks that could not be applied, of the newest.", now.hooks_failed),
            "notifier_hooks_unmatched": ("Reports that named no attempt of ours, of the newest.", now.hooks_unmatched),
            "notifier_brakes_pulled": ("Brakes that hold now.", now.brakes),
        }
        for name, (said, value) in figures.items():
            yield GaugeMetricFamily(name, said, value=float(value))


def _gauge(name: str, said: str, labels: list[str], values: Mapping[Any, float]) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(name, said, labels=labels)
    for label, value in values.items():
        gauge.add_metric(list(label) if isinstance(label, tuple) else [label], float(value))
    return gauge
