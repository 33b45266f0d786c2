"""The step function, whatever happens in whatever order."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from notifier.journeys.rules.definition import Definition, Span, parse
from notifier.journeys.steps import Due, Ended, Outcome, Position, Reported, Started, advance, later, start

NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)
JOURNEY = parse("""
journey: payment-failed
title: Failed payment
on: payment.failed
about: data.invoice.id
topic: billing
expires_after: 2d
steps:
  - name: notice
    first_of: {template: payment-failed, channels: [whatsapp, sms], also: [email], within: 2h}
  - name: patience
    wait: 3d
  - name: again
    send: {template: payment-failed-again, channels: [email, sms]}
""")
OPEN, DELIVERED, FAILED = Outcome(state="open"), Outcome(state="delivered"), Outcome(state="failed")


def begun(journey: Definition = JOURNEY) -> Position:
    return advance(journey, start(journey, at=NOON), Started(), NOON).position


def test_a_run_asks_at_once_for_email_and_the_first_channel() -> None:
    moved = advance(JOURNEY, start(JOURNEY, at=NOON), Started(), NOON)

    assert [(one.step, one.channels) for one in moved.effects] == [("notice", ("email", "whatsapp"))]
    assert moved.effects[0].expires_at == NOON + timedelta(days=2)
    assert moved.due_at == NOON + timedelta(hours=2)


def test_a_failure_brings_the_next_channel_at_once() -> None:
    moved = advance(JOURNEY, begun(), Reported({"whatsapp": FAILED, "email": OPEN}), NOON + timedelta(minutes=1))

    assert [one.channels for one in moved.effects] == [("sms",)]
    assert moved.position.step == "patience"


def test_what_is_delivered_needs_no_other_channel() -> None:
    moved = advance(JOURNEY, begun(), Reported({"whatsapp": DELIVERED}), NOON + timedelta(minutes=1))

    assert moved.effects == ()
    assert moved.position.step == "patience"


def test_an_unknown_outcome_counts_as_not_delivered_when_the_time_runs_out() -> None:
    early = advance(JOURNEY, begun(), Reported({"whatsapp": OPEN}), NOON + timedelta(minutes=119))
    late = advance(JOURNEY, begun(), Reported({"whatsapp": OPEN}), NOON + timedelta(minutes=120))

    assert early.effects == ()
    assert [one.channels for one in late.effects] == [("sms",)]


def test_the_time_to_deliver_begins_at_the_decent_hour_a_message_waits_for() -> None:
    waits = Outcome(state="open", earliest=NOON + timedelta(hours=8))

    moved = advance(JOURNEY, begun(), Reported({"whatsapp": waits}), NOON + timedelta(hours=2))

    assert moved.effects == ()
    assert moved.due_at == NOON + timedelta(hours=10)


def test_expiry_after_a_wait_counts_from_its_end() -> None:
    waiting = advance(JOURNEY, begun(), Reported({"whatsapp": DELIVERED}), NOON)
    assert waiting.due_at is not None

    moved = advance(JOURNEY, waiting.position, Due(), waiting.due_at)

    assert [one.expires_at for one in moved.effects] == [NOON + timedelta(days=5)]
    assert moved.position.state == "closing"


def test_a_run_ends_when_its_last_message_can_no_longer_be_sent() -> None:
    closing = Position(step="again", state="closing", basis=NOON, until=NOON + timedelta(days=2))

    before = advance(JOURNEY, closing, Due(), NOON + timedelta(days=1))
    after = advance(JOURNEY, closing, Due(), NOON + timedelta(days=2))

    assert (before.finished, before.due_at) == (False, NOON + timedelta(days=2))
    assert after.finished


def test_a_wait_of_days_ends_at_the_same_time_of_day_across_a_clock_change() -> None:
    before = datetime(2026, 10, 31, 13, tzinfo=UTC)  # 9:00 in New York, summer time

    assert later(before, Span("3d"), "America/New_York") == datetime(2026, 11, 3, 14, tzinfo=UTC)
    assert later(before, Span("72h"), "America/New_York") == datetime(2026, 11, 3, 13, tzinfo=UTC)


channels = st.sampled_from(["email", "sms", "whatsapp"])
outcomes = st.builds(
    Outcome,
    state=st.sampled_from(["open", "delivered", "failed"]),
    earliest=st.none() | st.integers(0, 40).map(lambda hours: NOON + timedelta(hours=hours)),
)
happenings = st.lists(
    st.tuples(
        st.one_of(st.just(Due()), st.dictionaries(channels, outcomes).map(Reported)),
        st.integers(0, 60).map(lambda hours: timedelta(hours=hours)),
    ),
    max_size=12,
)


@given(happenings)
def test_whatever_happens_no_channel_of_a_step_is_asked_for_twice_and_the_run_ends(told: list) -> None:
    moved = advance(JOURNEY, start(JOURNEY, at=NOON), Started(), NOON)
    asked = [(one.step, channel) for one in moved.effects for channel in one.channels]
    now = NOON

    for happened, passed in told:
        now += passed
        moved = advance(JOURNEY, moved.position, happened, now, "America/Sao_Paulo")
        asked += [(one.step, channel) for one in moved.effects for channel in one.channels]
    for _ in range(10):
        if moved.finished:
            break
        assert moved.due_at is not None
        now = max(now, moved.due_at)
        moved = advance(JOURNEY, moved.position, Due(), now, "America/Sao_Paulo")
        asked += [(one.step, channel) for one in moved.effects for channel in one.channels]

    assert moved.finished
    assert len(asked) == len(set(asked))


@given(st.permutations([("whatsapp", FAILED), ("email", DELIVERED), ("whatsapp", FAILED), ("email", OPEN)]))
def test_the_order_of_reports_does_not_matter(reports: list) -> None:
    position, asked = begun(), set()

    known: dict[str, Outcome] = {}
    for channel, outcome in reports:
        known[channel] = outcome
        moved = advance(JOURNEY, position, Reported(dict(known)), NOON + timedelta(minutes=1))
        position = moved.position
        asked |= {(one.step, one.channels) for one in moved.effects}

    assert asked == {("notice", ("sms",))}
    assert position.step == "patience"


def test_an_ended_run_asks_for_nothing_more() -> None:
    assert advance(JOURNEY, begun(), Ended(), NOON + timedelta(days=30)).effects == ()
