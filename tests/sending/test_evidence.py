"""What evidence means, and the want of it."""

import pytest
from msgspec.structs import replace

from notifier.providers.contract import Found
from notifier.sending.retry import TRIES
from notifier.sending.unknown.evidence import Asked, Facts, Verdict, judge

SILENT = Facts(
    topic="billing", tries=1, asked=Asked(), silence_means_unsent=False, reports=True, heard_later=False, is_over=True
)
AGAIN = Verdict(verdict="requeued", reason="no-evidence", then="queued")


def test_what_is_found_was_sent() -> None:
    found = replace(SILENT, asked=Asked(was_answered=True, found=Found(ref="SM1")))

    assert judge(found) == Verdict(verdict="sent", reason="found-at-provider")


def test_a_list_that_answers_and_has_it_not_says_no_at_once() -> None:
    listed = replace(SILENT, silence_means_unsent=True, is_over=False)

    assert judge(listed) is None
    assert judge(replace(listed, asked=Asked(was_answered=True))) == replace(AGAIN, reason="not-at-provider")


def test_silence_says_nothing_before_its_time_or_from_a_channel_not_known_to_be_alive() -> None:
    assert judge(replace(SILENT, heard_later=True, is_over=False)) is None
    assert judge(SILENT) is None
    assert judge(replace(SILENT, heard_later=True)) == AGAIN


def test_whoever_never_reports_is_waited_for_only_so_long() -> None:
    assert judge(replace(SILENT, reports=False, is_over=False)) is None
    assert judge(replace(SILENT, reports=False)) == AGAIN


@pytest.mark.parametrize("topic", ["surveys", "offers", "news"])
def test_what_is_not_important_is_not_risked_twice(topic: str) -> None:
    assert judge(replace(SILENT, topic=topic, heard_later=True)) == Verdict(
        verdict="failed", reason="no-evidence", then="failed"
    )


def test_the_tries_are_counted_in_the_end() -> None:
    last = replace(SILENT, heard_later=True, tries=TRIES)

    assert judge(last) == Verdict(verdict="failed", reason="tries-used-up", then="failed")
