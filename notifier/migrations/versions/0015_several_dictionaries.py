"""Let a template version have several dictionaries: another release of ours may cut its HTML into other pieces."""

from alembic import op

revision = "0015"
down_revision = "0014"
_KEY = ["template", "channel", "version", "locale"]


def upgrade() -> None:
    """Go forward."""
    op.drop_constraint("pk_content_dictionaries", "content_dictionaries")
    op.create_primary_key("pk_content_dictionaries", "content_dictionaries", [*_KEY, "digest"])


def downgrade() -> None:
    """Go back. What was kept against a dictionary that is not its version's first cannot be read any more."""
    op.execute("""
        DELETE FROM content_dictionaries a USING content_dictionaries b
        WHERE (a.template, a.channel, a.version, a.locale) = (b.template, b.channel, b.version, b.locale)
            AND a.digest > b.digest
    """)
    op.drop_constraint("pk_content_dictionaries", "content_dictionaries")
    op.create_primary_key("pk_content_dictionaries", "content_dictionaries", _KEY)
