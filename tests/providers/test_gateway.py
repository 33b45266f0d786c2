"""A gateway that configuration describes: what it is asked, what its answers and reports mean, and no surprises."""

import asyncio
import hashlib
import hmac
from base64 import b64encode
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.messages.token import make_attempt
from notifier.providers.configured import read
from notifier.providers.contract import (
    Accepted,
    Email,
    ForgedHook,
    Hook,
    Html,
    NotSent,
    Outcome,
    Outgoing,
    Provider,
    Refused,
    StatusReport,
    Text,
    Unknown,
)
from notifier.providers.gateway.texts import Gateway
from notifier.providers.gateway.words import AnswerShape, outcome
from notifier.providers.transport import Answer, Transport
from notifier.settings import Settings

ATTEMPT = UUID("01890000-0000-7000-8000-000000000001")
SETTINGS = Settings(secret_key="s3cret")
TOKEN = make_attempt("s3cret", ATTEMPT)
ENTRY: dict[str, Any] = {
    "kind": "json",
    "url": "http://127.0.0.1:1/sms",
    "from": "Aurora",
    "headers": {"Authorization": "env:ZAP", "Idempotency-Key": "{attempt}"},
    "body": {
        "messages": [{"to": "{to_digits}", "from": "{from}", "text": "{text}", "hook": "{callback_url}"}],
        "priority": 1,
        "both": "{to}/{attempt}",
    },
    "answer": {
        "id": "messages.0.id",
        "code": "messages.0.code",
        "codes": {"0": "accepted", "4": "refused:bad-address", "Slow": "unsent:pacing", "7": "refused", "8": "unknown"},
        "statuses": {"402": "unsent:account", "503": "unsent"},
    },
    "callback": {
        "header": "X-Zap-Signature",
        "secret": "env:ZAP",
        "prefix": "sha256=",
        "events": "results",
        "id": "messageId",
        "attempt": "reference",
        "status": "status.name",
        "event_id": "reportId",
        "statuses": {"DELIVRD": "delivered", "UNDELIV": "undelivered:unreachable", "0": "sent"},
    },
}


def gateway(transport: Transport | None = None, **changed: Any) -> Provider:
    entry = {name: value for name, value in (ENTRY | changed).items() if value is not None}
    settings = Settings(secret_key="s3cret", providers=msgspec.json.encode({"zap": entry}).decode())
    return read(settings, {"ZAP": "the key"}).added["zap"].build("zap", transport or Transport(), SETTINGS)


def outgoing(text: str = 'Olá, {to}: {callback_url} \\ "R$ 10"') -> Outgoing:
    return Outgoing(
        attempt_id=ATTEMPT,
        channel="sms",
        to="+5511961234567",
        content=Text(text=text),
        callback_url=f"https://aurora.example/sub/hooks/zap/status/{TOKEN}",
    )


def test_every_blank_is_filled_once() -> None:
    provider = gateway()
    assert isinstance(provider, Gateway)

    headers, body = provider.request(outgoing())

    assert headers["Authorization"] == "the key"
    assert headers["Idempotency-Key"] == str(ATTEMPT)
    assert body == {
        "messages": [
            {
                "to": "5511961234567",
                "from": "Aurora",
                "text": 'Olá, {to}: {callback_url} \\ "R$ 10"',
                "hook": f"https://aurora.example/sub/hooks/zap/status/{TOKEN}",
            }
        ],
        "priority": 1,
        "both": f"+5511961234567/{ATTEMPT}",
    }


def test_only_texts_go_by_a_gateway() -> None:
    provider = gateway()
    assert isinstance(provider, Gateway)
    mail = Outgoing(
        attempt_id=ATTEMPT, channel="email", to="a@b.example", content=Email(subject="", text="", html=Html.of(""))
    )

    assert provider.can.channels == ("sms",)
    with pytest.raises(TypeError):
        provider.request(mail)


async def exchanged(said: bytes) -> tuple[bytes, Outcome]:
    """Send one text to a gateway that answers `said`; return what it heard and what was made of the answer."""
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        heard.append(head + await reader.readexactly(length))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (len(said), said))
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    transport = Transport()
    provider = gateway(transport, url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v2/sms")
    try:
        told = await provider.send(outgoing())
    finally:
        await transport.close()
        server.close()
    return heard[0], told


def test_a_call_goes_out_as_described_and_its_answer_is_read() -> None:
    heard, told = asyncio.run(exchanged(b'{"messages": [{"id": 12, "code": 0}]}'))

    head, _, body = heard.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v2/sms HTTP/1.1")
    assert b"authorization: the key" in head.lower()
    assert msgspec.json.decode(body)["messages"][0]["to"] == "5511961234567"
    assert told == Accepted(ref="12")


def test_nobody_listening_is_surely_unsent() -> None:
    assert isinstance(asyncio.run(gateway().send(outgoing())), NotSent)


HOW = msgspec.convert(ENTRY["answer"], AnswerShape)


def answered(status: int, said: object = None, **headers: str) -> Outcome:
    return outcome(Answer(status, headers, b"" if said is None else msgspec.json.encode(said)), HOW)


def one(code: object, **more: object) -> dict[str, object]:
    return {"messages": [{"code": code, **more}]}


def test_an_accepted_text_has_the_gateways_id() -> None:
    assert answered(200, one(0, id="m-1")) == Accepted(ref="m-1")
    assert answered(202, one("0", id=17)) == Accepted(ref="17")
    assert answered(200, one(0)) == Unknown(detail="HTTP 200, code 0: no id in the answer")


def test_a_listed_code_goes_before_the_status() -> None:
    assert answered(200, one(4)) == Refused(reason="bad-address", permanent=True, detail="HTTP 200, code 4")
    assert answered(500, one(7)) == Refused(reason="other", permanent=False, detail="HTTP 500, code 7")
    assert answered(200, one("SLOW")) == NotSent(reason="pacing", detail="HTTP 200, code SLOW")
    assert answered(400, one(8)) == Unknown(detail="HTTP 400, code 8")


def test_a_listed_status_goes_before_the_usual_meaning() -> None:
    assert answered(402) == NotSent(retry_after=60.0, reason="account", detail="HTTP 402")
    assert answered(503) == NotSent(reason="unreachable", detail="HTTP 503")


@pytest.mark.parametrize(
    ("status", "kind"),
    [(200, Unknown), (299, Unknown), (302, Unknown), (400, Refused), (401, NotSent), (404, NotSent), (408, Unknown),
     (422, Refused), (429, NotSent), (500, Unknown), (504, Unknown), (100, Unknown), (599, Unknown)],
)  # fmt: skip
@pytest.mark.parametrize("said", [None, one(999999), one(None), one({"deep": []}), [], "text", {"messages": {}}, 1e400])
def test_a_code_nobody_listed_is_classed_by_the_status_and_is_no_yes(
    status: int, kind: type[Outcome], said: object
) -> None:
    told = answered(status, said)

    assert isinstance(told, kind)


def test_too_fast_waits_as_long_as_asked() -> None:
    assert answered(429, None, **{"retry-after": "7"}) == NotSent(retry_after=7.0, reason="pacing", detail="HTTP 429")


def test_without_codes_a_success_is_a_yes() -> None:
    assert outcome(Answer(204, {}, b""), AnswerShape()) == Accepted(ref="")


@given(body=st.one_of(st.binary(max_size=60), st.just(b"[" * 100_000), st.just(b'{"messages":' * 50_000)))
def test_no_answer_raises(body: bytes) -> None:
    assert isinstance(outcome(Answer(200, {}, body), HOW), Unknown)


def hook(body: bytes, url: str = "https://aurora.example/hooks/zap/events", **headers: str) -> Hook:
    signed = "sha256=" + hmac.new(b"the key", body, hashlib.sha256).hexdigest()
    return Hook(url=url, headers={"x-zap-signature": signed} | headers, body=body)


def reports(said: object, provider: Provider | None = None, **how: str) -> list[StatusReport]:
    return (provider or gateway()).reports(hook(msgspec.json.encode(said), **how))


def test_only_what_is_signed_is_believed() -> None:
    right = hook(b"{}")
    wrong = [
        hook(b"{}", **{"x-zap-signature": ""}),
        hook(b"{}", **{"x-zap-signature": "sha256="}),
        hook(b"{}", **{"x-zap-signature": right.headers["x-zap-signature"].removeprefix("sha256=")}),
        hook(b"{}", **{"x-zap-signature": "\u00e9"}),
        Hook(url=right.url, headers=right.headers, body=b"{ }"),
        Hook(url=right.url, headers={}, body=b"{}"),
    ]

    gateway().verify(right)
    for one_wrong in wrong:
        with pytest.raises(ForgedHook):
            gateway().verify(one_wrong)


def test_without_a_secret_nothing_is_believed() -> None:
    silent = gateway(callback=None, body={"to": "{to}", "text": "{text}"})

    assert not silent.can.reports_delivery
    assert silent.reports(hook(b"{}")) == []
    with pytest.raises(ForgedHook):
        silent.verify(hook(b"{}"))


@pytest.mark.parametrize(
    ("encoding", "algorithm", "made"),
    [
        ("base64", "sha1", lambda body: b64encode(hmac.new(b"the key", body, hashlib.sha1).digest()).decode()),
        ("hex", "sha512", lambda body: hmac.new(b"the key", body, hashlib.sha512).hexdigest()),
    ],
)
def test_a_signature_may_be_made_in_other_ways(encoding: str, algorithm: str, made: Callable[[bytes], str]) -> None:
    callback = ENTRY["callback"] | {"encoding": encoding, "algorithm": algorithm, "prefix": ""}

    gateway(callback=callback).verify(hook(b"[1]", **{"x-zap-signature": made(b"[1]")}))


def test_reports_are_read_in_our_words() -> None:
    other = uuid4()
    told = reports(
        {
            "results": [
                {"messageId": 12, "status": {"name": "DELIVRD"}, "reportId": "r1", "reference": str(other)},
                {"messageId": "m2", "status": {"name": "undeliv"}},
                {"messageId": "m3", "status": {"name": 0}},
                {"messageId": "m4", "status": {"name": "EATEN BY THE DOG"}},
                {"status": "flat"},
                "not an object",
            ]
        }
    )

    assert [(one.ref, one.kind, one.reason) for one in told] == [
        ("12", "delivered", ""),
        ("m2", "undelivered", "unreachable"),
        ("m3", "sent", ""),
        ("m4", "unknown", ""),
        (None, "unknown", ""),
    ]
    assert (told[0].event_id, told[0].attempt_id) == ("r1", other)
    assert len({one.event_id for one in told}) == 5


def test_the_address_a_report_comes_to_names_its_attempt() -> None:
    said = {"results": [{"status": {"name": "DELIVRD"}, "reference": str(uuid4())}]}

    (told,) = reports(said, url=f"https://aurora.example/hooks/zap/status/{TOKEN}")

    assert told.attempt_id == ATTEMPT


def test_a_report_may_be_the_whole_body_or_a_list_of_them() -> None:
    provider = gateway(callback={name: value for name, value in ENTRY["callback"].items() if name != "events"})
    report = {"messageId": "m", "status": {"name": "DELIVRD"}}

    assert [one.kind for one in reports(report, provider)] == ["delivered"]
    assert [one.kind for one in reports([report, report], provider)] == ["delivered", "delivered"]


def test_a_report_without_an_id_is_told_by_its_content() -> None:
    report = {"messageId": "m", "status": {"name": "DELIVRD"}}
    first, again = reports({"results": [report]}), reports({"results": [dict(reversed(report.items()))]})

    assert first[0].event_id == again[0].event_id


@given(body=st.binary(max_size=80))
def test_no_report_raises(body: bytes) -> None:
    assert gateway().reports(hook(body)) == []
