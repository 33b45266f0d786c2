"""Mails that came back: whose they are, and what they say; nothing in them surprises us."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.errors import Misconfigured
from notifier.providers.contract import EventKind, Reason, Refused
from notifier.providers.smtp import bounces
from notifier.providers.smtp.meaning import delivery, feedback, refusal
from notifier.providers.smtp.verp import ReturnAddress
from tests.support import returned

KNOWN = ReturnAddress(returned.BOUNCES_TO, "s3cret")
ATTEMPT = UUID("01890000-0000-7000-8000-000000000001")
OURS = KNOWN.of(ATTEMPT)


def test_an_envelope_sender_names_its_attempt_and_fits_a_local_part() -> None:
    assert OURS.startswith("bounces+")
    assert OURS.endswith("@example.com")
    assert len(OURS.partition("@")[0]) <= 64
    for as_read in (OURS, OURS.upper(), f"<{OURS}>", f"Bounces <{OURS}>, x@example.com"):
        assert KNOWN.named([as_read]) == ATTEMPT


@pytest.mark.parametrize(
    "forged",
    [
        "bounces@example.com",
        ReturnAddress(returned.BOUNCES_TO, "another secret").of(ATTEMPT),
        OURS.replace("bounces+", "other+"),
        OURS + ".evil.net",
        OURS.replace("@example.com", "@example.net"),
        "bounces+" + "a" * 45 + "@example.com",
        "bounces+çççç@example.com",
        "",
    ],
)
def test_an_address_that_was_not_made_here_names_nothing(forged: str) -> None:
    assert KNOWN.named([forged]) is None


def test_a_letter_changed_anywhere_in_a_token_names_nothing() -> None:
    local, _, domain = OURS.partition("@")
    name, _, token = local.partition("+")
    for place, letter in enumerate(token[:-1]):  # of the last letter only some bits count
        other = "a" if letter != "a" else "b"
        assert KNOWN.named([f"{name}+{token[:place]}{other}{token[place + 1 :]}@{domain}"]) is None


@pytest.mark.parametrize(
    "address", ["", "bounces", "b+c@example.com", "b c@example.com", "x" * 19 + "@example.com", "@x"]
)
def test_an_address_that_cannot_carry_a_token_is_refused_at_the_start(address: str) -> None:
    with pytest.raises(Misconfigured, match="NOTIFIER_BOUNCE_ADDRESS"):
        ReturnAddress(address, "s")


@pytest.mark.parametrize("letters", [18, 1])
def test_the_longest_address_still_fits(letters: int) -> None:
    assert len(ReturnAddress("x" * letters + "@example.com", "s").of(uuid4()).partition("@")[0]) <= 64


def read(raw: bytes) -> list[tuple[EventKind, Reason]]:
    return [(one.kind, one.reason) for one in bounces.reports(raw, came_to=OURS)]


@pytest.mark.parametrize("kind", ["message/delivery-status", "message/global-delivery-status"])
@pytest.mark.parametrize("within", ["text/rfc822-headers", "message/rfc822", "message/rfc822-headers"])
def test_a_report_of_a_mailbox_that_is_not_there_is_a_bounce(kind: str, within: str) -> None:
    raw = returned.report(
        OURS, "failed", "5.1.1", "smtp; 550 5.1.1 <ana@example.net>: unknown", kind=kind, within=within
    )

    (told,) = bounces.reports(raw, came_to=OURS)

    assert bounces.attempt(raw, KNOWN) == ATTEMPT
    assert (told.kind, told.reason) == ("bounced", "bad-address")
    assert told.detail.startswith("failed 5.1.1 smtp; 550 5.1.1")
    assert told.reported_at == datetime(2026, 11, 23, 7, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("action", "status", "diagnostic", "means"),
    [
        ("failed", "5.1.1", "", ("bounced", "bad-address")),
        ("Failed", "5.1.10", "", ("bounced", "bad-address")),
        ("failed", "5.2.1", "", ("bounced", "bad-address")),
        ("failed", "5.2.2", "", ("bounced", "mailbox-full")),
        ("failed", "5.7.1", "smtp; 550 5.7.1 blocked", ("bounced", "blocked")),
        ("failed", "5.1.8", "", ("bounced", "account")),
        ("failed", "5.4.4", "", ("bounced", "bad-address")),
        ("failed", "5.0.0", "smtp; 550 5.1.1 no such user", ("bounced", "bad-address")),
        ("failed", "5.0.0", "smtp; 550 no such user", ("bounced", "bad-address")),
        ("failed", "5.0.0", "smtp; 554 no", ("bounced", "other")),
        ("failed", "5.0.0", "", ("bounced", "other")),
        ("failed", "", "smtp; 552 5.2.2 over quota", ("bounced", "mailbox-full")),
        ("failed", "9.99.999", "x-notes; strange", ("bounced", "other")),
        ("failed", "4.4.7 (expired)", "", ("undelivered", "unreachable")),
        ("failed", "5.999.999", "", ("bounced", "other")),
        ("delayed", "4.4.1", "", ("deferred", "")),
        ("delayed", "5.1.1", "", ("deferred", "")),
        ("delivered", "2.1.5", "", ("delivered", "")),
        ("relayed", "2.1.9", "", ("sent", "")),
        ("expanded", "2.1.5", "", ("sent", "")),
        ("vanished", "7.7.7", "", ("accepted", "")),
        ("", "5.1.1", "", ("accepted", "")),
    ],
)
def test_what_the_fields_of_a_report_mean(action: str, status: str, diagnostic: str, means: tuple[str, str]) -> None:
    assert delivery(action, status, diagnostic) == means
    assert read(returned.report(OURS, action, status, diagnostic)) == [means]


@pytest.mark.parametrize("envelope", [True, False])
def test_a_complaint_is_matched_by_the_mail_it_complains_of(envelope: bool) -> None:  # noqa: FBT001 - a case
    raw = returned.complaint(OURS, envelope=envelope)

    (told,) = bounces.reports(raw, came_to=OURS)

    assert bounces.attempt(raw, KNOWN) == ATTEMPT
    assert (told.kind, told.reason, told.detail) == ("complained", "spam", "feedback: abuse")
    assert told.reported_at == datetime(2026, 11, 23, 7, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("word", "means"),
    [
        ("abuse", ("complained", "spam")),
        ("Fraud", ("complained", "spam")),
        ("opt-out", ("unsubscribed", "")),
        ("not-spam", ("accepted", "")),
        ("auth-failure", ("accepted", "")),
        ("whatever comes", ("accepted", "")),
        ("", ("accepted", "")),
    ],
)
def test_only_a_complaint_is_a_complaint(word: str, means: tuple[str, str]) -> None:
    assert feedback(word) == means
    assert read(returned.complaint(OURS, word)) == [means]


def test_the_report_of_headers_only_still_tells_whose_it_is() -> None:
    raw = returned.report("postmaster@example.com", "failed", "5.1.1", from_=OURS)

    assert bounces.attempt(raw, KNOWN) == ATTEMPT


def test_the_envelope_goes_before_what_a_mail_says_of_itself() -> None:
    other = uuid4()
    raw = returned.report(KNOWN.of(other), "failed", "5.1.1")

    assert bounces.attempt(raw, KNOWN, recipient=OURS) == ATTEMPT
    assert bounces.attempt(raw, KNOWN) == other


def test_an_out_of_office_note_only_proves_that_the_mail_is_there() -> None:
    assert read(returned.vacation(OURS)) == [("accepted", "")]


def test_the_same_report_again_has_the_same_id_and_another_has_another() -> None:
    def ids(raw: bytes, came_to: str = OURS) -> list[str]:
        return [one.event_id for one in bounces.reports(raw, came_to=came_to)]

    first = returned.report(OURS, "delayed", "4.4.1")

    assert ids(first) == ids(b"Received: again\r\n" + first)
    assert ids(first) != ids(returned.report(OURS, "delayed", "4.4.1", message_id="m2"))
    assert ids(first) != ids(first, KNOWN.of(uuid4()))
    assert len(set(ids(first))) == 1


def test_a_long_mail_is_read_as_far_as_its_report() -> None:
    raw = returned.report(OURS, "failed", "5.1.1", within="message/rfc822") + b"x" * 5 * bounces.LONGEST

    assert bounces.attempt(raw, KNOWN) == ATTEMPT
    assert read(raw) == [("bounced", "bad-address")]


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_torn_report_is_read_or_not_but_never_raises(data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from([returned.report(OURS, "failed", "5.1.1"), returned.complaint(OURS)]))
    at = data.draw(st.integers(0, len(whole)))
    junk = data.draw(st.binary(max_size=40))
    raw = whole[:at] + junk + whole[data.draw(st.integers(at, len(whole))) :]

    bounces.attempt(raw, KNOWN)
    assert bounces.reports(raw, came_to=OURS)


def test_a_sender_that_is_refused_is_not_the_recipients_fault() -> None:
    answer = refusal(550, "5.1.8 sender address rejected")

    assert answer == Refused(reason="account", permanent=False, detail="550 5.1.8")
