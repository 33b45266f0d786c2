"""The timeline is whole, in order, and read in stretches; search finds people however they are spelt."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier import clock_moves
from notifier.errors import Invalid
from notifier.history import overview, search
from notifier.history.timeline import timeline
from tests.support.happenings import drain, happening, publish_journeys, take

QUERIES = ["ana conceicao", "CONCEIÇÃO", "ana@exam", "+55 11 96123-4567", "cus_1", "conceicao ana"]


@pytest.fixture
def past(db: Session, now: datetime) -> datetime:
    """Four days of Ana's life as a customer."""
    publish_journeys(db)
    for days, kind in enumerate(["payment.failed", "invoice.upcoming", "feedback.requested", "loyalty.bonus_granted"]):
        at = now - timedelta(days=4 - days)
        take(db, happening(kind, at=at, name="Ana Conceição", email="ana@example.com"), now=at)
        drain(db, now=at)
    return now


def in_stretches(db: Session, limit: int) -> list[str]:
    """Read the timeline from its newest entry to its oldest; return the entries' ids."""
    read, before = [], ""
    while True:
        line = timeline(db, "cus_1", before=before, limit=limit)
        read += [entry.id for entry in line.entries]
        if line.older is None:
            return read
        before = line.older


def test_stretches_add_up_to_the_whole_without_a_gap_or_a_repeat(db: Session, past: datetime) -> None:
    whole = [entry.id for entry in timeline(db, "cus_1", limit=200).entries]

    assert len(whole) >= 8
    assert in_stretches(db, 2) == whole


def test_what_happened_at_one_instant_is_told_whole(db: Session, now: datetime) -> None:
    many = text("""
        INSERT INTO triggers (id, source, event_id, type, version, customer_id, time, data)
        SELECT n, 'import', n, 'payment.failed', 1, 'cus_1', :now, '{}' FROM generate_series(9990, 10010) n
    """)
    db.execute(many, {"now": now})

    assert in_stretches(db, 5) == [str(n) for n in range(10010, 9989, -1)]


def test_an_effect_stands_above_its_cause(db: Session, past: datetime) -> None:
    entries = timeline(db, "cus_1").entries

    assert entries == sorted(entries, key=lambda entry: entry.at, reverse=True)
    assert entries[-1].kind == "trigger"


def test_a_cursor_of_nobody_is_refused(db: Session) -> None:
    with pytest.raises(Invalid):
        timeline(db, "cus_1", before="nonsense")


@pytest.mark.parametrize(
    "query", ["ana conceicao", "CONCEIÇÃO", "ana@exam", "+55 11 96123-4567", "cus_1", "conceicao ana"]
)
def test_people_are_found_however_they_are_spelt(db: Session, past: datetime, query: str) -> None:
    assert [found.id for found in search.search(db, query).customers] == ["cus_1"]


def test_signs_of_patterns_are_only_letters(db: Session, past: datetime) -> None:
    assert search.search(db, "%%%").customers == []


def test_search_among_thousands_uses_the_index(db: Session, now: datetime) -> None:
    db.execute(
        text(
            "INSERT INTO customers (id, name, locale, timezone, country, attributes, search, as_of) "
            "SELECT 'c' || n, 'Person ' || n, 'en', '', '', '{}', 'c' || n || ' person ' || md5(n::text), :now "
            "FROM generate_series(1, 5000) AS n"
        ),
        {"now": now},
    )
    db.execute(text("ANALYZE customers"))
    wanted = db.execute(text("SELECT md5('4242')")).scalar_one()[:12]

    found = search.search(db, wanted)

    assert [one.id for one in found.customers] == ["c4242"]
    db.execute(text("SET LOCAL enable_seqscan = off"))  # so few rows are read faster without any index
    plan = db.execute(text(f"EXPLAIN SELECT id FROM customers WHERE search LIKE '%{wanted}%' LIMIT 400")).scalars()
    assert "ix_customers_search" in "\n".join(plan)


def test_the_overview_counts_what_happened_since(db: Session, past: datetime) -> None:
    counted = overview.overview(db, since=past - timedelta(days=2, hours=1), now=past)

    assert counted.triggers == 2
    assert counted.messages >= 2
    assert counted.delivered_share is None


def test_one_move_of_the_clock_at_a_time(db: Session) -> None:
    move = clock_moves.request(db, timedelta(days=7), "ada@aurora.example")
    with pytest.raises(clock_moves.AlreadyMoving):
        clock_moves.request(db, timedelta(days=1), "ben@aurora.example")

    clock_moves.progress(db, move.id, at=move.from_at + timedelta(days=3.5))
    assert move.share == 0.5
    clock_moves.finish(db, move.id)

    assert clock_moves.pending(db) is None
