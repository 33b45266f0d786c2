"""Let answers and reports change an attempt in its place: what waits for a time, and ids to look up, lie elsewhere."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

_WATCHED = """
    INSERT INTO watches (attempts, claimed_at, look_at, is_leased)
    SELECT ARRAY[id], claimed_at, CASE state WHEN 'calling' THEN claimed_at + interval '30 s' ELSE look_at END,
           state = 'calling'
    FROM attempts WHERE state = 'calling' OR look_at IS NOT NULL
"""
_ONLY_UNKNOWN = """
    UPDATE attempts SET evidence_at = CASE WHEN state = 'unknown' THEN clock_timestamp() END
    WHERE (state = 'unknown') <> (evidence_at IS NOT NULL)
"""
_BACK = """
    UPDATE attempts a SET look_at = w.look_at FROM watches w
    WHERE a.id = ANY(w.attempts) AND a.state IN ('accepted', 'sent')
"""


def upgrade() -> None:
    """Go forward."""
    op.execute("LOCK TABLE attempts IN ACCESS EXCLUSIVE MODE")  # or what is claimed meanwhile had no watch
    op.create_table(
        "refs",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("attempt_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("provider", "ref", "attempt_id", name="pk_refs"),
    )
    op.execute("INSERT INTO refs SELECT provider, ref, id FROM attempts WHERE ref IS NOT NULL")
    op.create_table(
        "watches",
        sa.Column("id", sa.BigInteger(), nullable=False, autoincrement=True),
        sa.Column("attempts", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column(
            "claimed_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("clock_timestamp()")
        ),
        sa.Column("look_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_leased", sa.Boolean(), nullable=False, server_default="true"),
        sa.PrimaryKeyConstraint("id", name="pk_watches"),
    )
    op.create_index("ix_watches_look_at", "watches", ["look_at"])
    op.execute(_WATCHED)
    for index in ("ix_attempts_calling", "ix_attempts_unknown", "ix_attempts_ref", "ix_attempts_look_at"):
        op.drop_index(index, table_name="attempts")
    op.drop_column("attempts", "look_at")
    op.execute(_ONLY_UNKNOWN)
    op.create_index("ix_attempts_unknown", "attempts", ["evidence_at"], postgresql_where="evidence_at IS NOT NULL")
    op.execute("ALTER TABLE attempts SET (fillfactor = 45)")


def downgrade() -> None:
    """Go back."""
    op.execute("ALTER TABLE attempts RESET (fillfactor)")
    op.drop_index("ix_attempts_unknown", table_name="attempts")
    op.add_column("attempts", sa.Column("look_at", sa.DateTime(timezone=True)))
    op.execute(_BACK)
    op.create_index("ix_attempts_look_at", "attempts", ["look_at"], postgresql_where=sa.text("look_at IS NOT NULL"))
    op.create_index("ix_attempts_ref", "attempts", ["provider", "ref"])
    op.create_index("ix_attempts_unknown", "attempts", ["evidence_at"], postgresql_where="state = 'unknown'")
    op.create_index("ix_attempts_calling", "attempts", ["claimed_at"], postgresql_where="state = 'calling'")
    op.drop_table("watches")
    op.drop_table("refs")
