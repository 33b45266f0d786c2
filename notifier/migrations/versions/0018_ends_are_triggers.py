"""Ask the triggers themselves what ended before it began: a table of the ends repeated what they say."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Go forward: no trigger is ever removed, so nothing is forgotten."""
    op.drop_table("ended_incidents")


def downgrade() -> None:
    """Go back. What ended before its start came is not known any more: such a start, if it comes yet, begins a run."""
    op.create_table(
        "ended_incidents",
        sa.Column("journey", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("trigger_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("journey", "customer_id", "key", name="pk_ended_incidents"),
    )
