"""The doors: triggers in batches and one by one, and providers' callbacks, each answered after its commit."""

import asyncio
import socket
import time
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar
from uuid import UUID

import uvloop
from msgspec import Struct
from sqlalchemy import text

from notifier.api.triggers import BATCH, SINGLE
from notifier.bench import feed
from notifier.bench.figures import whole
from notifier.bench.outside import callbacks, wire
from notifier.bench.place import TWILIO_TOKEN
from notifier.house import House
from notifier.messages import token
from notifier.staff import keys

BATCHES_AT_ONCE = 4
SINGLES_AT_ONCE = 128
EVENTS_IN_A_POST = 100
"""SendGrid's posts carry what has gathered for a moment: some hundred events at this pace."""

T = TypeVar("T")


class Door(Struct, frozen=True, kw_only=True):
    """Things a second, each durable before it was answered; `floor`: the same bytes, answered at once by the sink."""

    per_second: float
    floor: float


class Doors(Struct, frozen=True, kw_only=True):
    """What the web process takes in."""

    batches: Door
    singles: Door
    events: Door
    """SendGrid's, in signed posts."""
    status_callbacks: Door
    """Twilio's, each a signed request of its own."""


def free_port() -> int:
    """Return a port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_open(port: int) -> None:
    """Wait until a web process listens."""
    end = time.perf_counter() + 60
    while time.perf_counter() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise whole.Stuck("The web process did not start within a minute.")


def measure(
    house: House, sink_url: str, web_url: str, *, sendgrid_key: str, raws: Sequence[bytes], singles: int
) -> Doors:
    """Knock at every door; `raws` are triggers of known customers nobody has handed in, `singles` go one by one."""
    with house.database.begin() as db:
        key = keys.add(db, "bench")[1]
        attempts = db.execute(text("SELECT id, ref, provider FROM attempts ORDER BY id LIMIT 20000")).all()
    door = f"{web_url}/api/v1/triggers"
    headers = {"Authorization": f"Bearer {key}"}
    alone, together = raws[:singles], raws[singles:]
    batches = [
        wire.request(door, {**headers, "Content-Type": BATCH}, b"[" + b",".join(batch) + b"]")
        for batch in feed.batches(together)
    ]
    single = [wire.request(door, {**headers, "Content-Type": SINGLE}, one) for one in alone]
    mails = [row.id for row in attempts if row.provider == "sendgrid"]
    texts = [(row.id, row.ref) for row in attempts if row.provider == "twilio"]
    events = _events(f"{web_url}/hooks/sendgrid/events", mails, sendgrid_key)
    status = _status(f"{web_url}/hooks/twilio/status", texts, house.secret)
    return Doors(
        batches=_door(web_url, sink_url, batches, BATCHES_AT_ONCE, of=len(together)),
        singles=_door(web_url, sink_url, single, SINGLES_AT_ONCE, of=len(alone)),
        events=_door(web_url, sink_url, events, BATCHES_AT_ONCE, of=len(mails)),
        status_callbacks=_door(web_url, sink_url, status, SINGLES_AT_ONCE, of=len(texts)),
    )


def _events(url: str, attempts: Sequence[UUID], key: str) -> list[bytes]:
    signing = callbacks.private(key)
    events = [event for one in attempts for event in callbacks.events(str(one), ["delivered"], one.hex)]
    cut = range(0, len(events), EVENTS_IN_A_POST)
    return [callbacks.sendgrid(url, events[start : start + EVENTS_IN_A_POST], signing) for start in cut]


def _status(url: str, attempts: Sequence[tuple[UUID, str]], secret: str) -> list[bytes]:
    return [
        callbacks.twilio(f"{url}/{token.make_attempt(secret, attempt)}", ref, "delivered", TWILIO_TOKEN.encode())
        for attempt, ref in attempts
    ]


def _door(url: str, sink_url: str, requests: Sequence[bytes], connections: int, *, of: int) -> Door:
    begun = time.perf_counter()
    statuses = looped(wire.flood(url, requests, connections=connections))
    seconds = time.perf_counter() - begun
    if wrong := [status for status in statuses if status >= 300]:
        raise whole.Stuck(
            f"{len(wrong)} of {len(statuses)} requests were not taken; the first was answered {wrong[0]}."
        )
    begun = time.perf_counter()
    looped(wire.flood(sink_url, requests, connections=connections))
    return Door(per_second=of / seconds, floor=of / (time.perf_counter() - begun))


def looped(work: Coroutine[Any, Any, T]) -> T:
    """Run it on a loop of its own, the fastest there is."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)
