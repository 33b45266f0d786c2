"""What Twilio posts: verified fail-closed, read without surprises."""

from urllib.parse import parse_qsl, urlencode
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from notifier.mac import Mac
from notifier.messages.token import make_attempt
from notifier.providers.contract import ForgedHook, Hook
from notifier.providers.transport import Transport
from notifier.providers.twilio.hooks import Fields, signature
from notifier.providers.twilio.messages import Twilio

ATTEMPT = UUID("01890000-0000-7000-8000-000000000001")
_PIECES = st.sampled_from(["To", "=", "&", "%2B", "%3A", "%", "%25", "2B", "3A", ":", "+", "55", "é"])
_FORMS = st.builds(
    lambda written, raw: bytes(written.encode("utf-8", "replace") + raw),
    st.text(alphabet="ab=&+%2C0é;\x00") | st.lists(_PIECES).map("".join) | st.text(),
    st.binary(max_size=8),
)
URL = f"https://aurora.example/hooks/twilio/status/{make_attempt('s', ATTEMPT)}"


def _written(pairs: list[tuple[str, str]]) -> bytes:
    return urlencode(pairs, errors="replace").encode()


def provider(token: str = "12345") -> Twilio:
    return Twilio(
        Transport(),
        account_sid="AC1",
        auth_token=token,
        api_url="https://x",
        sms_from="+1",
        whatsapp_from="+2",
        secret="s",
    )


def hook(fields: dict[str, str], *, url: str = URL, token: str = "12345") -> Hook:
    signature = RequestValidator(token).compute_signature(url, fields)
    return Hook(url=url, headers={"x-twilio-signature": signature}, body=urlencode(fields).encode())


def test_the_vendors_own_vector_is_accepted() -> None:
    fields = {
        "CallSid": "CA1234567890ABCDE", "Digits": "1234", "From": "+14158675309", "To": "+18005551212",
        "Caller": "+14158675309",
    }  # fmt: skip
    signed = Hook(
        url="https://mycompany.com/myapp.php?foo=1&bar=2",
        headers={"x-twilio-signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8="},
        body=urlencode(fields).encode(),
    )

    provider().verify(signed)


def test_empty_and_repeated_fields_are_signed_too() -> None:
    body = b"MediaUrl=b&MediaUrl=a&Empty=&MessageSid=SM1"
    signature = RequestValidator("12345").compute_signature(
        URL, {"Empty": "", "MessageSid": "SM1", "MediaUrl": "aMediaUrlb"}
    )

    provider().verify(Hook(url=URL, headers={"x-twilio-signature": signature}, body=body))


@pytest.mark.parametrize(
    "forged",
    [
        Hook(url=URL, headers={}, body=b"MessageSid=SM1"),
        Hook(url=URL, headers={"x-twilio-signature": ""}, body=b""),
        Hook(url=URL, headers={"x-twilio-signature": "é"}, body=b"\xff\xfe"),
        Hook(url=URL, headers={"x-twilio-signature": "x", "content-type": "application/json"}, body=b'{"a": 1}'),
        Hook(url="http://[bad", headers={"x-twilio-signature": "x"}, body=b"a=b"),
        hook({"MessageSid": "SM1"}, token="other"),
    ],
)
def test_what_is_not_signed_by_us_is_forged(forged: Hook) -> None:
    with pytest.raises(ForgedHook):
        provider().verify(forged)


def test_without_a_token_everything_is_forged() -> None:
    with pytest.raises(ForgedHook):
        provider(token="").verify(hook({"MessageSid": "SM1"}, token=""))


def test_a_report_names_our_attempt_by_the_signed_url() -> None:
    (report,) = provider().reports(hook({"MessageSid": "SM1", "MessageStatus": "undelivered", "ErrorCode": "30005"}))

    assert (report.attempt_id, report.ref, report.kind, report.reason) == (ATTEMPT, "SM1", "undelivered", "bad-address")
    assert report.event_id == "SM1:undelivered:30005"


@pytest.mark.parametrize("status", ["partially_delivered", "teleported"])
def test_a_word_nobody_knows_is_kept_as_unknown(status: str) -> None:
    (report,) = provider().reports(hook({"MessageSid": "SM1", "MessageStatus": status, "ErrorCode": "x"}))

    assert report.kind == "unknown"


def test_an_empty_post_says_nothing() -> None:
    assert provider().reports(hook({})) == []
    assert provider().inbound(hook({})) == []


def test_a_whatsapp_button_answers_with_its_payload() -> None:
    (text,) = provider().inbound(
        hook({
            "MessageSid": "SM2", "From": "whatsapp:+5511999998888", "To": "whatsapp:+2", "Body": "Dez",
            "ButtonPayload": "score-10", "OriginalRepliedMessageSid": "SM1",
        })
    )  # fmt: skip

    assert (text.channel, text.sender, text.text, text.in_reply_to) == (
        "whatsapp", "+5511999998888", "score-10", "SM1",
    )  # fmt: skip


def test_a_stop_that_twilio_answered_itself_is_told() -> None:
    (text,) = provider().inbound(
        hook({"MessageSid": "SM2", "From": "+55119", "To": "+1", "Body": "Stop", "OptOutType": "STOP"})
    )

    assert (text.channel, text.keyword) == ("sms", "stop")


@given(st.lists(st.tuples(st.text(), st.text())).map(_written) | _FORMS, st.text(min_size=1))
def test_what_is_signed_is_what_the_vendors_package_signs(body: bytes, token: str) -> None:
    validator = RequestValidator(token.encode("utf-8", "replace").decode())

    made = signature(Mac(validator.token, "sha1"), URL, body)

    assert made == validator.compute_signature(URL, Fields.read(body))


def test_a_form_of_plain_fields_is_signed_as_any_other() -> None:
    validator, mac = RequestValidator("12345"), Mac(b"12345", "sha1")
    plain = b"To=%2B1&Body2=b&Body=c&Body=a&Body=c&From=whatsapp%3A%2B2&Empty="

    for body in (plain, plain + b"&Alone", plain + b"&a=b=c&Alone", plain + b"&Alone&Alone=", plain + b"&&=x&N=%00"):
        assert signature(mac, URL, body) == validator.compute_signature(URL, Fields.read(body))
    assert signature(mac, URL, b"a=b") != signature(mac, URL, b"a\0b")


@given(_FORMS)
def test_a_form_is_read_as_the_standard_library_reads_it(body: bytes) -> None:
    read = Fields.read(body)

    assert read.pairs == parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)


@pytest.mark.parametrize("signed", [URL, URL.replace("aurora.example", "aurora.example:443")])
def test_an_address_may_be_signed_with_its_port(signed: str) -> None:
    fields = {"MessageSid": "SM1", "MessageStatus": "sent"}
    given_headers = {"x-twilio-signature": RequestValidator("12345").compute_signature(signed, fields)}

    provider().verify(Hook(url=URL, headers=given_headers, body=urlencode(fields).encode()))
