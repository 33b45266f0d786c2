"""What SendGrid posts: signed events, and mail people wrote."""

import base64
from time import process_time
from uuid import UUID

import msgspec
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from notifier.providers.contract import ForgedHook, Hook
from notifier.providers.sendgrid.mails import SendGrid, reply_address
from notifier.providers.transport import Transport

ATTEMPT = UUID("01890000-0000-7000-8000-000000000001")
PRIVATE = ec.generate_private_key(ec.SECP256R1())
KEY = base64.b64encode(
    PRIVATE.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
).decode()
OTHER = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc"
    "6wEA3F+g=="
)


def provider(keys: str) -> SendGrid:
    return SendGrid(
        Transport(),
        api_key="SG.x",
        api_url="https://x",
        webhook_keys=keys,
        email_from="a@b.example",
        reply_to="r@b.example",
    )


def signed(body: bytes) -> Hook:
    signature = base64.b64encode(PRIVATE.sign(b"1700000000" + body, ec.ECDSA(hashes.SHA256()))).decode()
    return Hook(
        url="https://x",
        headers={
            "x-twilio-email-event-webhook-signature": signature,
            "x-twilio-email-event-webhook-timestamp": "1700000000",
        },
        body=body,
    )


def read(**event: object) -> tuple[str, str]:
    (report,) = provider(KEY).reports(signed(msgspec.json.encode([{"sg_event_id": "e", **event}])))
    return report.kind, report.reason


def test_while_a_key_is_replaced_both_are_good() -> None:
    provider(f"{OTHER}, {KEY}").verify(signed(b"[]\r\n"))


@pytest.mark.parametrize("keys", ["", OTHER, "nonsense"])
def test_without_the_right_key_it_is_forged(keys: str) -> None:
    with pytest.raises(ForgedHook):
        provider(keys).verify(signed(b"[]"))


@pytest.mark.parametrize("headers", [{}, {"x-twilio-email-event-webhook-signature": "%%"}])
def test_without_a_signature_it_is_forged(headers: dict[str, str]) -> None:
    with pytest.raises(ForgedHook):
        provider(KEY).verify(Hook(url="https://x", headers=headers, body=b"\xff"))


def test_a_changed_byte_is_forged() -> None:
    hook = signed(b'[{"event": "open"}]')

    with pytest.raises(ForgedHook):
        provider(KEY).verify(msgspec.structs.replace(hook, body=hook.body.replace(b"open", b"0pen")))


def test_events_are_read_in_our_words() -> None:
    assert read(event="processed") == ("accepted", "")
    assert read(event="bounce", type="bounce", status="5.1.1") == ("bounced", "bad-address")
    assert read(event="bounce", type="bounce", status="5.2.2") == ("bounced", "mailbox-full")
    assert read(event="bounce", type="blocked") == ("undelivered", "blocked")
    assert read(event="dropped", reason="Bounced Address") == ("refused", "suppressed")
    assert read(event="spamreport") == ("complained", "spam")
    assert read(event="open", sg_machine_open=True) == ("delivered", "")
    assert read(event="account_status_change") == ("unknown", "")


def test_an_event_carries_our_attempt_and_the_first_part_of_its_id() -> None:
    event = {"event": "delivered", "attempt_id": str(ATTEMPT), "sg_message_id": "abc.filter01", "timestamp": 1700000000}

    first, again = (provider(KEY).reports(signed(msgspec.json.encode([event])))[0] for _ in range(2))

    assert (first.attempt_id, first.ref) == (ATTEMPT, "abc")
    assert first.event_id == again.event_id


_WORDS = st.sampled_from(["delivered", "bounce", "dropped", "open", "other", ""]) | st.text(max_size=3)
_ODD = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9)
)
_FIELDS = {
    "sg_event_id": st.text(max_size=3),
    "sg_message_id": st.sampled_from(["abc.filter01", ".", "abc"]),
    "attempt_id": st.sampled_from([str(ATTEMPT), ATTEMPT.hex, "", "1"]),
    "timestamp": st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    "type": st.sampled_from(["blocked", "bounce"]),
    "status": st.sampled_from(["5.1.1", "5.2.2", "5.7.1", ""]),
    "reason": st.sampled_from(["Bounced Address", "Invalid", ""]),
    "sg_machine_open": st.booleans(),
}


@given(
    st.lists(st.fixed_dictionaries({"event": _WORDS}, optional=_FIELDS)),
    st.fixed_dictionaries({"event": _WORDS}, optional={name: given | _ODD for name, given in _FIELDS.items()}),
)
def test_what_is_odd_changes_nothing_beside_it(events: list[dict[str, object]], odd: dict[str, object]) -> None:
    read = provider(KEY).reports

    alone = [report for event in events for report in read(signed(msgspec.json.encode([event])))]

    together = read(signed(msgspec.json.encode([*events, odd, {"event": 5}])))
    assert together[: len(alone)] == alone
    assert together[-1].kind == "unknown"


@pytest.mark.parametrize("body", [b"", b"{}", b"[1, null]", b'[{"event": 5, "timestamp": 1e99}]', b'"x"', b"\xff"])
def test_nonsense_raises_nothing(body: bytes) -> None:
    provider(KEY).reports(signed(body))


def posted(fields: dict[str, bytes]) -> Hook:
    parts = b"".join(
        b'--xyz\r\nContent-Disposition: form-data; name="' + name.encode() + b'"\r\n\r\n' + value + b"\r\n"
        for name, value in fields.items()
    )
    return Hook(
        url="https://x", headers={"content-type": "multipart/form-data; boundary=xyz"}, body=parts + b"--xyz--\r\n"
    )


def test_an_answer_by_mail_names_the_attempt_it_answers() -> None:
    (mail,) = provider(KEY).inbound(
        posted({
            "headers": b"Message-ID: <1@x>\r\nSubject: Re",
            "from": b"Ana <Ana@Example.com>",
            "envelope": msgspec.json.encode({"to": [reply_address("r@b.example", ATTEMPT)], "from": "ana@example.com"}),
            "text": "Não quero mais".encode("latin-1"),
            "charsets": b'{"text": "iso-8859-1"}',
        })
    )  # fmt: skip

    assert (mail.sender, mail.text, mail.in_reply_to) == ("ana@example.com", "Não quero mais", str(ATTEMPT))
    assert (mail.event_id, mail.is_automatic) == ("<1@x>", False)


def test_an_out_of_office_is_automatic() -> None:
    (mail,) = provider(KEY).inbound(
        posted(
            {"headers": b"Auto-Submitted: auto-replied", "from": b"a@x.example", "to": b"r@b.example", "text": b"away"}
        )
    )

    assert mail.is_automatic


def test_a_mail_of_markup_alone_is_read_without_it_and_in_no_time() -> None:
    html = b"<p>Yes, <b>please</b></p><style>p { color: red }</style>" + b"<style " * 20_000
    began = process_time()

    (mail,) = provider(KEY).inbound(posted({"from": b"a@x.example", "to": b"r@b.example", "html": html}))

    assert mail.text.split() == ["Yes,", "please"]
    assert process_time() - began < 1
