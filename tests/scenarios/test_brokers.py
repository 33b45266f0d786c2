"""The same code on a PostgreSQL, a Redis and a RabbitMQ of one's own."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from notifier.catalog.types import get
from notifier.db import Database
from tests.faults.house import opened, wait
from tests.support.listening import require


@pytest.mark.parametrize(
    ("url", "port"), [("redis://127.0.0.1:6379/10", 6379), ("amqp://guest:guest@127.0.0.1:5672", 5672)]
)
def test_a_fleet_sends_with_its_own_database_and_broker(
    live_database: Database, tmp_path: Path, url: str, port: int
) -> None:
    require(url.partition("://")[0], port)
    now = datetime.now(UTC)
    event = get("payment.failed").sample(now)
    event["data"]["customer"]["timezone"] = _where_it_is_noon(now)
    file = tmp_path / "event.json"
    file.write_text(json.dumps(event))

    with opened(live_database.url, tmp_path, BROKER_URL=url) as house:
        house.finish("migrate")
        for _ in range(2):
            house.start("worker")
        house.finish("trigger", str(file))

        wait(lambda: len(house.received()) == 2, seconds=60, what="the email and the WhatsApp message")
        arrived = house.received()

    person = event["data"]["customer"]
    assert arrived == {f"email {person['email']}": 1, f"whatsapp {person['phone']}": 1}


def _where_it_is_noon(now: datetime) -> str:
    """Name a zone in which a message may go at once, whenever this runs."""
    return f"Etc/GMT{now.hour - 12:+d}"  # the sign of these names is that of the way to UTC
