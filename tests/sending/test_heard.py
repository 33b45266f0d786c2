"""Whether a provider's reports come in is told by the latest of them, however many there are."""

from datetime import datetime

from sqlalchemy import text

from notifier.db import Database
from notifier.sending.unknown.settle import heard

_QUIET = text("ALTER TABLE events SET (autovacuum_enabled = off)")
_FILL = text("""
    WITH a AS (
        INSERT INTO attempts (id, message_id, number, provider, claimed_by, claimed_at)
        SELECT gen_random_uuid(), gen_random_uuid(), 1, CASE WHEN n > 50 THEN 'new' ELSE 'old' END, 'w',
               CAST(:now AS timestamptz) + make_interval(secs => n)
        FROM generate_series(1, 100) AS n RETURNING id, message_id, provider, claimed_at
    )
    INSERT INTO events (message_id, attempt_id, provider, event_id, kind, reason, detail, at)
    SELECT a.message_id, a.id, a.provider, n || repeat('-', 60), 'delivered', '', '', :now
    FROM a, generate_series(1, :each) AS n ORDER BY a.claimed_at
""")
_READ = text("""
    SELECT seq_tup_read + idx_tup_fetch AS many FROM pg_stat_xact_user_tables WHERE relname = 'events'
""")


def test_the_latest_reports_are_found_without_reading_the_others(live_database: Database, now: datetime) -> None:
    with live_database.begin() as db:
        db.execute(_QUIET)
        db.execute(text("ANALYZE events"))
        db.execute(_FILL, {"now": now, "each": 600})
    with live_database.begin() as db:
        db.execute(text("SELECT brin_summarize_new_values('ix_events_id')"))
        db.execute(text("SELECT pg_stat_force_next_flush()"))

    with live_database.begin() as db:
        latest = heard(db)
        read = db.execute(_READ).scalar_one()

    assert list(latest) == ["new"]
    assert (latest["new"] - now).total_seconds() == 100
    assert read < 20_000
