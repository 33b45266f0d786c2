"""Find a customer's runs that a trigger may end, set aside or not, and the oldest triggers without sorting them all."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Go forward."""
    op.create_index("ix_triggers_oldest", "triggers", ["time", "id"], postgresql_where="state = 'pending'")
    op.create_index("ix_runs_unfinished", "runs", ["customer_id"], postgresql_where="state IN ('open', 'failed')")
    op.drop_index("ix_runs_open", table_name="runs")


def downgrade() -> None:
    """Go back."""
    op.create_index("ix_runs_open", "runs", ["customer_id"], postgresql_where="state = 'open'")
    op.drop_index("ix_runs_unfinished", table_name="runs")
    op.drop_index("ix_triggers_oldest", table_name="triggers")
