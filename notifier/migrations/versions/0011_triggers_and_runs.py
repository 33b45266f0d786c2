"""Triggers and runs at speed."""

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Go forward."""


def downgrade() -> None:
    """Go back."""
