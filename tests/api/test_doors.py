"""The two busy doors: what the framework checks is checked there too, and trouble of all kinds comes to no harm."""

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import msgspec
import psycopg
import pytest
from litestar import Litestar
from psycopg import sql
from sqlalchemy import text

from notifier.api import triggers
from notifier.api.keys import Keys, WrongKey
from notifier.api.parts import Parts
from notifier.api.routes import create, doors
from notifier.asgi import Front
from notifier.catalog.types import TYPES
from notifier.db import Database
from notifier.settings import Settings
from notifier.staff import keys
from tests.api.knocking import Asked, Told, ask
from tests.tracking.support import FakeProvider, kept

SIGNED = {"x-twilio-signature": "right"}
POISON = b'"poison"'


class Web:
    """A web process over a database that really commits: `front` as it is served, `behind` as the framework has it."""

    def __init__(self, database: Database) -> None:
        settings = Settings(public_url="https://notify.example")
        providers = {"twilio": FakeProvider(), "sendgrid": FakeProvider()}
        parts = Parts(database=database, settings=settings, secret="s3cret", providers=providers)
        self.database = database
        shared = doors(parts)
        self.behind = Litestar(create(parts, shared))
        self.front: Front = shared.before(self.behind)
        with database.begin() as db:
            self.key = keys.add(db, "billing")[1]

    def trigger(self, now: datetime, ident: str, more: bytes = b"") -> Asked:
        event = TYPES["payment.failed"].sample(now) | {"id": ident, "time": None}
        body = msgspec.json.encode(event)
        if more:
            body = body.replace(b'"data":{', b'"data":{"more":' + more + b",", 1)
        return Asked(path="/api/v1/triggers", headers=self.headers(triggers.SINGLE), body=body)

    def take_no_poison(self) -> None:
        """Have the database refuse what the door lets through."""
        with self.database.begin() as db:
            db.execute(text("ALTER TABLE triggers ADD CHECK (data->>'more' <> 'poison')"))

    def headers(self, kind: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}", "Content-Type": kind}

    def query(self, statement: str) -> Any:
        with self.database.begin() as db:
            return db.execute(text(statement)).scalar_one()


@pytest.fixture
def web(live_database: Database) -> Web:
    return Web(live_database)


@pytest.fixture
def switch(server: str, live_database: Database) -> Iterator["Switch"]:
    made = Switch(server, live_database)
    yield made
    made.on()


class Switch:
    """Sends the test's database away, and brings it back."""

    def __init__(self, server: str, database: Database) -> None:
        self._server = server
        self._name = database.engine.url.database or ""

    def off(self) -> None:
        self._allow("false")
        with psycopg.connect(self._server, autocommit=True) as admin:
            admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [self._name])

    def on(self) -> None:
        self._allow("true")

    def _allow(self, word: str) -> None:
        with psycopg.connect(self._server, autocommit=True) as admin:
            statement = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
            admin.execute(statement.format(sql.Identifier(self._name), sql.SQL(word)))


def callback(number: int) -> Asked:
    return Asked(path="/hooks/twilio/events", headers=SIGNED, body=msgspec.json.encode({"number": number}))


def statuses(told: list[Told]) -> set[int]:
    return {one.status for one in told}


def test_the_front_answers_as_the_framework_does(web: Web, now: datetime) -> None:
    right = web.trigger(now, "same")
    asked = [
        Asked(path=right.path, headers={}, body=right.body),
        Asked(path=right.path, headers=right.headers | {"Content-Type": "text/plain"}, body=right.body),
        Asked(path=right.path, headers=right.headers, body=b"{"),
        Asked(path=right.path, headers=right.headers, method="GET"),
        Asked(path="/api/v1/triggers/", headers=right.headers, body=b"{"),
        Asked(path="/hooks/twilio/events"),
        Asked(path="/hooks/nobody/events"),
        Asked(path="/hooks/twilio/status/x", headers=SIGNED),
        Asked(path="/hooks/twilio/inbound", headers=SIGNED),
        Asked(path="/hooks/twilio/events", headers=SIGNED, method="PUT"),
        Asked(path="/hooks/sendgrid/inbound/x"),
        Asked(path="/healthz", method="GET"),
    ]

    async def both() -> tuple[list[Told], list[Told]]:
        return await ask(web.front, *asked), await ask(web.behind, *asked)

    for front, behind in zip(*asyncio.run(both()), strict=True):
        assert (front.status, front.body) == (behind.status, behind.body)
        assert front.headers.get("content-type") == behind.headers.get("content-type")


def test_an_address_below_the_hooks_that_is_none_is_not_found(web: Web) -> None:
    (told,) = asyncio.run(ask(web.front, Asked(path="/hooks/twilio/else", headers=SIGNED)))

    assert told.status == 404
    assert told.headers["content-type"] == "application/problem+json"


def test_too_much_is_refused_without_being_held(web: Web, now: datetime) -> None:
    headers, piece = web.headers(triggers.SINGLE), b" " * 2**18
    small = Asked(path="/api/v1/triggers", headers=headers, chunks=[piece, web.trigger(now, "a").body])
    large = Asked(path="/api/v1/triggers", headers=headers, chunks=[piece] * 20)
    endless = Asked(path="/api/v1/triggers", headers=headers, chunks=[piece] * 1000)
    announced = Asked(path="/api/v1/triggers", headers=headers | {"Content-Length": str(2**30)}, chunks=[piece] * 9)
    hook = Asked(path="/hooks/twilio/inbound", headers=SIGNED, chunks=[piece] * 9)

    told = asyncio.run(ask(web.front, small, large, endless, announced, hook))

    assert [one.status for one in told] == [202, 413, 413, 413, 413]
    assert [one.read for one in told] == [2, 20, 65, 0, 2]
    assert f"has {20 * 2**18} bytes; at most 1048576 (1 MiB)" in told[1].json()["detail"]


def test_who_hangs_up_is_not_answered_and_nothing_is_kept(web: Web) -> None:
    sent: list[object] = []

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    async def send(message: object) -> None:
        sent.append(message)

    scope: Any = {
        "type": "http", "method": "POST", "path": "/hooks/twilio/events", "raw_path": b"/hooks/twilio/events",
        "query_string": b"", "headers": [(b"x-twilio-signature", b"right")],
    }  # fmt: skip
    asyncio.run(web.front(scope, receive, send))

    assert sent == []
    assert web.query("SELECT count(*) FROM hook_sets") == 0


def test_poison_in_a_shared_commit_is_refused_alone(web: Web, now: datetime) -> None:
    web.take_no_poison()
    asked = [web.trigger(now, f"e{number}", POISON if number in {3, 11} else b"1") for number in range(20)]

    told = asyncio.run(ask(web.front, *asked))

    assert [number for number, one in enumerate(told) if one.status != 202] == [3, 11]
    assert told[3].status == 422
    assert "cannot be stored" in told[3].json()["errors"][0]["detail"]
    assert web.query("SELECT count(*) FROM triggers") == 18


def test_poison_in_a_full_batch_is_refused_alone(web: Web, now: datetime) -> None:
    web.take_no_poison()
    bodies = [web.trigger(now, f"e{number}", POISON if number == 700 else b"1").body for number in range(1000)]
    asked = Asked(path="/api/v1/triggers", headers=web.headers(triggers.BATCH), body=b"[" + b",".join(bodies) + b"]")

    (told,) = asyncio.run(ask(web.front, asked))

    refused = [place for place, one in enumerate(told.json()["results"]) if one["status"] == "refused"]
    assert refused == [700]
    assert web.query("SELECT count(*) FROM triggers") == 999


def test_a_flood_of_duplicates_is_one_trigger(web: Web, now: datetime) -> None:
    one = web.trigger(now, "once")
    batch = Asked(path=one.path, headers=web.headers(triggers.BATCH), body=b"[" + b",".join([one.body] * 1000) + b"]")

    told = asyncio.run(ask(web.front, *[one] * 300, batch, batch, batch))

    found = [result["status"] for one in told for result in one.json()["results"]]
    assert sorted(found) == ["accepted"] + ["duplicate"] * (len(found) - 1)
    assert web.query("SELECT count(*) FROM triggers") == 1


def test_while_the_database_is_away_callers_come_again_and_nothing_is_lost_or_kept_twice(
    web: Web, switch: Switch, now: datetime
) -> None:
    calls = [callback(number) for number in range(40)]
    events = [web.trigger(now, f"e{number}") for number in range(40)]

    async def through() -> tuple[list[Told], list[Told], list[Told]]:
        before = await ask(web.front, *calls[:10], *events[:10])
        await asyncio.to_thread(switch.off)
        away = await ask(web.front, *calls[10:], *events)
        await asyncio.to_thread(switch.on)
        return before, away, await ask(web.front, *calls[10:], *events)

    before, away, after = asyncio.run(through())

    assert (statuses(before), statuses(away), statuses(after)) == ({200, 202}, {503}, {200, 202})
    assert {one.headers["retry-after"] for one in away} == {"1"}
    assert {one.headers["content-type"] for one in away} == {"application/problem+json"}
    with web.database.begin() as db:
        bodies = [hook.body for hook in kept(db)]
    assert len(bodies) == len(set(bodies)) == 40
    assert web.query("SELECT count(*) FROM triggers") == 40


def test_a_database_that_goes_in_the_middle_leaves_what_was_answered_and_no_more(
    web: Web, switch: Switch, now: datetime
) -> None:
    events = [web.trigger(now, f"e{number}") for number in range(600)]
    told: list[Told] = []

    async def one_after_another(mine: list[Asked], some: asyncio.Event) -> None:
        for event in mine:
            told.extend(await ask(web.front, event))
            if len(told) >= 100:
                some.set()

    async def through() -> None:
        some = asyncio.Event()
        callers = [asyncio.create_task(one_after_another(events[start::8], some)) for start in range(8)]
        await some.wait()
        await asyncio.to_thread(switch.off)
        await asyncio.gather(*callers)
        await asyncio.to_thread(switch.on)

    asyncio.run(through())

    taken = {result["id"] for one in told if one.status == 202 for result in one.json()["results"]}
    stored = web.query("SELECT array_agg(event_id) FROM triggers")
    assert statuses(told) == {202, 503}
    assert taken <= set(stored)
    # One commit may have been cut off between the database and us: it is told as not taken, and is a duplicate later.
    assert len(stored) - len(taken) <= 8
    assert web.query("SELECT count(*) FROM customers") == 1


def test_a_revoked_key_stops_when_its_time_has_run_out(live_database: Database) -> None:
    with live_database.begin() as db:
        row, plain = keys.add(db, "billing")
        ident = row.id
    known = Keys(live_database, trusted=timedelta(seconds=0.2))

    async def use() -> None:
        await asyncio.gather(*(known.check(f"Bearer {plain}") for _ in range(50)))
        with live_database.begin() as db:
            keys.revoke(db, ident)
        await asyncio.sleep(0.25)
        await known.check(f"Bearer {plain}")

    with pytest.raises(WrongKey):
        asyncio.run(use())
