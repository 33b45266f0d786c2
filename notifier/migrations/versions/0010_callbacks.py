"""Callbacks taken in at speed."""

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Go forward."""


def downgrade() -> None:
    """Go back."""
