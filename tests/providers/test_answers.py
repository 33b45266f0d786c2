"""What each answer of a provider means."""

import pytest

from notifier.providers.contract import Accepted, NotSent, Outcome, Refused, Unknown
from notifier.providers.sendgrid import mails
from notifier.providers.smtp.mails import refusal
from notifier.providers.transport import Answer
from notifier.providers.twilio import codes, messages


def twilio(status: int, body: str = "", **headers: str) -> Outcome:
    return messages.read_answer(Answer(status, {k.replace("_", "-"): v for k, v in headers.items()}, body.encode()))


def sendgrid(status: int, body: str = "", **headers: str) -> Outcome:
    return mails.read_answer(Answer(status, {k.replace("_", "-"): v for k, v in headers.items()}, body.encode()))


def test_an_accepted_message_has_the_providers_id() -> None:
    assert twilio(201, '{"sid": "SM1"}') == Accepted(ref="SM1")
    assert sendgrid(202, "", x_message_id="abc") == Accepted(ref="abc")


def test_a_success_without_an_id_proves_nothing_at_twilio() -> None:
    for body in ("not json", "[]", "{}", '{"sid": 1}', '{"sid": null}'):
        assert isinstance(twilio(201, body), Unknown)


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 302])
def test_an_answer_that_may_follow_acceptance_is_unknown(status: int) -> None:
    assert isinstance(twilio(status), Unknown)
    assert isinstance(sendgrid(status), Unknown)


def test_too_fast_is_surely_unsent_and_waits_as_long_as_asked() -> None:
    assert twilio(429, '{"code": 20429}', retry_after="7") == NotSent(
        retry_after=7.0, reason="pacing", detail="HTTP 429, code 20429"
    )
    assert isinstance(outcome := sendgrid(
        429, "", x_ratelimit_reset="1600000010", date="Sun, 13 Sep 2020 12:26:40 GMT"
    ), NotSent)  # fmt: skip
    assert outcome.retry_after == 10.0


def test_an_unreadable_wait_is_no_wait() -> None:
    outcome = twilio(429, "", retry_after="soon")

    assert isinstance(outcome, NotSent)
    assert outcome.retry_after is None


@pytest.mark.parametrize("status", [401, 403])
def test_credentials_out_of_order_burn_no_message(status: int) -> None:
    for outcome in (twilio(status, '{"code": 20003}'), sendgrid(status)):
        assert isinstance(outcome, NotSent)
        assert outcome.reason == "account"


def test_a_number_that_cannot_receive_is_refused_for_good() -> None:
    assert twilio(400, '{"code": 21211}') == Refused(
        reason="bad-address", permanent=True, detail="HTTP 400, code 21211"
    )
    assert twilio(400, '{"code": 21610}') == Refused(reason="opted-out", permanent=True, detail="HTTP 400, code 21610")


@pytest.mark.parametrize("body", ['{"code": 999999}', '{"code": "x"}', "[]", "", "{"])
def test_a_code_nobody_knows_is_classed_by_its_status(body: str) -> None:
    outcome = twilio(400, body)

    assert isinstance(outcome, Refused)
    assert outcome.reason == "other"
    assert not outcome.permanent


def test_sendgrids_bad_recipient_is_told_from_bad_content() -> None:
    bad = sendgrid(400, '{"errors": [{"field": "personalizations.0.to.0.email", "message": "x"}]}')
    words = sendgrid(400, '{"errors": [{"field": "content.0.value", "message": "x"}]}')

    assert bad == Refused(reason="bad-address", permanent=True, detail="HTTP 400 personalizations.0.to.0.email")
    assert isinstance(words, Refused)
    assert words.reason == "content"


def test_no_answer_repeats_the_providers_words_about_the_person() -> None:
    outcome = sendgrid(400, '{"errors": [{"field": "x", "message": "ana@example.com is bad"}]}')

    assert isinstance(outcome, Refused)
    assert "ana" not in outcome.detail


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        (451, "4.7.1 try later", NotSent),
        (550, "5.1.1 no such user", Refused),
        (550, "no such user", Refused),
        (554, "5.7.1 policy", Refused),
    ],
)
def test_a_mail_servers_answer_says_for_now_or_for_good(code: int, message: str, expected: type) -> None:
    assert isinstance(refusal(code, message), expected)


def test_every_twilio_code_has_one_reason() -> None:
    assert codes.reason(30003) == "unreachable"
    assert codes.reason(None) == ""
    assert set(codes.REASONS) >= codes.PERMANENT
    assert {code for code, reason in codes.REASONS.items() if reason == "account"} >= codes.SENDER_WIDE


@pytest.mark.parametrize("said", ["999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_no_wait_is_longer_than_a_day(said: str) -> None:
    headers = {"retry-after": said, "date": "Wed, 25 Nov 2026 12:00:00 GMT"}

    assert Answer(429, headers, b"").retry_after() == 86_400


@pytest.mark.parametrize("said", ["1790000000000", "inf"])
def test_a_reset_in_milliseconds_is_no_wait_for_ever(said: str) -> None:
    headers = {"x-ratelimit-reset": said, "date": "Wed, 25 Nov 2026 12:00:00 GMT"}

    assert Answer(429, headers, b"").retry_after() == 86_400
    assert Answer(429, {**headers, "x-ratelimit-reset": "nan"}, b"").retry_after() is None
