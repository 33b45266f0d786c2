"""The doors for providers: what the vendors' own packages sign is kept, anything else is not."""

import base64
import hashlib
import hmac
from collections.abc import Iterator
from urllib.parse import urlencode
from uuid import uuid4

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from litestar import Litestar
from litestar.testing import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from twilio.request_validator import RequestValidator

from notifier.api.parts import Parts
from notifier.api.routes import create
from notifier.db import Database
from notifier.messages.token import make_attempt
from notifier.providers import registry
from notifier.providers.contract import ATTEMPT
from notifier.settings import Settings
from notifier.tracking.models import HookSet
from tests.tracking.support import kept, queue

Vendor = TestClient[Litestar]
PUBLIC = "https://notify.example/sub"
FORM = {"content-type": "application/x-www-form-urlencoded"}
SECRET = "s3cret"
FURTHER = {
    "twilio-br": {"kind": "twilio", "account_sid": "AC2", "auth_token": "other token", "sms_from": "+55"},
    "zap": {
        "kind": "json",
        "url": "https://zap.example",
        "body": {"to": "{to}", "text": "{text}", "hook": "{callback_url}"},
        "callback": {"header": "X-Zap", "secret": "zap key", "status": "s", "statuses": {"ok": "delivered"}},
    },
}
DELIVERED = {"MessageSid": "SM1", "MessageStatus": "delivered", "To": "+1 & ção", "ErrorCode": ""}


@pytest.fixture(scope="module")
def key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def vendor(database: Database, key: ec.EllipticCurvePrivateKey) -> Iterator[Vendor]:
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    settings = Settings(
        public_url=PUBLIC,
        secret_key=SECRET,
        twilio_account_sid="AC1",
        twilio_auth_token="token",
        sendgrid_api_key="SG.x",
        sendgrid_webhook_key=base64.b64encode(public).decode(),
        sendgrid_inbound_secret="parse-secret",
        providers=msgspec.json.encode(FURTHER).decode(),
    )
    parts = Parts(database=database, settings=settings, secret=SECRET, providers=registry.build(settings))
    with TestClient(Litestar(create(parts)), raise_server_exceptions=False) as client:
        yield client


def twilio(
    client: Vendor, path: str, fields: dict[str, str], *, token: str = "token", body: bytes | None = None
) -> int:
    signature = RequestValidator(token).compute_signature(PUBLIC + path, fields)
    headers = {**FORM, "x-twilio-signature": signature}
    return client.post(path, content=urlencode(fields).encode() if body is None else body, headers=headers).status_code


def sendgrid(client: Vendor, key: ec.EllipticCurvePrivateKey, body: bytes, *, sent: bytes | None = None) -> int:
    stamp = "1700000000"
    signature = base64.b64encode(key.sign(stamp.encode() + body, ec.ECDSA(SHA256()))).decode()
    headers = {
        "content-type": "application/json",
        "x-twilio-email-event-webhook-signature": signature,
        "x-twilio-email-event-webhook-timestamp": stamp,
    }
    return client.post("/hooks/sendgrid/events", content=body if sent is None else sent, headers=headers).status_code


def doors(db: Session) -> list[tuple[str, str]]:
    """Tell by whose door of what kind each set of callbacks came in."""
    return [(row.provider, row.kind) for row in db.scalars(select(HookSet).order_by(HookSet.id))]


def test_a_signed_status_is_kept_raw_with_the_attempt_its_address_names(vendor: Vendor, db: Session) -> None:
    attempt = uuid4()

    status = twilio(vendor, f"/hooks/twilio/status/{make_attempt(SECRET, attempt)}", DELIVERED)

    (hook,) = kept(db)
    assert status == 200
    assert (doors(db), queue(db)) == ([("twilio", "status")], ["pending"])
    assert hook.body == urlencode(DELIVERED).encode()
    assert hook.headers[ATTEMPT] == str(attempt)


def test_each_account_has_a_door_of_its_own_and_a_key_of_its_own(vendor: Vendor, db: Session) -> None:
    attempt = uuid4()
    path = f"/hooks/twilio-br/status/{make_attempt(SECRET, attempt)}"

    right = twilio(vendor, path, DELIVERED, token="other token")
    wrong = twilio(vendor, path, DELIVERED, token="token")
    nobody = twilio(vendor, path.replace("-br", "-us"), DELIVERED, token="other token")

    (hook,) = kept(db)
    assert (right, wrong, nobody) == (200, 403, 404)
    assert (doors(db), hook.headers[ATTEMPT]) == ([("twilio-br", "status")], str(attempt))
    assert "twilio-us" not in vendor.get("/metrics").text


def test_a_gateways_reports_are_verified_as_configured(vendor: Vendor, db: Session) -> None:
    attempt, body = uuid4(), b'{"s": "ok"}'
    signed = {"X-Zap": hmac.new(b"zap key", body, hashlib.sha256).hexdigest()}

    named = vendor.post(f"/hooks/zap/status/{make_attempt(SECRET, attempt)}", content=body, headers=signed)
    listed = vendor.post("/hooks/zap/events", content=body, headers=signed)
    forged = vendor.post("/hooks/zap/events", content=body + b" ", headers=signed)

    assert [named.status_code, listed.status_code, forged.status_code] == [200, 200, 403]
    assert doors(db) == [("zap", "status")] * 2
    assert [hook.headers.get(ATTEMPT) for hook in kept(db)] == [str(attempt), None]


def test_a_status_signed_by_another_or_at_another_address_is_refused(vendor: Vendor, db: Session) -> None:
    right = f"/hooks/twilio/status/{make_attempt(SECRET, uuid4())}"
    strange = f"/hooks/twilio/status/{make_attempt('other', uuid4())}"

    statuses = [
        twilio(vendor, right, DELIVERED, token="stolen"),
        twilio(vendor, right, DELIVERED, body=b"MessageSid=SM1&MessageStatus=failed"),
        twilio(vendor, strange, DELIVERED),
        twilio(vendor, "/hooks/twilio/status/x", DELIVERED),
        vendor.post(right, content=b"", headers=FORM).status_code,
        vendor.post(right, content=b"\xff\x00", headers=[("x-twilio-signature", b"\xe9")]).status_code,
    ]

    assert statuses == [403] * 6
    assert kept(db) == []
    assert "notifier_hooks_forged_total" in vendor.get("/metrics").text


def test_a_stranger_cannot_name_the_attempt_by_a_header(vendor: Vendor, db: Session) -> None:
    fields = {"MessageSid": "SM9", "From": "+1555", "To": "+1666", "Body": "hi"}
    signature = RequestValidator("token").compute_signature(f"{PUBLIC}/hooks/twilio/inbound", fields)

    vendor.post("/hooks/twilio/inbound", data=fields, headers={"x-twilio-signature": signature, ATTEMPT: str(uuid4())})

    assert ATTEMPT not in kept(db)[0].headers


def test_an_inbound_text_is_answered_with_empty_markup(vendor: Vendor, db: Session) -> None:
    fields = {"MessageSid": "SM2", "From": "whatsapp:+5511", "To": "whatsapp:+1", "Body": "não 🙏", "NumMedia": "0"}
    signature = RequestValidator("token").compute_signature(f"{PUBLIC}/hooks/twilio/inbound", fields)

    answer = vendor.post("/hooks/twilio/inbound", data=fields, headers={"x-twilio-signature": signature})

    assert answer.status_code == 200
    assert answer.text.endswith("<Response/>")
    assert answer.headers["content-type"].startswith("text/xml")
    assert doors(db) == [("twilio", "inbound")]


def test_signed_events_are_kept_and_a_flipped_byte_is_refused(
    vendor: Vendor, db: Session, key: ec.EllipticCurvePrivateKey
) -> None:
    body = msgspec.json.encode([{"event": "delivered", "sg_event_id": "e"}]) + b"\r\n"

    right = sendgrid(vendor, key, body)
    wrong = sendgrid(vendor, key, body, sent=body.replace(b"delivered", b"deliverex"))
    other = sendgrid(vendor, ec.generate_private_key(ec.SECP256R1()), body)

    assert (right, wrong, other) == (200, 403, 403)
    assert [hook.body for hook in kept(db)] == [body]


def test_mail_is_taken_at_the_secret_address_only(vendor: Vendor, db: Session) -> None:
    right = vendor.post("/hooks/sendgrid/inbound/parse-secret", files={"from": (None, "a@b.example")})
    wrong = vendor.post("/hooks/sendgrid/inbound/parse-secreT", files={"from": (None, "a@b.example")})

    (hook,) = kept(db)
    assert (right.status_code, wrong.status_code) == (200, 403)
    assert "parse-secret" not in hook.url
    assert hook.headers["content-type"].startswith("multipart/form-data")


def test_too_large_a_body_is_refused(vendor: Vendor, db: Session) -> None:
    answer = vendor.post("/hooks/twilio/inbound", content=b"a" * 300_000, headers=FORM)

    assert answer.status_code == 413
    assert kept(db) == []


def test_without_the_database_the_vendor_is_asked_to_come_again(key: ec.EllipticCurvePrivateKey) -> None:
    settings = Settings(public_url=PUBLIC, twilio_account_sid="AC1", twilio_auth_token="token", secret_key=SECRET)
    away = Database("postgresql://postgres@127.0.0.1:1/nowhere")
    parts = Parts(database=away, settings=settings, secret=SECRET, providers=registry.build(settings))

    with TestClient(Litestar(create(parts)), raise_server_exceptions=False) as client:
        status = twilio(client, "/hooks/twilio/inbound", DELIVERED)

    assert status == 503


def test_a_vendor_that_is_not_configured_fails_closed(database: Database) -> None:
    parts = Parts(database=database, settings=Settings(), secret=SECRET, providers={})

    with TestClient(Litestar(create(parts)), raise_server_exceptions=False) as client:
        statuses = [client.post(f"/hooks/{path}").status_code for path in ("twilio/inbound", "sendgrid/events")]
        statuses.append(client.post("/hooks/sendgrid/inbound/x").status_code)

    assert statuses == [404, 404, 404]
