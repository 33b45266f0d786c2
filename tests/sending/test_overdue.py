"""Reports that never come: the provider is asked, a few times, and its answer counts as the report."""

from notifier import tick
from notifier.providers.contract import Found
from tests.sending.stage import Stage

OVERDUE = "UPDATE attempts SET claimed_at = now() - interval '11 min', look_at = now() - interval '1 min' RETURNING ref"


def test_an_overdue_report_is_asked_for_and_kept_as_an_event(stage: Stage) -> None:
    stage.due(2, channels=("sms",))
    stage.drain()
    delivered, silent = (row.ref for row in stage.query(OVERDUE))
    stage.outbox.became = {delivered: Found(ref=delivered, kind="delivered")}

    assert stage.reconcile() == 1
    assert stage.reconcile() == 0

    assert stage.states() == {"delivered": 1, "sent": 1}
    assert stage.query("SELECT kind FROM events") == [("delivered",)]
    assert stage.query(f"SELECT look_at IS NULL FROM attempts WHERE ref = '{delivered}'") == [(True,)]
    assert stage.query(f"SELECT look_at > now() FROM attempts WHERE ref = '{silent}'") == [(True,)]


def test_a_provider_is_asked_after_ten_minutes_an_hour_and_six_and_then_no_more(stage: Stage) -> None:
    stage.due(1, channels=("sms",))
    stage.drain()
    waits = []
    for minutes in (11, 61, 361):
        stage.query(f"UPDATE attempts SET claimed_at = now() - interval '{minutes} min', look_at = now() RETURNING id")
        stage.reconcile()
        waits += stage.query("SELECT round(extract(epoch FROM look_at - claimed_at) / 60) FROM attempts")

    assert [row[0] for row in waits] == [60, 360, None]


def test_a_number_found_not_to_exist_becomes_invalid(stage: Stage) -> None:
    stage.due(1, channels=("sms",))
    stage.drain()
    (ref,) = (row.ref for row in stage.query(OVERDUE))
    stage.outbox.became = {ref: Found(ref=ref, kind="undelivered", reason="bad-address")}

    stage.reconcile()

    assert stage.states() == {"undelivered": 1}
    assert stage.query("SELECT state FROM contact_points WHERE channel = 'sms'") == [("invalid",)]


def test_a_provider_that_is_away_is_asked_again_later(stage: Stage) -> None:
    stage.due(1, channels=("sms",))
    stage.drain()
    stage.query(OVERDUE)
    stage.outbox.is_away = True

    assert stage.reconcile() == 0

    assert stage.query("SELECT look_at > now() FROM attempts") == [(True,)]


def test_the_lane_is_rung_only_when_something_is_to_be_looked_at(stage: Stage) -> None:
    def is_rung() -> bool:
        with stage.database.begin() as db:
            return "unknown" in tick.due(db, lease=30.0)

    stage.due(1, channels=("sms",))
    stage.drain()

    assert not is_rung()
    stage.query(OVERDUE)
    assert is_rung()
    stage.reconcile()
    stage.query("UPDATE attempts SET state = 'calling', claimed_at = now() - interval '29 s' RETURNING id")
    assert not is_rung()
    stage.query("UPDATE attempts SET claimed_at = now() - interval '31 s' RETURNING id")
    assert is_rung()
    stage.query("UPDATE attempts SET state = 'unknown', evidence_at = now() + interval '1 min' RETURNING id")
    assert not is_rung()
    stage.query("UPDATE attempts SET evidence_at = now() RETURNING id")
    assert is_rung()
