"""Failed sign-ins, to slow guessing down, and asked-for moves of the demo's clock."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "sign_in_failures",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_sign_in_failures")),
    )
    op.create_table(
        "clock_moves",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("target", sa.DateTime(timezone=True), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("now_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock_moves")),
    )
    op.create_index("ix_clock_moves_open", "clock_moves", ["id"], postgresql_where=sa.text("done_at IS NULL"))


def downgrade() -> None:
    """Go back."""
    op.drop_index("ix_clock_moves_open", table_name="clock_moves", postgresql_where=sa.text("done_at IS NULL"))
    op.drop_table("clock_moves")
    op.drop_table("sign_in_failures")
