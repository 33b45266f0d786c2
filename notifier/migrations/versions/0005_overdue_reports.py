"""When a provider is asked about what it accepted and never reported on."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Go forward."""
    op.add_column("attempts", sa.Column("look_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_attempts_look_at", "attempts", ["look_at"], postgresql_where=sa.text("look_at IS NOT NULL"))


def downgrade() -> None:
    """Go back."""
    op.drop_index("ix_attempts_look_at", table_name="attempts", postgresql_where=sa.text("look_at IS NOT NULL"))
    op.drop_column("attempts", "look_at")
