"""Triggers over HTTP: each accepted once, the good ones of a batch taken, every fault named by its field."""

import asyncio
from datetime import datetime
from typing import Any

import msgspec
import pytest
from litestar import Litestar
from litestar.testing import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from notifier.api import triggers
from notifier.catalog.types import TYPES
from notifier.intake.models import Trigger
from notifier.together import Together

SINGLE = {"content-type": "application/cloudevents+json"}
BATCH = {"content-type": "application/cloudevents-batch+json; charset=utf-8"}


def event(now: datetime, name: str = "payment.failed", **changes: Any) -> dict[str, Any]:
    return TYPES[name].sample(now) | {"time": None} | changes


def send(client: TestClient[Litestar], body: object, headers: dict[str, str] = SINGLE) -> Any:
    return client.post("/api/v1/triggers", content=msgspec.json.encode(body), headers=headers)


def test_a_trigger_is_accepted_and_sent_again_is_a_duplicate(
    client: TestClient[Litestar], db: Session, now: datetime
) -> None:
    first = send(client, event(now, id="e1"))
    again = send(client, event(now, id="e1"))

    assert (first.status_code, first.json()["results"][0]["status"]) == (202, "accepted")
    assert (again.status_code, again.json()["results"][0]["status"]) == (202, "duplicate")
    assert db.scalars(select(Trigger.event_id)).all() == ["e1"]


@pytest.mark.parametrize("name", sorted(TYPES))
def test_every_sample_can_be_posted_as_it_is_served(client: TestClient[Litestar], name: str) -> None:
    served = {kind["name"]: kind for kind in client.get("/api/v1/trigger-types").json()}

    answer = send(client, served[name]["sample"], {"content-type": "application/json"})

    assert answer.status_code == 202, answer.text


@pytest.mark.parametrize("bad", [b'{"id": 1e999}', b'{"id": "\xff"}', b'{"id": "x", "data": {"y": "\\u0000"}}'])
def test_an_event_that_cannot_even_be_read_spoils_no_batch(
    client: TestClient[Litestar], now: datetime, bad: bytes
) -> None:
    body = b"[" + bad + b"," + msgspec.json.encode(event(now)) + b"]"

    answer = client.post("/api/v1/triggers", content=body, headers=BATCH)

    assert answer.status_code == 202, answer.text
    assert [result["status"] for result in answer.json()["results"]] == ["refused", "accepted"]


@pytest.mark.parametrize("headers", [SINGLE, BATCH])
def test_what_is_nested_too_deeply_is_refused_and_no_fault_of_ours(
    client: TestClient[Litestar], headers: dict[str, str]
) -> None:
    answer = client.post("/api/v1/triggers", content=b"[" * 20_000 + b"]" * 20_000, headers=headers)

    assert answer.status_code in {400, 422}


def test_the_good_events_of_a_batch_are_taken_and_the_bad_named(client: TestClient[Litestar], now: datetime) -> None:
    bad = event(now, id="b")
    bad["data"] = {**bad["data"], "invoice": {**bad["data"]["invoice"], "currency": "reais"}}
    batch = [
        event(now, id="a"),
        bad,
        7,
        event(now, id="c", type="payment.lost"),
        event(now, id="d"),
        event(now, id="a"),
    ]

    answer = send(client, batch, BATCH)

    results = answer.json()["results"]
    assert answer.status_code == 202
    assert [one["status"] for one in results] == ["accepted", "refused", "refused", "refused", "accepted", "duplicate"]
    assert results[1]["id"] == "b"
    assert results[1]["errors"][0]["field"] == "[1].data.invoice.currency"
    assert results[3]["errors"][0]["field"] == "[3].type"


def test_a_wrong_single_event_is_a_problem_naming_its_field(client: TestClient[Litestar], now: datetime) -> None:
    bad = event(now)
    bad["data"] = {**bad["data"], "invoice": {**bad["data"]["invoice"], "currency": "reais"}}

    answer = send(client, bad)

    problem = answer.json()
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert {"type", "title", "status", "detail", "errors"} <= set(problem)
    assert problem["errors"][0]["field"] == "data.invoice.currency"


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 422),
        (b"[{", "application/json", 400),
        (b"{}", "text/plain", 415),
        (b"[" + b"1," * 1000 + b"1]", "application/json", 413),
        (b" " * (1024 * 1024 + 1), "application/json", 413),
        (b"\xff", "application/json", 422),
        (b"[\xff]", "application/json", 400),
    ],
)
def test_what_cannot_be_read_is_a_problem(client: TestClient[Litestar], body: bytes, kind: str, status: int) -> None:
    answer = client.post("/api/v1/triggers", content=body, headers={"content-type": kind})

    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["status"] == status


@pytest.mark.parametrize(
    ("body", "named"),
    [(b"[" + b"1," * 1000 + b"1]", "at most 1000 events; this one has 1001"), (b" " * (1024 * 1024 + 1), "1 MiB")],
)
def test_what_is_too_much_is_told_apart(client: TestClient[Litestar], body: bytes, named: str) -> None:
    answer = client.post("/api/v1/triggers", content=body, headers=BATCH)

    assert named in answer.json()["detail"]


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer nope"}, {"Authorization": "Basic x"}])
def test_without_a_right_key_nothing_is_taken(
    stranger: TestClient[Litestar], now: datetime, header: dict[str, str]
) -> None:
    answer = stranger.post("/api/v1/triggers", content=msgspec.json.encode(event(now)), headers={**SINGLE, **header})

    assert answer.status_code == 401
    assert answer.headers["content-type"].startswith("application/problem+json")


def test_the_same_trigger_posted_many_times_at_once_is_one(
    client: TestClient[Litestar], db: Session, now: datetime
) -> None:
    answer = send(client, [event(now, id="once")] * 100, {"content-type": "application/json"})

    statuses = [one["status"] for one in answer.json()["results"]]
    assert sorted(statuses) == ["accepted"] + ["duplicate"] * 99
    assert len(db.scalars(select(Trigger.id)).all()) == 1


def test_requests_at_once_share_a_commit_and_a_poisonous_one_fails_alone() -> None:
    commits: list[list[int]] = []

    def work(items: list[int]) -> list[int]:
        commits.append(items)
        if 3 in items:
            raise ValueError("three cannot be stored")
        return [2 * item for item in items]

    async def ask() -> list[int | BaseException]:
        doubled = Together[int, int](work)
        return await asyncio.gather(*(doubled(item) for item in range(5)), return_exceptions=True)

    answers = asyncio.run(ask())

    assert commits[0] == [0, 1, 2, 3, 4]
    assert [answer for answer in answers if isinstance(answer, int)] == [0, 2, 4, 8]
    assert isinstance(answers[3], ValueError)


def test_a_batch_is_as_large_as_promised() -> None:
    assert (triggers.LARGEST_BATCH, triggers.LARGEST_BODY) == (1000, 1024 * 1024)
