"""The state machine: whatever the order and repetition of what is learnt, it ends the same."""

from hypothesis import given
from hypothesis import strategies as st

from notifier.messages.states import ATTEMPT_RANK, derive, engaged, raised

attempt_states = st.sampled_from(sorted(ATTEMPT_RANK))
#: What can be proven of an attempt that was accepted once: no two of the same rank that contradict each other.
proofs = st.lists(st.sampled_from(["unknown", "lost", "accepted", "sent", "undelivered", "delivered"]), max_size=6)


@given(proofs, st.randoms())
def test_reports_in_any_order_end_in_the_same_attempt_state(proven: list[str], random) -> None:
    shuffled = [*proven, *proven]
    random.shuffle(shuffled)

    states = []
    for order in (proven, shuffled):
        state = "calling"
        for proof in order:
            state = raised(state, proof)
        states.append(ATTEMPT_RANK[state])

    assert states[0] == states[1]


@given(attempt_states, attempt_states)
def test_an_attempt_never_goes_back(current: str, proven: str) -> None:
    assert ATTEMPT_RANK[raised(current, proven)] >= ATTEMPT_RANK[current]


def test_delivered_on_an_old_attempt_cancels_a_queued_retry() -> None:
    assert derive("queued", ["delivered", "not-sent"]) == "delivered"


def test_a_late_undelivered_never_beats_another_attempts_delivered() -> None:
    assert derive("delivered", ["undelivered", "delivered"]) == "delivered"


def test_a_refused_attempt_leaves_a_queued_retry_waiting() -> None:
    assert derive("queued", ["refused"], is_due=True) == "queued"


def test_a_retry_that_was_taken_and_failed_ends_what_waited_for_it() -> None:
    assert derive("queued", ["lost", "undelivered"]) == "undelivered"


def test_without_a_word_from_any_attempt_the_message_stays_as_it_is() -> None:
    assert derive("cancelled", []) == "cancelled"
    assert derive("queued", ["handed-back", "not-sent", "lost"]) == "queued"


def test_the_last_failure_names_the_end() -> None:
    assert derive("sending", ["undelivered", "bounced"]) == "bounced"


def test_engagement_is_the_furthest_seen() -> None:
    assert engaged("clicked", "opened") == "clicked"
    assert engaged("opened", "replied") == "replied"
    assert engaged(None, "delivered") is None
