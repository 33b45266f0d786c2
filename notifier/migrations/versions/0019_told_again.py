"""Let a trigger that says nothing new of its customer change no row of theirs."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Go forward. Each customer gets the column with the next trigger, and needs no room on the page any more."""
    op.add_column("customers", sa.Column("described_by", sa.LargeBinary()))
    op.execute("ALTER TABLE customers RESET (fillfactor)")


def downgrade() -> None:
    """Go back: then `as_of` alone says how old a snapshot may be."""
    op.execute("""
        UPDATE customers c SET as_of = greatest(c.as_of, t.newest)
        FROM (SELECT customer_id, max(time) AS newest FROM triggers GROUP BY 1) AS t WHERE t.customer_id = c.id
    """)
    op.execute("ALTER TABLE customers SET (fillfactor = 50)")
    op.drop_column("customers", "described_by")
