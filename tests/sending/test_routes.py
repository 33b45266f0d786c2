"""Several ways to a channel: which one a message takes, how fast, and what happens when one of them fails."""

from collections import Counter
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from notifier.providers.contract import Accepted, NotSent, Outcome, Outgoing, Route, Unknown
from notifier.providers.outbox import Answering, Outbox
from notifier.providers.registry import Providers
from notifier.sending.drain import drain
from notifier.sending.ways import breaker, tokens
from notifier.sending.ways.breaker import Silence
from notifier.sending.ways.routes import Ways, in_order
from tests.sending.stage import SETTINGS, Stage

FIRST, SECOND = Outbox(name="first"), Outbox(name="second")


def always(outcome: Outcome) -> Answering:
    return lambda outgoing: outcome


def routes(*weights: tuple[int, int]) -> list[Route]:
    return [
        Route(provider=Outbox(name=f"way{number}"), channel="sms", priority=priority, weight=weight)
        for number, (priority, weight) in enumerate(weights)
    ]


def test_within_a_priority_each_way_gets_its_share() -> None:
    ways = routes((1, 3), (1, 1), (2, 100))

    firsts = Counter(in_order(ways, UUID(int=number * 7919))[0].provider.name for number in range(4000))

    assert firsts["way2"] == 0
    assert 0.70 < firsts["way0"] / 4000 < 0.80


@given(st.uuids(), st.lists(st.tuples(st.integers(1, 3), st.integers(1, 9)), min_size=1, max_size=5))
def test_a_message_has_one_order_of_ways_and_takes_the_next_with_each_try(
    ident: UUID, weights: list[tuple[int, int]]
) -> None:
    providers = Providers([route.provider for route in routes(*weights)], routes=routes(*weights))
    order = [route.provider.name for route in in_order(providers.routes("sms"), ident)]

    taken = []
    for tries in range(2 * len(order)):
        way = Ways(providers, {}, []).take("sms", ident, tries)
        taken.append(way.provider.name if way else None)

    assert taken == order * 2
    assert [route.priority for route in in_order(providers.routes("sms"), ident)] == sorted(one[0] for one in weights)


def test_a_way_without_room_is_not_taken_and_what_is_used_is_remembered() -> None:
    providers = Providers([FIRST, SECOND])
    ways = Ways(providers, {("first", "first-sms"): 1.0, ("second", "second-sms"): 0.0}, [])

    assert ways.room("sms") == 1
    assert [bool(ways.take("sms", uuid4(), 0)) for _ in range(2)] == [True, False]
    assert ways.used == {("first", "first-sms"): 1}
    assert ways.room("email") == float("inf")


def two(stage: Stage) -> tuple[Outbox, Outbox]:
    first, second = Outbox(name="first"), Outbox(name="second")
    stage.providers = Providers([first, second])
    return first, second


def again(stage: Stage) -> None:
    stage.query("UPDATE due_messages SET not_before = NULL RETURNING message_id")


def test_when_the_first_way_fails_the_second_is_taken_and_the_first_comes_back_by_itself(stage: Stage) -> None:
    first, second = two(stage)
    first.answering = always(NotSent(reason="unreachable"))
    stage.due(30)

    stage.drain()
    again(stage)
    stage.drain()

    assert stage.states() == {"sent": 30}
    assert len(second.taken) == 30
    assert stage.query("SELECT provider, reason, times FROM sender_pauses") == [("first", "failing", 1)]

    first.answering = Outbox().answering
    stage.query("UPDATE sender_pauses SET until = clock_timestamp() RETURNING sender")
    more(stage, 20)
    stage.drain()

    assert 1 <= len(first.taken) <= breaker.PROBES
    more(stage, 20)
    stage.drain()
    assert len(first.taken) > 20 - breaker.PROBES
    assert stage.query("SELECT * FROM sender_pauses") == []


def more(stage: Stage, many: int) -> None:
    """Give messages that were sent another like them to send."""
    stage.query(f"""
        WITH made AS (
            INSERT INTO messages (id, customer_id, trigger_id, run_id, journey, journey_version, step, channel, address,
                topic, lane, template, locale, timezone, country, state, due_at, expires_at, created_at, decisions)
            SELECT gen_random_uuid(), customer_id, trigger_id, run_id, journey, journey_version, step, channel, address,
                topic, lane, template, locale, timezone, country, 'planned', due_at, expires_at, created_at, '[]'
            FROM messages LIMIT {many} RETURNING *
        )
        INSERT INTO due_messages (message_id, customer_id, lane, channel, topic, journey, due_at)
        SELECT id, customer_id, lane, channel, topic, journey, due_at FROM made RETURNING message_id
    """)


def test_a_trial_that_fails_rests_twice_as_long(stage: Stage) -> None:
    first, _ = two(stage)
    first.answering = always(NotSent(reason="unreachable"))
    stage.due(30)
    stage.drain()
    stage.query("UPDATE sender_pauses SET until = clock_timestamp() RETURNING sender")
    again(stage)
    more(stage, 10)
    stage.drain()

    [(times, rest)] = stage.query("SELECT times, extract(epoch FROM until - clock_timestamp()) FROM sender_pauses")
    assert times == 2
    assert 15 < rest <= 2 * breaker.REST


def test_an_answer_that_never_came_is_settled_by_evidence_and_never_sent_by_another_way_too(stage: Stage) -> None:
    first, second = two(stage)
    first.answering = always(Unknown(detail="no answer"))
    first.takes_and_fails = True
    stage.due(20)

    stage.drain()
    stage.query("UPDATE attempts SET evidence_at = clock_timestamp() RETURNING id")
    stage.ask()
    again(stage)
    stage.drain()

    everyone = Counter(outgoing.to for box in (first, second) for outgoing in box.taken)
    assert len(everyone) == 20
    assert set(everyone.values()) == {1}
    assert stage.states() == {"sent": 20}


def limit(stage: Stage, burst: float) -> Outbox:
    """A sender of SMS that gets one more a minute: however slow a test is, it has its burst and no more."""
    box = Outbox(name="slow")
    stage.providers = Providers(
        [box],
        routes=[
            Route(provider=box, channel="sms", per_second=1 / 60, burst=burst),
            Route(provider=box, channel="email"),
        ],
    )
    return box


def pass_seconds(stage: Stage, seconds: float) -> None:
    stage.query(f"UPDATE sender_tokens SET at = at - interval '{seconds} s' RETURNING sender")


def taken(box: Outbox, channel: str) -> int:
    return sum(outgoing.channel == channel for outgoing in box.taken)


def test_a_rate_limit_is_waited_for_before_the_claim_and_holds_up_nobody_else(stage: Stage) -> None:
    box = limit(stage, 10)
    box.can = Outbox.can.__class__(channels=("email", "sms"))
    stage.due(60, channels=("sms", "email"))

    stage.drain()
    assert taken(box, "email") == 30
    assert taken(box, "sms") == 10
    waiting = stage.query("SELECT count(*) FROM due_messages d JOIN attempts a USING (message_id)")
    assert waiting == [(0,)]

    pass_seconds(stage, 300)
    stage.drain()
    assert taken(box, "sms") == 15


def test_segments_are_what_a_sender_is_limited_by_where_the_provider_counts_them(stage: Stage) -> None:
    box = limit(stage, 10)
    stage.due(60, channels=("sms",))
    long_links = replace(SETTINGS, public_url=f"https://{'a' * 40}.example")

    drain(stage.database, stage.providers, stage.library, long_links, "transactional")

    each = tokens.cost(stage.providers.routes("sms")[0], box.taken[0].content)
    [(left,)] = stage.query("SELECT tokens FROM sender_tokens")
    assert each > 1
    assert taken(box, "sms") == 10
    assert abs(left - (10 - 10 * each)) < 0.5  # on credit: the next claim waits until it is paid


def test_bulk_leaves_a_fifth_for_what_is_urgent(stage: Stage) -> None:
    box = limit(stage, 10)
    box.can = Outbox.can.__class__(channels=("email", "sms"))
    stage.due(30, channels=("sms",), lane="bulk", topic="billing")

    stage.drain("bulk")

    assert taken(box, "sms") == 8


@pytest.mark.parametrize(
    ("now", "usually", "silent"),
    [
        (Silence(100, 60), Silence(200, 2), True),
        (Silence(100, 40), Silence(200, 2), False),
        (Silence(100, 60), Silence(200, 100), False),
        (Silence(10, 10), Silence(200, 2), False),
        (Silence(100, 100), Silence(0, 0), False),
    ],
)
def test_reports_stay_away_only_when_they_usually_come(now: Silence, usually: Silence, *, silent: bool) -> None:
    assert breaker.has_gone_silent(now, usually) is silent


def _accepted(outgoing: Outgoing) -> Outcome:
    return Accepted(ref=f"ref-{outgoing.attempt_id.hex}")


def test_a_sender_whose_reports_stay_away_rests_while_another_way_is_open(stage: Stage) -> None:
    first, _ = two(stage)
    first.answering = _accepted
    stage.due(60)
    stage.drain()
    # Half of them ten minutes old and reported on; the others fifteen seconds old, and nobody has said a word.
    stage.query("""
        WITH aged AS (
            SELECT id, message_id, row_number() OVER (ORDER BY id) AS place FROM attempts
        ), moved AS (
            UPDATE attempts a SET id = CAST(
                lpad(to_hex(CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)
                     - CASE WHEN place <= 30 THEN 600000 ELSE 15000 END), 12, '0') || lpad(to_hex(place), 20, '0')
            AS uuid) FROM aged WHERE aged.id = a.id RETURNING a.id, a.message_id, aged.place
        )
        INSERT INTO events (message_id, attempt_id, provider, event_id, kind, reason, detail, at)
        SELECT message_id, id, 'first', 'e' || place, 'sent', '', '', now() FROM moved WHERE place <= 30
        RETURNING id
    """)

    with stage.database.begin() as db:
        opened = breaker.watch(db, stage.providers)

    assert opened == {("first", "first-email")}
    with stage.database.begin() as db:
        assert breaker.watch(db, stage.providers) == set()


def test_a_sender_without_another_way_goes_on_although_its_reports_stay_away(stage: Stage) -> None:
    stage.due(40)
    stage.drain()

    with stage.database.begin() as db:
        assert breaker.watch(db, stage.providers) == set()
