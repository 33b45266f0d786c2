"""Keep the callbacks of a commit packed together: one row's work for fifty of them, and a seventh of the room."""

import json

import sqlalchemy as sa
from alembic import op

from notifier.tracking.packed import unpack

revision = "0021"
down_revision = "0020"

# Those that are done stay where they are. Those that wait become sets, in the order they came.
_FILL = """
    WITH waiting AS MATERIALIZED (
        SELECT nextval('hooks_id_seq') AS id, kind, provider, hooks, weight, received_at
        FROM (SELECT * FROM pending_hooks_before ORDER BY id) AS ordered
    ), packed AS (
        INSERT INTO hook_sets (id, provider, kind, many, encoding, packed, received_at)
        SELECT w.id, w.provider, w.kind, cardinality(w.hooks), 'json', convert_to(
            coalesce((
                SELECT json_agg(json_build_array(
                    h.url, h.headers, translate(encode(h.body, 'base64'), E'\\n', '')
                ) ORDER BY place)
                FROM unnest(w.hooks) WITH ORDINALITY AS one(id, place) JOIN hooks h ON h.id = one.id
            )::text, '[]'), 'UTF8'
        ), w.received_at FROM waiting w
    ), moved AS (
        DELETE FROM hooks WHERE id IN (SELECT unnest(hooks) FROM waiting)
    )
    INSERT INTO pending_hooks (kind, id, provider, encoding, many, weight, received_at)
    SELECT kind, id, provider, 'json', cardinality(hooks), weight, received_at FROM waiting
"""
_SETS = sa.text("""
    SELECT s.*, p.weight FROM hook_sets s LEFT JOIN pending_hooks_after p ON p.id = s.id
    WHERE s.id > :after ORDER BY s.id LIMIT 100
""")
_ALONE = sa.text("""
    INSERT INTO hooks (id, provider, kind, url, headers, body, received_at)
    VALUES (nextval('hooks_id_seq'), :provider, :kind, :url, CAST(:headers AS jsonb), :body, :received_at) RETURNING id
""")
_WAITS = sa.text("""
    INSERT INTO pending_hooks (kind, provider, hooks, weight, received_at)
    VALUES (:kind, :provider, :hooks, :weight, :received_at)
""")


def upgrade() -> None:
    """Go forward: in moments, however many there are; only what waits is packed."""
    op.execute("LOCK TABLE hooks, pending_hooks IN ACCESS EXCLUSIVE MODE")
    op.create_table(
        "hook_sets",
        sa.Column("id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("many", sa.Integer(), nullable=False),
        sa.Column("encoding", sa.Text(), nullable=False),
        sa.Column("packed", sa.LargeBinary(), nullable=False),
        sa.Column("unmatched", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        sa.PrimaryKeyConstraint("id", name="pk_hook_sets"),
    )
    op.execute("ALTER TABLE hook_sets ALTER COLUMN packed SET STORAGE EXTERNAL")  # it is compressed
    op.execute("ALTER TABLE pending_hooks RENAME TO pending_hooks_before")
    op.execute("ALTER INDEX pk_pending_hooks RENAME TO pk_pending_hooks_before")
    op.create_table(
        "pending_hooks",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("encoding", sa.Text(), nullable=False),
        sa.Column("many", sa.Integer(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        sa.PrimaryKeyConstraint("kind", "id", name="pk_pending_hooks"),
    )
    op.execute(_FILL)
    op.drop_table("pending_hooks_before")
    op.drop_column("hooks", "unmatched")


def downgrade() -> None:
    """Go back, callback by callback; events do not find theirs any more."""
    op.execute("LOCK TABLE hooks, hook_sets, pending_hooks IN ACCESS EXCLUSIVE MODE")
    op.add_column("hooks", sa.Column("unmatched", sa.Integer(), nullable=False, server_default="0"))
    op.execute("ALTER TABLE pending_hooks RENAME TO pending_hooks_after")
    op.execute("ALTER INDEX pk_pending_hooks RENAME TO pk_pending_hooks_after")
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
    _unpack(op.get_bind())
    op.drop_table("pending_hooks_after")
    op.drop_table("hook_sets")


def _unpack(connection: sa.Connection) -> None:
    after = 0
    while sets := connection.execute(_SETS, {"after": after}).all():
        after = sets[-1].id
        for one in sets:
            of = {"provider": one.provider, "kind": one.kind, "received_at": one.received_at}
            alone = [
                {**of, "url": hook.url, "headers": json.dumps(dict(hook.headers)), "body": hook.body}
                for hook in unpack(one.encoding, one.packed)
            ]
            ids = [connection.execute(_ALONE, values).scalar_one() for values in alone]
            if one.weight is not None:
                connection.execute(_WAITS, {**of, "hooks": ids, "weight": one.weight})
