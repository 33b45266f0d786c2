"""Several ways to a channel: how often a sender has failed, what it may still send, and the due of each channel."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Go forward."""
    op.add_column("sender_pauses", sa.Column("times", sa.SmallInteger(), server_default="0", nullable=False))
    op.create_table(
        "sender_tokens",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("tokens", sa.Double(), nullable=False),
        sa.Column("burst", sa.Double(), nullable=False),
        sa.Column("per_second", sa.Double(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("provider", "sender", name=op.f("pk_sender_tokens")),
    )
    op.drop_index("ix_due_messages_lane_due_at_message_id", table_name="due_messages")
    op.create_index(
        "ix_due_messages_lane_channel_due_at_message_id", "due_messages", ["lane", "channel", "due_at", "message_id"]
    )


def downgrade() -> None:
    """Go back."""
    op.drop_index("ix_due_messages_lane_channel_due_at_message_id", table_name="due_messages")
    op.create_index("ix_due_messages_lane_due_at_message_id", "due_messages", ["lane", "due_at", "message_id"])
    op.drop_table("sender_tokens")
    op.drop_column("sender_pauses", "times")
