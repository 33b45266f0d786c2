"""The queue of callbacks: taken in sets, by weight, by one worker each, and back again when nothing came of it."""

from collections.abc import Iterable

from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.db import Database
from notifier.history.waiting import waiting
from notifier.providers.contract import Hook
from notifier.tracking import pending
from notifier.tracking.keep import Verified, keep
from notifier.tracking.pending import PendingHook
from tests.tracking.support import FakeProvider, aside, inbound, queue

LIGHT, HEAVY = 1, 300_000

_BACKLOG = text("""
    WITH kept AS (
        INSERT INTO hook_sets (id, provider, kind, many, encoding, packed)
        SELECT nextval('hooks_id_seq'), 'twilio', 'status', 1, 'json', '[["",{},"eA=="]]'
        FROM generate_series(1, :many) RETURNING id
    )
    INSERT INTO pending_hooks (kind, id, provider, encoding, many, weight)
    SELECT 'status', id, 'twilio', 'json', 1, 1 FROM kept
""")
_READ = text("""
    SELECT relname, seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables
    WHERE relname IN ('hook_sets', 'pending_hooks')
""")


def callbacks(sizes: Iterable[int], provider: str = "twilio") -> list[Verified]:
    hooks = (Hook(url="", headers={}, body=b"x" * size) for size in sizes)
    return [Verified(provider=provider, kind="status", hook=hook) for hook in hooks]


def claim(db: Session, limit: int = 500) -> list[PendingHook]:
    return pending.claim(db, "status", {"twilio": FakeProvider()}, limit=limit)


def sizes(claimed: Iterable[PendingHook]) -> list[int]:
    return [len(one.hook.body) for one in claimed]


def test_what_was_kept_comes_back_in_its_order(db: Session) -> None:
    keep(db, [*callbacks([3, 1]), inbound([]), *callbacks([2], "carrier-pigeon"), *callbacks([4])])

    assert sizes(claim(db)) == [3, 1, 4]
    assert queue(db) == ["done", "pending", "pending"]
    assert claim(db) == []


def test_a_claim_that_comes_to_nothing_gives_everything_back(live_database: Database) -> None:
    with live_database.begin() as db:
        keep(db, callbacks([LIGHT] * 250))

    with live_database.begin() as db:
        assert len(claim(db)) == 250
        db.rollback()

    with live_database.begin() as db:
        assert len(claim(db)) == 250


def test_what_came_one_by_one_is_taken_together(db: Session) -> None:
    for size in range(1, 31):
        keep(db, callbacks([size]))

    assert sizes(claim(db, limit=20)) == list(range(1, 21))
    assert sizes(claim(db, limit=20)) == list(range(21, 31))


def test_what_came_at_once_is_shared_by_workers(live_database: Database) -> None:
    with live_database.begin() as db:
        keep(db, callbacks([LIGHT] * 1000))

    with live_database.begin() as one, live_database.begin() as two:
        first, second = claim(one), claim(two)

    assert (len(first), len(second)) == (500, 500)
    assert {one.set_id for one in first}.isdisjoint(one.set_id for one in second)


def test_what_two_workers_take_at_once_is_bounded_by_weight(live_database: Database) -> None:
    with live_database.begin() as db:
        keep(db, callbacks([*[LIGHT] * 500, *[HEAVY] * 100]))

    with live_database.begin() as one, live_database.begin() as two:
        first, second = claim(one), claim(two)

    assert (len(first), len(second)) == (500, 2)  # of 300 kB each: with the second one there is enough


def test_a_set_that_was_removed_meanwhile_holds_nobody_up(db: Session) -> None:
    keep(db, callbacks([1]))
    keep(db, callbacks([2]))
    db.execute(text("DELETE FROM hook_sets WHERE id = (SELECT min(id) FROM hook_sets)"))

    assert sizes(claim(db)) == [2]
    assert claim(db) == []


def test_a_set_that_only_a_later_version_can_read_waits_for_it_alone(db: Session) -> None:
    for size in (1, 2):
        keep(db, callbacks([size]))
    db.execute(text("UPDATE pending_hooks SET encoding = 'later' WHERE id = (SELECT min(id) FROM pending_hooks)"))

    assert sizes(claim(db)) == [2]
    assert queue(db) == ["pending", "done"]


def test_a_damaged_set_is_set_aside_and_holds_nobody_up(db: Session) -> None:
    for size in (1, 2):
        keep(db, callbacks([size]))
    db.execute(text("UPDATE hook_sets SET packed = 'torn' WHERE id = (SELECT min(id) FROM hook_sets)"))

    assert sizes(claim(db)) == [2]
    assert queue(db) == ["done", "done"]
    assert [error.partition(":")[0] for error in aside(db)] == ["ZstdError"]


def test_how_many_are_pending_is_told_by_callbacks_not_by_sets(db: Session) -> None:
    keep(db, callbacks([LIGHT] * 7))

    assert waiting(db).hooks == 7


def test_a_claim_reads_what_it_takes_of_a_backlog_no_statistics_know_of(live_database: Database) -> None:
    with live_database.begin() as db:
        for table in ("hook_sets", "pending_hooks"):
            db.execute(text(f"ALTER TABLE {table} SET (autovacuum_enabled = off)"))
            db.execute(text(f"ANALYZE {table}"))
    for _ in range(16):  # often enough for the driver, and then the server, to keep a plan
        with live_database.begin() as db:
            claim(db, limit=50)
    with live_database.begin() as db:
        db.execute(_BACKLOG, {"many": 20_000})

    with live_database.begin() as db:
        assert len(claim(db, limit=50)) == 50
        read = dict(map(tuple, db.execute(_READ)))

    assert read["hook_sets"] == 50
    assert read["pending_hooks"] <= 4 * 50
