"""The bench tells the truth: its callbacks are believed, its comparison sees a loss, its figures come from a run."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from uuid import uuid4

import msgspec
import pytest

from notifier.bench import feed, place
from notifier.bench.figures import doors, whole
from notifier.bench.outside import callbacks, wire
from notifier.bench.outside.sink import Told
from notifier.intake.events import Event, read
from notifier.messages import token
from notifier.providers.contract import Hook
from notifier.providers.registry import build
from notifier.settings import load

NOON = datetime(2026, 11, 18, 14, tzinfo=UTC)
SECRET = "bench" * 8


def received(raw: bytes) -> Hook:
    """Read a written request as a web process gets it."""
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return Hook(url=f"http://{headers['host']}{first.split()[1]}", headers=headers, body=body)


def test_callbacks_are_signed_as_the_vendors_do() -> None:
    private, public = callbacks.keys()
    providers = build(
        load(place.environment("postgresql://localhost/x", "http://127.0.0.1:1", sendgrid_key=public)), {}
    )
    attempt = uuid4()
    url = f"http://127.0.0.1:9/hooks/twilio/status/{token.make_attempt(SECRET, attempt)}"

    text = received(callbacks.twilio(url, f"SM{attempt.hex}", "delivered", place.TWILIO_TOKEN.encode()))
    [report] = _reports(providers["twilio"], text)
    assert (report.attempt_id, report.kind, report.ref) == (attempt, "delivered", f"SM{attempt.hex}")

    said = callbacks.events(str(attempt), ("processed", "delivered"), "m.recvd-1")
    mail = received(callbacks.sendgrid("http://127.0.0.1:9/hooks/sendgrid/events", said, callbacks.private(private)))
    reports = _reports(providers["sendgrid"], mail)
    assert [(report.attempt_id, report.kind, report.ref) for report in reports] == [
        (attempt, "accepted", "m"),
        (attempt, "delivered", "m"),
    ]


def _reports(provider, hook):  # type: ignore[no-untyped-def]  # of whatever provider
    provider.verify(hook)
    return provider.reports(hook)


def test_triggers_are_the_same_every_time_and_all_are_valid() -> None:
    first, again = (list(feed.triggers(30, at=NOON, first=7)) for _ in range(2))

    assert first == again
    events = [read(raw) for raw in first]
    assert all(isinstance(event, Event) for event in events)
    assert {event.type for event in events if isinstance(event, Event)} == set(feed.TYPES)
    assert [len(batch) for batch in feed.batches(first, 12)] == [12, 12, 6]


def test_a_message_that_never_came_is_lost_and_one_that_came_twice_doubled() -> None:
    one, two, three = uuid4(), uuid4(), uuid4()
    first, second, again = uuid4(), uuid4(), uuid4()
    ledger = {first: one, second: two, again: two}

    assert whole.compare([first, second], ledger, 2) == (0, 0)
    assert whole.compare([first], ledger, 2) == (1, 0)
    assert whole.compare([first, second, again], ledger, 2) == (0, 1)
    assert whole.compare([first, second, three], ledger, 3) == (0, 0)  # not in the ledger: a message of its own


def test_the_sink_remembers_what_it_took() -> None:
    attempt = uuid4()
    with place.sink(Told()) as url:
        body = msgspec.json.encode({"custom_args": {"attempt_id": str(attempt)}})
        statuses = doors.looped(wire.flood(url, [wire.request(f"{url}/v3/mail/send", {}, body)] * 2, connections=2))
        taken = whole.taken(url)

        assert statuses == [202, 202]
        assert [one for one, _ in taken] == [attempt, attempt]

        whole.forget(url)
        assert whole.taken(url) == []


@pytest.mark.fault
def test_a_small_bench_measures_everything() -> None:
    command = [
        sys.executable,
        "-m",
        "notifier",
        "bench",
        "--json",
        "--triggers",
        "100",
        "--bulk",
        "20",
        "--history",
        "500",
    ]
    told = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=300).stdout)

    assert (told["lost"], told["doubled"]) == (0, 0)
    assert told["end_to_end"]["messages"] == 200
    assert set(told["end_to_end"]["by_channel"]) == {"email", "sms", "whatsapp"}
    rates = [told[name]["per_second"] for name in ("end_to_end", "end_to_end_one_worker", "end_to_end_with_callbacks")]
    rates += [one["per_second"] for name in ("intake", "webhooks") for one in told[name].values()]
    assert min(rates) > 0
    assert told["history"]["messages"] >= 500
    assert told["memory_mb"] > 0
