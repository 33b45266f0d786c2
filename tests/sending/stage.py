"""Customers, triggers and due messages, put into the database in sets."""

import time
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.catalog import samples
from notifier.db import Database
from notifier.messages.draft import Decision, Draft
from notifier.messages.write import write
from notifier.providers.outbox import Outbox
from notifier.providers.registry import Providers
from notifier.rendering.library import Library
from notifier.sending import pace
from notifier.sending.drain import drain
from notifier.sending.unknown.reconcile import reconcile
from notifier.sending.unknown.settle import settle_unknown
from notifier.settings import Settings

SETTINGS = Settings(secret_key="s" * 32, lease_seconds=0.0, evidence_seconds=0.0, calls=50)

_CUSTOMERS = text("""
    INSERT INTO customers (id, name, locale, timezone, country, attributes, search, as_of)
    SELECT 'cus_' || n, 'Ana ' || n, 'pt_BR', 'UTC', 'BR', '{}', '', now() FROM generate_series(1, :many) n
""")
_POINTS = text("""
    INSERT INTO contact_points (customer_id, channel, address, state, reason)
    SELECT 'cus_' || n, channel,
           CASE channel WHEN 'email' THEN 'ana' || n || '@example.com'
                        ELSE '+551196' || lpad(n::text, 5, '0') || '11' END,
           'usable', ''
    FROM generate_series(1, :many) n, unnest(ARRAY['email', 'sms', 'whatsapp']) channel
""")
_TRIGGERS = text("""
    WITH made AS (
        INSERT INTO triggers (source, event_id, type, version, customer_id, time, data)
        SELECT 'test', 'evt_' || n, 'payment.failed', 1, 'cus_' || n, :now, CAST(:data AS json)
        FROM generate_series(1, :many) n RETURNING id, customer_id
    ), handled AS (
        INSERT INTO handled_triggers (trigger_id, decisions) SELECT id, '[]' FROM made
    )
    SELECT id, customer_id FROM made
""")


def due(
    db: Session,
    many: int,
    *,
    now: datetime,
    channels: Sequence[str] = ("email",),
    topic: str = "billing",
    lane: str = "transactional",
) -> list[UUID]:
    """Make `many` customers, each with one message due on one of the channels, in turn; return the messages' ids."""
    data = msgspec.json.encode(samples.data("payment.failed", date(2026, 11, 18))).decode()
    db.execute(_CUSTOMERS, {"many": many})
    db.execute(_POINTS, {"many": many})
    triggers = db.execute(_TRIGGERS, {"many": many, "now": now, "data": data}).all()
    drafts = [
        Draft(
            customer_id=row.customer_id,
            trigger_id=row.id,
            run_id=None,  # type: ignore[arg-type]  # as a message sent by hand: no journey waits for it
            journey="test",
            journey_version=1,
            incident=row.customer_id,
            generation=1,
            step="tell",
            channel=channels[number % len(channels)],  # type: ignore[arg-type]  # the caller names channels
            address="to be asked for",
            topic=topic,
            lane=lane,  # type: ignore[arg-type]  # the caller names a lane
            template="payment-failed",
            locale="pt_BR",
            timezone="UTC",
            country="BR",
            state="planned",
            due_at=now - timedelta(hours=1),
            expires_at=now + timedelta(days=3),
            created_at=now - timedelta(hours=1),
            decisions=[Decision(at=now, verdict="planned", reason="test")],
        )
        for number, row in enumerate(triggers)
    ]
    return write(db, drafts)


class Stage:
    """A database with messages due, and the outbox they go to."""

    def __init__(self, database: Database, outbox: Outbox, library: Library, now: datetime) -> None:
        self.database, self.outbox, self.library, self.now = database, outbox, library, now
        self.providers = Providers([outbox])

    def due(self, many: int, **how: Any) -> None:
        with self.database.begin() as db:
            due(db, many, now=self.now, **how)

    def drain(self, lane: str = "transactional") -> int:
        return drain(self.database, self.providers, self.library, SETTINGS, lane)

    def ask(self, settings: Settings = SETTINGS) -> int:
        """Look for evidence; with the waits of `SETTINGS` not before the first look is due."""
        if settings is SETTINGS:
            time.sleep(pace.first_look(settings))
        return settle_unknown(self.database, self.providers, settings)

    def reconcile(self) -> int:
        return reconcile(self.database, self.providers)

    def query(self, sql: str) -> list[Any]:
        with self.database.begin() as db:
            return list(db.execute(text(sql)).all())

    def states(self) -> dict[str, int]:
        return {row[0]: row[1] for row in self.query("SELECT state, count(*) FROM messages GROUP BY 1")}
