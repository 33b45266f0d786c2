"""Reports that never come: the provider is asked, a few times, and its answer counts as the report."""

from datetime import timedelta
from uuid import uuid4

from notifier import tick
from notifier.providers.contract import Found
from notifier.sending.unknown import watches
from tests.sending.stage import Stage

PASSED = """
    UPDATE watches SET claimed_at = claimed_at - interval '{0} min', look_at = look_at - interval '{0} min' RETURNING id
"""
NEXT = "SELECT look_at - claimed_at, attempts FROM watches"


def sent(stage: Stage, many: int = 1) -> list[str]:
    """Send, and let the leases end; return the providers' ids."""
    stage.due(many, channels=("sms",))
    stage.drain()
    stage.ask()
    return [row.ref for row in stage.query("SELECT ref FROM attempts ORDER BY id")]


def test_an_overdue_report_is_asked_for_and_kept_as_an_event(stage: Stage) -> None:
    delivered, silent = sent(stage, 2)
    stage.query(PASSED.format(11))
    stage.outbox.became = {delivered: Found(ref=delivered, kind="delivered")}

    assert stage.reconcile() == 1
    stage.query(PASSED.format(50))
    assert stage.reconcile() == 0

    assert stage.states() == {"delivered": 1, "sent": 1}
    assert stage.query("SELECT kind FROM events") == [("delivered",)]
    [(left,)] = stage.query(f"SELECT id FROM attempts WHERE ref = '{silent}'")
    assert stage.query(NEXT) == [(timedelta(hours=6), [left])]


def test_a_provider_is_asked_after_ten_minutes_an_hour_and_six_and_then_no_more(stage: Stage) -> None:
    sent(stage)
    waits = stage.query(NEXT)
    for minutes in (11, 50, 300):
        stage.query(PASSED.format(minutes))
        stage.reconcile()
        waits += stage.query(NEXT)

    assert [row[0] for row in waits] == [timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6)]


def test_what_was_looked_at_late_is_asked_about_at_once(stage: Stage) -> None:
    stage.due(1, channels=("sms",))
    stage.drain()
    stage.query(PASSED.format(400))  # all workers were away
    [ref] = (row.ref for row in stage.query("SELECT ref FROM attempts"))
    stage.outbox.became = {ref: Found(ref=ref, kind="delivered")}

    stage.ask()

    assert stage.reconcile() == 1


def test_what_is_left_of_several_claims_is_watched_together(stage: Stage) -> None:
    stage.due(3, channels=("sms",))
    stage.drain()
    stage.query("DELETE FROM watches RETURNING id")
    stage.query("INSERT INTO watches (attempts, look_at) SELECT ARRAY[id], now() FROM attempts RETURNING id")

    stage.ask()

    [(wait, attempts)] = stage.query(NEXT)
    assert (wait, len(attempts)) == (timedelta(minutes=10), 3)


def test_what_is_reported_in_time_is_not_looked_at_again(stage: Stage) -> None:
    sent(stage)
    stage.query("UPDATE attempts SET state = 'delivered' RETURNING id")
    stage.query(PASSED.format(11))

    assert stage.reconcile() == 0

    assert stage.query(NEXT) == []


def test_a_number_found_not_to_exist_becomes_invalid(stage: Stage) -> None:
    [ref] = sent(stage)
    stage.query(PASSED.format(11))
    stage.outbox.became = {ref: Found(ref=ref, kind="undelivered", reason="bad-address")}

    stage.reconcile()

    assert stage.states() == {"undelivered": 1}
    assert stage.query("SELECT state FROM contact_points WHERE channel = 'sms'") == [("invalid",)]


def test_a_provider_that_is_away_is_asked_again_later(stage: Stage) -> None:
    sent(stage)
    stage.query(PASSED.format(11))
    stage.outbox.is_away = True

    assert stage.reconcile() == 0

    assert [row[0] for row in stage.query(NEXT)] == [timedelta(hours=1)]


def test_the_lane_is_rung_only_when_something_is_to_be_looked_at(stage: Stage) -> None:
    def is_rung() -> bool:
        with stage.database.begin() as db:
            return "unknown" in tick.due(db)

    stage.due(1, channels=("sms",))
    stage.drain()

    assert is_rung()  # a lease of no time at all
    stage.ask()
    assert not is_rung()
    stage.query(PASSED.format(11))
    assert is_rung()
    stage.reconcile()
    assert not is_rung()
    stage.query("UPDATE attempts SET state = 'unknown', evidence_at = now() + interval '1 min' RETURNING id")
    assert not is_rung()
    stage.query("UPDATE attempts SET evidence_at = now() RETURNING id")
    assert is_rung()


def test_no_watch_is_of_more_than_a_provider_can_be_asked_about_in_time(stage: Stage) -> None:
    many = [uuid4() for _ in range(2 * watches.MOST + 50)]
    with stage.database.begin() as db:
        watches.watch(db, many, after=0.0)

    with stage.database.begin() as db:
        watches.go_on(db, watches.take(db, is_leased=True, most=1000), many)

    kept = [ids for (ids,) in stage.query("SELECT attempts FROM watches ORDER BY id")]
    assert [len(ids) for ids in kept] == [watches.MOST, watches.MOST, 50]
    assert [ident for ids in kept for ident in ids] == many
