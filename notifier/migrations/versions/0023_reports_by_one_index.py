"""Keep reports by one index: that of their ids served one question, which the order they are stored in answers as well."""

from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Go forward."""
    op.drop_constraint("pk_events", "events")
    op.execute("ALTER TABLE events ADD CONSTRAINT pk_events PRIMARY KEY USING INDEX uq_events_message_id")
    op.create_index("ix_events_id", "events", ["id"], postgresql_using="brin", postgresql_with={"autosummarize": True})


def downgrade() -> None:
    """Go back."""
    op.drop_index("ix_events_id", table_name="events")
    op.drop_constraint("pk_events", "events")
    op.create_primary_key("pk_events", "events", ["id"])
    op.create_index("uq_events_message_id", "events", ["message_id", "provider", "event_id"], unique=True)
