"""What the sandbox keeps, how much of it, and what it counts."""

import threading
from pathlib import Path

import msgspec
import pytest

from notifier.errors import Misconfigured
from notifier.sandbox.app import configured, create
from notifier.sandbox.config import SandboxConfig, generate_key, kept_key, public_key
from notifier.sandbox.records import Message
from notifier.sandbox.store import Store
from notifier.sandbox.tape import Tape
from notifier.sandbox.twilio.segments import segments
from notifier.settings import Settings
from tests.sandbox.conftest import Hooks, served, soon
from tests.sandbox.http import Http


def config(path: Path | None = None, *, keep_messages: int = 100, keep_bytes: int = 1000) -> SandboxConfig:
    return SandboxConfig(
        twilio_account_sid="AC1",
        twilio_auth_token="t",
        sendgrid_api_key="k",
        notifier_url="http://127.0.0.1:1",
        path=path,
        keep_messages=keep_messages,
        keep_bytes=keep_bytes,
    )


def message(number: int, *, html: str = "") -> Message:
    return Message(
        key=f"m{number}",
        provider_id=f"m{number}",
        channel="email",
        person=f"p{number % 2}@example.com",
        business="we@example.com",
        text="Hello",
        html=html,
        received_at=float(number),
        status="queued",
    )


def test_everything_survives_a_restart(tmp_path: Path) -> None:
    first = Store(config(tmp_path / "sandbox.sqlite"))
    for number in range(3):
        first.add(message(number))
    first.change(first.messages["m1"], status="delivered", error_code=None)
    first.forget(first.messages["m2"])
    first.note("opt-outs", "+1 +2", 1.0)
    first.note("bounces", "a@example.com", 1.0)
    first.note("bounces", "a@example.com", None)
    assert first.tape
    first.tape.close()

    again = Store(config(tmp_path / "sandbox.sqlite"))

    assert [(one.key, one.status) for one in again.outbound()] == [("m0", "queued"), ("m1", "delivered")]
    assert again.noted("opt-outs", "+1 +2") == 1.0
    assert again.noted("bounces", "a@example.com") is None
    assert again.tape
    again.tape.close()


def test_emptying_is_kept_and_spares_what_vendors_would_keep(tmp_path: Path) -> None:
    first = Store(config(tmp_path / "sandbox.sqlite"))
    first.note("opt-outs", "+1 +2", 1.0)
    first.add(message(1))
    first.clear()
    assert first.tape
    first.tape.close()

    again = Store(config(tmp_path / "sandbox.sqlite"))

    assert again.outbound() == []
    assert again.noted("opt-outs", "+1 +2") == 1.0
    assert again.tape
    again.tape.close()


def test_memory_is_bounded() -> None:
    store = Store(config(keep_messages=5, keep_bytes=250))

    for number in range(8):
        store.add(message(number, html="x" * 100))

    assert list(store.messages) == ["m3", "m4", "m5", "m6", "m7"]
    assert [bool(one.html) for one in store.messages.values()] == [False, False, False, True, True]
    assert store.messages["m3"].is_thinned
    assert sum(len(theirs) for theirs in store.by_person.values()) == 5


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("ã" * 70, 1),
        ("ã" * 71, 2),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
    ],
)
def test_segments_are_counted_as_carriers_do(text: str, expected: int) -> None:
    assert segments(text) == expected


def test_the_signing_key_is_made_once_and_kept_private(tmp_path: Path) -> None:
    path = tmp_path / "sandbox.key"

    made = kept_key(path)

    assert kept_key(path) == made
    assert path.stat().st_mode & 0o077 == 0
    assert public_key(made).startswith("MFkw")


def test_settings_are_read_as_the_notifier_reads_them(tmp_path: Path) -> None:
    key = generate_key()
    (tmp_path / "demo.json").write_bytes(msgspec.json.encode({"sendgrid_private_key": key}))

    read = configured(Settings(var=tmp_path, sendgrid_api_key="SG.x", public_url="http://127.0.0.1:8000/"))

    assert (read.sendgrid_private_key, read.notifier_url) == (key, "http://127.0.0.1:8000")
    with pytest.raises(Misconfigured, match="NOTIFIER_TWILIO_ACCOUNT_SID"):
        configured(Settings(var=tmp_path))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8000/hooks", True),
        ("http://localhost/hooks", True),
        ("http://10.0.0.1/hooks", False),
        ("https://example.com/", False),
        ("file:///etc/passwd", False),
        ("http://[", False),
    ],
)
def test_only_this_machine_is_called(url: str, expected: bool) -> None:  # noqa: FBT001 - a table of cases
    assert config().may_call(url) is expected


def test_what_was_on_its_way_arrives_after_a_restart(hooks: Hooks, tmp_path: Path) -> None:
    kept = msgspec.structs.replace(config(tmp_path / "sandbox.sqlite"), notifier_url=hooks.url)
    before = Store(kept)
    before.add(message(1))
    assert before.tape
    before.tape.close()

    with served(create(kept)) as url, Http(url) as sandbox:
        soon(lambda: sandbox.get("/api/messages").json[0]["status"] == "delivered")

    assert hooks.on("/hooks/sendgrid/events")


def test_a_tape_is_not_closed_under_a_thread_that_writes(tmp_path: Path) -> None:
    for turn in range(20):
        tape = Tape(tmp_path / f"{turn}.sqlite")
        for number in range(2000):
            tape.write("message", number)
        writing = threading.Thread(target=tape.flush)

        writing.start()
        tape.close()
        writing.join()

        again = Tape(tmp_path / f"{turn}.sqlite")
        assert sum(1 for _ in again.read()) == 2000
        again.close()
