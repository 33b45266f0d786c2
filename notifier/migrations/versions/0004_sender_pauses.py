"""Senders that a provider asked to wait."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "sender_pauses",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("provider", "sender", name=op.f("pk_sender_pauses")),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("sender_pauses")
