"""Triggers of a database that kept everything in one table: all that is known of each is found again, both ways."""

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text

from notifier.db import driver_url
from notifier.migrations.upgrade import upgrade

_BEFORE = text("""
    INSERT INTO triggers (source, event_id, type, version, customer_id, time, data,
                          state, tries, lane, error, decisions)
    SELECT 'test', event_id, 'x', 1, customer_id, now(), '{}', state, tries, lane, error, decisions::jsonb FROM (VALUES
        ('done', 'cus_1', 'done', 2, 'transactional', '', '[{"reason": "a"}]'),
        ('failed', 'cus_1', 'failed', 5, 'transactional', 'It broke.', '[]'),
        ('again', 'cus_1', 'pending', 3, 'bulk', 'It broke.', '[{"reason": "b"}]'),
        ('new', 'cus_2', 'pending', 0, 'transactional', '', '[]')
    ) AS before(event_id, customer_id, state, tries, lane, error, decisions)
""")
_OLD = text("""
    SELECT event_id, state, CASE state WHEN 'pending' THEN tries END, CASE state WHEN 'failed' THEN error END, lane,
           decisions
    FROM triggers ORDER BY id
""")
_PENDING = text("""
    SELECT event_id, p.customer_id, p.time = t.time, p.lane, p.tries, p.decisions
    FROM pending_triggers p JOIN triggers t ON t.id = p.trigger_id ORDER BY t.id
""")
_HANDLED = text("""
    SELECT event_id, h.error, h.decisions FROM handled_triggers h JOIN triggers t ON t.id = h.trigger_id ORDER BY t.id
""")


def test_what_is_pending_and_what_became_of_the_others_is_kept_both_ways(empty: str) -> None:
    upgrade(empty)
    engine = create_engine(driver_url(empty))
    with engine.begin() as connection:
        _back(connection)
        connection.execute(_BEFORE)
        before = connection.execute(_OLD).all()

    upgrade(empty)

    with engine.begin() as connection:
        assert connection.execute(_PENDING).all() == [
            ("again", "cus_1", True, "bulk", 3, [{"reason": "b"}]),
            ("new", "cus_2", True, "transactional", 0, None),
        ]
        assert connection.execute(_HANDLED).all() == [("done", "", [{"reason": "a"}]), ("failed", "It broke.", [])]
        _back(connection)
        assert connection.execute(_OLD).all() == before
    engine.dispose()


def _back(connection: Connection) -> None:
    """Go back to where `triggers` was the only table."""
    config = Config()
    config.set_main_option("script_location", "notifier:migrations")
    config.attributes["connection"] = connection
    command.downgrade(config, str(ScriptDirectory.from_config(config).get_revision("0022").down_revision))
