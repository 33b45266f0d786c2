"""About sixty kills and other blows while customers are written to: nobody is told twice, and nobody is forgotten."""

import os
import random
import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import TextClause, text

from notifier import doctor, settings
from notifier.clock import business_now, move_to
from notifier.db import Database
from tests.faults.bells import redis
from tests.faults.compare import compare
from tests.faults.conftest import SAID
from tests.faults.cut import cutting
from tests.faults.feed import Feed
from tests.faults.house import House, opened, wait
from tests.faults.server import serving
from tests.faults.strikes import MOVED, Strikes
from tests.support.databases import build
from tests.support.happenings import publish_journeys

pytestmark = pytest.mark.fault

KILLS = int(os.environ.get("NOTIFIER_FAULTS_KILLS", "60"))
SEED = int(os.environ.get("NOTIFIER_FAULTS_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
SLOW = {"latency_ms": 500, "duplicate_callbacks": 0.05, "reorder_callbacks": 0.05}

_UNKNOWN = text("""
    SELECT count(*) FROM attempts
    WHERE state = 'unknown' OR (state = 'calling' AND claimed_at < clock_timestamp() - interval '3 seconds')
""")
"""A call that is out so long was a killed worker's."""
_OPEN = text("""
    SELECT (SELECT count(*) FROM pending_triggers) + (SELECT count(*) FROM due_messages)
         + (SELECT count(*) FROM attempts WHERE state IN ('calling', 'unknown'))
         + (SELECT count(*) FROM pending_hooks)
         + (SELECT count(*) FROM runs WHERE state = 'open' AND due_at <= :now)
""")


def test_whatever_is_killed_everybody_is_told_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], record_property: Callable[[str, object], None]
) -> None:
    with capsys.disabled():
        print(f"\n{KILLS} kills by seed {SEED}; NOTIFIER_FAULTS_SEED={SEED} deals the same again", flush=True)
    with serving() as server, redis(tmp_path) as bell, closing(Database(build(server.url, "faults"))) as ledger:
        began = begin_before_dawn(ledger)
        with opened(ledger.url, tmp_path, BROKER_URL=bell.url) as house:
            are_safe(house)
            house.ask("PUT", "/api/faults", SLOW)
            with cutting(house.sandbox_port, requests=0.0, answers=0.0) as (url, wire):
                house.environ |= {"NOTIFIER_TWILIO_API_URL": url, "NOTIFIER_SENDGRID_API_URL": url}
                key = house.finish("keys", "add", "feed").decode().strip()
                feed = Feed(house.url, key, at=began, dice=random.Random(SEED), most=120 if KILLS <= 300 else 60)
                feed.start()

                strikes = Strikes(house, server, bell, wire, ledger, kills=KILLS, dice=random.Random(SEED))
                strikes.deal()
                settle(house, ledger, feed, began)

            verdict = compare(ledger, house.ask("GET", "/api/messages?limit=100000"), feed.taken)

    shut = ", ".join(f"{door} {seconds:.1f} s" for door, seconds in sorted(strikes.outages.items()))
    line = f"{strikes.kills} kills by seed {SEED} ({strikes}; longest away: {shut}): {verdict}"
    record_property(SAID, line)
    assert verdict.is_clean, "\n".join([line, *verdict.complaints()])


def begin_before_dawn(database: Database) -> datetime:
    """Begin on a Wednesday at 13:00 UTC: a decent hour in São Paulo; in Los Angeles it is another hour until six."""
    with database.begin() as db:
        publish_journeys(db)
        now = business_now(db)
        move_to(db, (now + timedelta(days=(2 - now.weekday()) % 7 or 7)).replace(hour=13, minute=0))
        return business_now(db)


def are_safe(house: House) -> None:
    """Make sure that nothing here relies on waits that no production may have."""
    findings = doctor.examine(settings.load(house.environ))
    assert not [one for one in findings if "_SECONDS" in one]


def settle(house: House, ledger: Database, feed: Feed, began: datetime) -> None:
    """Let everything come due and to an end; a trickle goes on until nothing is unknown."""
    with ledger.begin() as db:
        move_to(db, max(business_now(db), began + MOVED))
    feed.trickle()
    time.sleep(4)
    wait(lambda: not count(ledger, _UNKNOWN), seconds=240, what="evidence of everything unknown")
    feed.finish()
    wait(lambda: is_quiet(house, ledger), seconds=120, what="everything to come to an end")


def is_quiet(house: House, ledger: Database) -> bool:
    """Whether nothing is left to do, now and two seconds on: what the sink has just taken it reports a bit later."""
    for _ in range(5):
        if count(ledger, _OPEN) or house.ask("GET", "/healthz")["callbacks"]["waiting"]:
            return False
        time.sleep(0.5)
    return True


def count(ledger: Database, sql: TextClause) -> int:
    with ledger.begin() as db:
        return int(db.execute(sql, {"now": business_now(db)}).scalar_one())
