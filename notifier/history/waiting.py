"""How much is waiting, asked every few seconds by operators' machines: no question reads more than an index's part."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.history.attention import unknown_by_provider

#: Beyond this many rows messages are counted by the planner's statistics: a count would read the whole table.
EXACT = 200_000
#: Sets of callbacks looked at for what went wrong with them: the newest.
WINDOW = 20_000

_BY_STATE = text("SELECT state, count(*) FROM messages GROUP BY state")
_ESTIMATED = text("""
    SELECT state, round(freq * greatest(c.reltuples, 0))
    FROM pg_stats s JOIN pg_class c ON c.oid = 'messages'::regclass,
           unnest(s.most_common_vals::text::text[], s.most_common_freqs) AS v(state, freq)
    WHERE s.schemaname = current_schema() AND s.tablename = 'messages' AND s.attname = 'state'
""")
_SIZE = text("SELECT reltuples FROM pg_class WHERE oid = 'messages'::regclass")
_PENDING = text("""
    SELECT (SELECT count(*) FROM pending_triggers) AS triggers,
           (SELECT coalesce(sum(many), 0) FROM pending_hooks) AS hooks,
           (SELECT count(*) FROM brakes WHERE released_at IS NULL) AS brakes
""")
_HOOKS = text("""
    WITH newest AS (SELECT last_value - :window AS after FROM hooks_id_seq)
    SELECT (SELECT coalesce(sum(unmatched), 0) FROM hook_sets, newest WHERE id > after) AS unmatched,
           (SELECT count(*) FROM hooks, newest WHERE id > after AND error <> '') AS failed
""")
# The first of each lane and channel, by the index claims read; without its channel the whole queue would be read.
_OLDEST = text("""
    SELECT lane, coalesce(extract(epoch FROM clock_timestamp() + coalesce((SELECT ahead FROM business_clock), '0')
                                             - min(first.due_at)), 0) AS seconds
    FROM unnest(ARRAY['transactional', 'bulk']) AS lanes(lane),
         unnest(ARRAY['email', 'sms', 'whatsapp']) AS channels(channel)
    LEFT JOIN LATERAL (
        SELECT due_at FROM due_messages d WHERE d.lane = lanes.lane AND d.channel = channels.channel
        ORDER BY due_at LIMIT 1
    ) AS first ON true GROUP BY 1
""")
_RESTING = text("""
    SELECT provider, reason, count(*) AS many FROM sender_pauses WHERE until > clock_timestamp() GROUP BY 1, 2
""")


class Waiting(Struct, frozen=True, kw_only=True):
    """What there is to be done, and what keeps it from being done."""

    messages: Mapping[str, float]
    """By state; estimated when there are many."""
    triggers: int
    hooks: int
    hooks_failed: int
    hooks_unmatched: int
    """Reports that named no attempt of ours. Of the newest callbacks, as those that failed."""
    oldest_due: Mapping[str, float]
    """By lane: seconds the oldest due message has been waiting."""
    unknown: list[dict[str, Any]]
    """By provider: `many`, and `seconds` since the oldest was called."""
    resting: list[dict[str, Any]]
    """Senders nobody claims for now, by provider and reason."""
    brakes: int


def waiting(db: Session) -> Waiting:
    """Look."""
    pending, hooks = db.execute(_PENDING).one(), db.execute(_HOOKS, {"window": WINDOW}).one()
    is_small = db.execute(_SIZE).scalar_one() < EXACT
    return Waiting(
        messages={row[0]: float(row[1]) for row in db.execute(_BY_STATE if is_small else _ESTIMATED)},
        triggers=pending.triggers,
        hooks=pending.hooks,
        hooks_failed=hooks.failed,
        hooks_unmatched=hooks.unmatched,
        oldest_due={row.lane: max(0.0, float(row.seconds)) for row in db.execute(_OLDEST)},
        unknown=unknown_by_provider(db),
        resting=[dict(row) for row in db.execute(_RESTING).mappings()],
        brakes=pending.brakes,
    )
