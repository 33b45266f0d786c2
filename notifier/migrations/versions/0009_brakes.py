"""Brakes: what a person has stopped, why, and when it went on."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "brakes",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("pulled_by", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("pulled_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("released_by", sa.Text(), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('everything', 'provider', 'journey', 'topic')", name=op.f("ck_brakes_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_brakes")),
    )
    op.create_index("uq_brakes_pulled", "brakes", ["kind", "name"], unique=True, postgresql_where="released_at IS NULL")
    op.create_index(
        "ix_due_messages_held", "due_messages", ["message_id"],
        postgresql_where="lane IN ('held-bulk', 'held-transactional')",
    )  # fmt: skip


def downgrade() -> None:
    """Go back; what was held goes on."""
    op.drop_index("ix_due_messages_held", table_name="due_messages")
    op.execute("UPDATE due_messages SET lane = substr(lane, 6) WHERE lane LIKE 'held-%'")
    op.drop_table("brakes")
