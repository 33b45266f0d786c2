"""Urgent triggers before the others; an index that only the search for the oldest can use."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Go forward."""
    op.add_column("triggers", sa.Column("lane", sa.Text(), server_default="transactional", nullable=False))
    op.create_check_constraint(op.f("ck_triggers_lane"), "triggers", "lane IN ('transactional', 'bulk')")
    op.drop_index("ix_triggers_oldest", table_name="triggers")
    op.create_index(
        "ix_triggers_oldest", "triggers", [sa.text("lane DESC"), "time", "id"],
        postgresql_where="lower(state) = 'pending'",
    )  # fmt: skip


def downgrade() -> None:
    """Go back."""
    op.drop_index("ix_triggers_oldest", table_name="triggers")
    op.create_index("ix_triggers_oldest", "triggers", ["time", "id"], postgresql_where="state = 'pending'")
    op.drop_constraint(op.f("ck_triggers_lane"), "triggers")
    op.drop_column("triggers", "lane")
