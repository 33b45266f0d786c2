"""Callbacks that wait while the tables change wait on, in their order, with all they said: there and back."""

from collections.abc import Callable
from contextlib import closing

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, text

from notifier.db import Database, driver_url
from notifier.tracking import pending
from tests.tracking.support import FakeProvider

_BEFORE = text("""
    WITH kept AS (
        INSERT INTO hooks (id, provider, kind, url, headers, body, error)
        SELECT id, 'twilio', 'status', 'https://a.b/ç' || id, jsonb_build_object('x', '"' || id), body, error
        FROM (VALUES (1, '\\x00ff'::bytea, ''), (2, 'two', ''), (3, 'three', ''), (4, 'four', 'broken'),
                     (5, convert_to(repeat('long', 100), 'UTF8'), '')) AS n(id, body, error)
    )
    INSERT INTO pending_hooks (kind, provider, hooks, weight)
    VALUES ('status', 'twilio', '{5,1}', 2), ('status', 'twilio', '{3}', 1)
""")
_AFTER = text("""
    SELECT h.url, h.headers ->> 'x' AS x, h.body FROM pending_hooks p, unnest(p.hooks) WITH ORDINALITY AS one(id, place)
    JOIN hooks h ON h.id = one.id ORDER BY p.id, place
""")
WAITING = [
    ("https://a.b/ç5", '"5', b"long" * 100),
    ("https://a.b/ç1", '"1', b"\x00\xff"),
    ("https://a.b/ç3", '"3', b"three"),
]


def go(connection: Connection, direction: Callable[[Config, str], None], revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", "notifier:migrations")
    config.attributes["connection"] = connection
    direction(config, revision)


def test_what_waits_goes_there_and_back(empty: str) -> None:
    engine = create_engine(driver_url(empty))
    with engine.begin() as connection:
        go(connection, command.upgrade, "0020")
        connection.execute(text("SELECT setval('hooks_id_seq', 5)"))
        connection.execute(_BEFORE)
        go(connection, command.upgrade, "0021")
    with closing(Database(empty)) as database, database.begin() as db:
        claimed = pending.claim(db, "status", {"twilio": FakeProvider()}, limit=10)
        assert [(one.hook.url, one.hook.headers["x"], one.hook.body) for one in claimed] == WAITING
        assert db.execute(text("SELECT array_agg(id ORDER BY id) FROM hooks")).scalar_one() == [2, 4]
        db.rollback()
    with engine.begin() as connection:
        go(connection, command.downgrade, "0020")
        assert [tuple(row) for row in connection.execute(_AFTER)] == WAITING
    engine.dispose()
