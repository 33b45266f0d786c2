"""Whether, when, and why not: each verdict has its reason, and each reason its sentence."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec import structs

from notifier.planning.reasons import SENTENCES, sentence
from notifier.planning.still import Drop, Go, Postpone, Standing, still_true
from notifier.planning.verdict import Facts, Planned, Skipped, decide

NIGHT = timedelta(hours=13)  # 03:00 UTC is midnight in São Paulo


def facts(now: datetime) -> Facts:
    return Facts(
        topic="offers",
        channel="sms",
        address="+5511961234567",
        zones=("America/Sao_Paulo",),
        country="BR",
        expires_at=now + timedelta(days=2),
    )


def test_by_day_it_goes_at_once(now: datetime) -> None:
    verdict = decide(facts(now), now)

    assert isinstance(verdict, Planned)
    assert (verdict.due_at, verdict.reason) == (now, "may-go-now")


def test_at_night_it_waits_for_the_morning(now: datetime) -> None:
    verdict = decide(facts(now), now + NIGHT)

    assert isinstance(verdict, Planned)
    assert (verdict.due_at, verdict.reason) == (now + timedelta(hours=22), "waits-for-decent-hour")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"address": ""}, "no-address"),
        ({"suppressed": "stop"}, "suppressed-stop"),
        ({"is_invalid": True}, "bad-address"),
        ({"is_allowed": False}, "no-consent"),
        ({"expires_at": datetime(2026, 1, 1, tzinfo=UTC)}, "expired"),
    ],
)
def test_what_speaks_against_it_is_the_reason(now: datetime, changes: dict, reason: str) -> None:
    verdict = decide(structs.replace(facts(now), **changes), now)

    assert isinstance(verdict, Skipped)
    assert verdict.reason == reason


def test_what_is_old_before_morning_is_not_sent_at_all(now: datetime) -> None:
    verdict = decide(structs.replace(facts(now), expires_at=now + NIGHT + timedelta(hours=1)), now + NIGHT)

    assert isinstance(verdict, Skipped)
    assert verdict.reason == "no-decent-hour-before-expiry"


def test_right_before_sending_it_is_asked_again(now: datetime) -> None:
    standing = Standing(run_state="open", facts=facts(now))

    assert still_true(standing, now) == Go("+5511961234567")
    assert still_true(standing, now + NIGHT) == Postpone(now + timedelta(hours=22), "waits-for-decent-hour")
    assert still_true(standing, now + timedelta(days=2)) == Drop("expired", "expired")
    assert still_true(structs.replace(standing, run_state="ended"), now) == Drop("cancelled", "ended-by-trigger")
    assert isinstance(still_true(structs.replace(standing, has_pending_trigger=True), now), Postpone)
    stopped = structs.replace(standing, facts=structs.replace(facts(now), suppressed="stop"))
    assert still_true(stopped, now) == Drop("cancelled", "suppressed-stop")


def test_every_reason_given_in_journeys_and_planning_has_a_sentence() -> None:
    root = Path(__file__).parents[2] / "notifier"
    sources = "".join(path.read_text() for room in ("journeys", "planning") for path in (root / room).glob("*.py"))

    given = set(re.findall(r'reason="([a-z-]+)"', sources)) | set(re.findall(r'return "([a-z]+-[a-z-]+)"', sources))

    assert given - set(SENTENCES) == set()


def test_a_sentence_is_filled_from_the_facts() -> None:
    words, values = sentence("condition-unmet", {"when": "data.invoice.amount > 0", "journey": "x"})

    assert (words % values).endswith("data.invoice.amount > 0")
    assert sentence("never-heard-of") == ("never heard of", {})
