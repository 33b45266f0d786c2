"""Keep reports by their message: one index recognizes a repeat and lists them, and grows at its end."""

from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Go forward. What was stored once per provider and event is so per message as well."""
    op.create_index("uq_events_message_id", "events", ["message_id", "provider", "event_id"], unique=True)
    op.drop_index("ix_events_message_id", table_name="events")
    op.drop_index("uq_events_provider_event_id", table_name="events")


def downgrade() -> None:
    """Go back. What two messages were told under one id is kept of the first."""
    op.execute("""
        DELETE FROM events WHERE id IN (
            SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY provider, event_id ORDER BY id) FROM events) AS n
            WHERE row_number > 1
        )
    """)
    op.create_index("uq_events_provider_event_id", "events", ["provider", "event_id"], unique=True)
    op.create_index("ix_events_message_id", "events", ["message_id"])
    op.drop_index("uq_events_message_id", table_name="events")
