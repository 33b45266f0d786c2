"""Keep what is pending of callbacks in a narrow table of its own, in sets: a callback's row is written once."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

_FILL = """
    INSERT INTO pending_hooks (kind, provider, hooks, weight, received_at)
    SELECT kind, provider, array_agg(id ORDER BY id), sum(weight), min(received_at) FROM (
        SELECT *, (sum(weight) OVER (PARTITION BY kind, provider ORDER BY id) - weight) / 100 AS place FROM (
            SELECT id, kind, provider, received_at, greatest(octet_length(body) / 1000, 1) AS weight
            FROM hooks WHERE state = 'pending'
        ) AS pending
    ) AS cut GROUP BY kind, provider, place ORDER BY min(id)
"""


def upgrade() -> None:
    """
    Go forward.

    Ids have no default any more: a web process of before, which puts nothing into the queue, cannot keep what would
    never be applied.
    """
    op.execute("LOCK TABLE hooks IN ACCESS EXCLUSIVE MODE")
    op.create_table(
        "pending_hooks",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False, autoincrement=True),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("hooks", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        sa.PrimaryKeyConstraint("kind", "id", name="pk_pending_hooks"),
    )
    op.execute(_FILL)
    op.drop_index("ix_hooks_pending", table_name="hooks")
    op.drop_column("hooks", "state")
    op.execute("ALTER TABLE hooks ALTER COLUMN id DROP DEFAULT")


def downgrade() -> None:
    """Go back."""
    op.execute("LOCK TABLE hooks IN ACCESS EXCLUSIVE MODE")
    op.execute("ALTER TABLE hooks ALTER COLUMN id SET DEFAULT nextval('hooks_id_seq')")
    op.add_column("hooks", sa.Column("state", sa.Text(), nullable=False, server_default="done"))
    op.execute("UPDATE hooks SET state = 'failed' WHERE error <> ''")
    op.execute("UPDATE hooks SET state = 'pending' WHERE id IN (SELECT unnest(hooks) FROM pending_hooks)")
    op.alter_column("hooks", "state", server_default="pending")
    op.create_check_constraint(op.f("ck_hooks_state"), "hooks", "state IN ('pending', 'done', 'failed')")
    op.create_index("ix_hooks_pending", "hooks", ["kind", "id"], postgresql_where="state = 'pending'")
    op.drop_table("pending_hooks")
