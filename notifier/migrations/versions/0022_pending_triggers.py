"""Keep what is pending, and what became of it, in narrow tables beside the triggers: a trigger's row is written once."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"

_PENDING = """
    INSERT INTO pending_triggers (customer_id, time, trigger_id, lane, tries, decisions)
    SELECT customer_id, time, id, lane, tries, nullif(decisions, '[]')::json FROM triggers WHERE state = 'pending'
"""
_HANDLED = """
    INSERT INTO handled_triggers (trigger_id, error, decisions)
    SELECT id, CASE state WHEN 'failed' THEN coalesce(nullif(error, ''), 'It failed.') ELSE '' END, decisions::json
    FROM triggers WHERE state <> 'pending'
"""
_BACK = """
    UPDATE triggers t SET error = h.error, decisions = h.decisions::jsonb,
           state = CASE h.error WHEN '' THEN 'done' ELSE 'failed' END
    FROM handled_triggers h WHERE h.trigger_id = t.id
"""
_WAITING = """
    UPDATE triggers t SET state = 'pending', lane = p.lane, tries = p.tries,
           decisions = coalesce(p.decisions::jsonb, '[]')
    FROM pending_triggers p WHERE p.trigger_id = t.id
"""


def upgrade() -> None:
    """
    Go forward.

    Triggers have no lane any more: a web process of before, which puts nothing into the queue, cannot accept what would
    never be handled. Copies what became of them: some 10 seconds a million. Their own rows stay as long as they are,
    until `VACUUM FULL triggers`.
    """
    op.execute("LOCK TABLE triggers IN ACCESS EXCLUSIVE MODE")
    op.create_table(
        "pending_triggers",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("trigger_id", sa.BigInteger(), nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("tries", sa.SmallInteger(), nullable=False, server_default="0"),
        sa.Column("decisions", postgresql.JSON(astext_type=sa.Text())),
        sa.CheckConstraint("lane IN ('transactional', 'bulk')", name=op.f("ck_pending_triggers_lane")),
    )
    op.create_table(
        "handled_triggers",
        sa.Column("trigger_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("error", sa.Text(), nullable=False, server_default=""),
        sa.Column("decisions", postgresql.JSON(astext_type=sa.Text()), nullable=False),
    )
    op.execute(_PENDING)
    op.execute(_HANDLED)
    op.create_primary_key("pk_pending_triggers", "pending_triggers", ["customer_id", "time", "trigger_id"])
    op.create_index(
        "ix_pending_triggers_oldest", "pending_triggers", ["lane", "time", "trigger_id"], postgresql_where="tries >= 0"
    )
    op.create_primary_key("pk_handled_triggers", "handled_triggers", ["trigger_id"])
    op.create_index("ix_handled_triggers_failed", "handled_triggers", ["trigger_id"], postgresql_where="error <> ''")
    for column in ("state", "tries", "error", "lane", "decisions"):  # their indexes and checks go with them
        op.drop_column("triggers", column)


def downgrade() -> None:
    """Go back. Those that are not pending are urgent as far as is known; it does not matter any more."""
    op.execute("LOCK TABLE triggers IN ACCESS EXCLUSIVE MODE")
    op.add_column("triggers", sa.Column("state", sa.Text(), nullable=False, server_default="pending"))
    op.add_column("triggers", sa.Column("tries", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("triggers", sa.Column("error", sa.Text(), nullable=False, server_default=""))
    op.add_column("triggers", sa.Column("lane", sa.Text(), nullable=False, server_default="transactional"))
    op.add_column(
        "triggers", sa.Column("decisions", postgresql.JSONB(astext_type=sa.Text()), nullable=False, server_default="[]")
    )
    op.execute(_BACK)
    op.execute(_WAITING)
    op.create_check_constraint(op.f("ck_triggers_state"), "triggers", "state IN ('pending', 'done', 'failed')")
    op.create_check_constraint(op.f("ck_triggers_lane"), "triggers", "lane IN ('transactional', 'bulk')")
    op.create_index(
        "ix_triggers_pending", "triggers", ["customer_id", "time", "id"], postgresql_where="state = 'pending'"
    )
    op.create_index(
        "ix_triggers_oldest", "triggers", [sa.text("lane DESC"), "time", "id"],
        postgresql_where="lower(state) = 'pending'",
    )  # fmt: skip
    op.create_index("ix_triggers_failed", "triggers", ["id"], postgresql_where="state = 'failed'")
    op.drop_table("handled_triggers")
    op.drop_table("pending_triggers")
