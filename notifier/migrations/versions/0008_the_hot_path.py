"""What the sending path reads and writes, without what it does not need."""

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Go forward."""


def downgrade() -> None:
    """Go back."""
