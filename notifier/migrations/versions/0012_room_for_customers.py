"""Leave half of each page of the customers free: every trigger moves its customer's `as_of`."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """
    Go forward.

    A new version of a row that finds no room on its page goes to another and into every index, the search for words
    among them: 66 microseconds instead of 9. A billing run moves all rows of a page at once. Pages that are full
    already get room as they are updated; `VACUUM FULL customers` gives it at once.
    """
    op.execute("ALTER TABLE customers SET (fillfactor = 50)")


def downgrade() -> None:
    """Go back."""
    op.execute("ALTER TABLE customers RESET (fillfactor)")
