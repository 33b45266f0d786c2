"""Rate tokens, the health of providers, and brakes."""

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Go forward."""


def downgrade() -> None:
    """Go back."""
