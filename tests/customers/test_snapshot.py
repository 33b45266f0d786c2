"""Our copy of a customer follows the newest word, and only what it says."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from time import sleep
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import UNSET
from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.consent import suppress
from notifier.customers import addresses
from notifier.customers.snapshot import Snapshot, upsert
from notifier.db import Database

_SOMEBODY_WAITS = text("""
    SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND transactionid = CAST(pg_current_xact_id() AS xid))
""")


def known(db: Session, ident: str = "c") -> dict[str, object]:
    row = db.execute(
        text("SELECT name, locale, timezone, country, search FROM customers WHERE id = :id"), {"id": ident}
    )
    points = db.execute(
        text("SELECT channel, address FROM contact_points WHERE customer_id = :id AND state = 'usable' ORDER BY 1"),
        {"id": ident},
    )
    return {**row.mappings().one(), **{point.channel: point.address for point in points}}


def test_a_new_customer_is_reached_on_every_channel(db: Session, now: datetime) -> None:
    said = Snapshot(
        id="c", as_of=now, name="João Á.", locale="pt-BR", timezone="America/Sao_Paulo", country="br",
        email="Joao@Example.COM", phone="(11) 96123-4567",
    )  # fmt: skip

    problems = upsert(db, [said])

    assert problems == {}
    assert known(db) == {
        "name": "João Á.", "locale": "pt_BR", "timezone": "America/Sao_Paulo", "country": "BR",
        "search": "c joao a. joao@example.com +5511961234567",
        "email": "joao@example.com", "sms": "+5511961234567", "whatsapp": "+5511961234567",
    }  # fmt: skip


def test_an_absent_field_stays_and_a_null_clears(db: Session, now: datetime) -> None:
    upsert(db, [Snapshot(id="c", as_of=now, name="Ana", locale="es", email="a@example.com", phone="+5511961234567")])

    upsert(db, [Snapshot(id="c", as_of=now + timedelta(1), locale=None, phone=None)])

    found = known(db)
    assert (found["name"], found["locale"], found["email"]) == ("Ana", "", "a@example.com")
    assert "sms" not in found
    assert "whatsapp" not in found


def test_an_older_snapshot_changes_nothing(db: Session, now: datetime) -> None:
    upsert(db, [Snapshot(id="c", as_of=now, name="New")])

    upsert(db, [Snapshot(id="c", as_of=now - timedelta(seconds=1), name="Old", email="old@example.com")])

    assert known(db)["name"] == "New"
    assert "email" not in known(db)


def test_a_new_address_starts_usable_and_a_suppression_survives(db: Session, now: datetime) -> None:
    upsert(db, [Snapshot(id="c", as_of=now, email="a@example.com")])
    db.execute(text("UPDATE contact_points SET state = 'invalid', reason = 'bad-address'"))
    suppress.suppress(db, "email", "a@example.com", reason="stop", evidence={}, at=now)

    upsert(db, [Snapshot(id="c", as_of=now + timedelta(1), email="a@example.com")])
    same = known(db)
    upsert(db, [Snapshot(id="c", as_of=now + timedelta(2), email="b@example.com")])

    assert "email" not in same
    assert known(db)["email"] == "b@example.com"
    assert suppress.suppressed(db, [("email", "a@example.com")]) == {("email", "a@example.com"): "stop"}


def test_who_is_told_again_word_for_word_only_moves_on_in_time(db: Session, now: datetime) -> None:
    as_known: dict[str, Any] = {
        "name": "Ana",
        "locale": "pt_BR",
        "timezone": "America/Sao_Paulo",
        "country": "BR",
        "email": "a@example.com",
        "phone": "+5511961234567",
        "attributes": {"plan": "family", "seats": [1]},
    }
    upsert(db, [Snapshot(id="c", as_of=now, **as_known)])
    db.execute(text("UPDATE contact_points SET state = 'invalid', reason = 'bad-address'"))

    problems = upsert(db, [Snapshot(id="c", as_of=now + timedelta(hours=2), **as_known)])
    upsert(db, [Snapshot(id="c", as_of=now + timedelta(hours=1), name="Older", email=None)])

    assert problems == {}
    assert known(db)["name"] == "Ana"
    assert db.execute(text("SELECT as_of FROM customers")).scalar_one() == now + timedelta(hours=2)
    assert db.execute(text("SELECT DISTINCT state FROM contact_points")).scalar_one() == "invalid"


def test_true_is_not_one(db: Session, now: datetime) -> None:
    upsert(db, [Snapshot(id="c", as_of=now, attributes={"vip": 1})])

    upsert(db, [Snapshot(id="c", as_of=now + timedelta(1), attributes={"vip": True})])

    assert db.execute(text("SELECT attributes FROM customers")).scalar_one() == {"vip": True}
    assert db.execute(text("SELECT CAST(attributes AS text) FROM customers")).scalar_one() == '{"vip": true}'


def test_what_was_wrong_first_and_is_as_known_then_is_no_problem(db: Session, now: datetime) -> None:
    upsert(db, [Snapshot(id="c", as_of=now, name="Ana")])
    wrong = Snapshot(id="c", as_of=now + timedelta(1), email="nobody", country="BR")

    problems = upsert(db, [wrong, Snapshot(id="c", as_of=now + timedelta(2), email=None)])

    assert problems == {}
    assert known(db)["country"] == "BR"


def test_what_cannot_be_used_is_told_and_left_out(db: Session, now: datetime) -> None:
    said = Snapshot(id="c", as_of=now, timezone="Mars/Base", locale="tlh", email="nobody", phone="11 96123-4567")

    problems = upsert(db, [said])

    assert set(problems["c"]) == {"timezone", "locale", "email", "phone"}
    assert "no country" in problems["c"]["phone"]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (" Ana@Example.com ", "ana@example.com"),
        ("ana@exämple.com", "ana@xn--exmple-cua.com"),
        ("ana@localhost", ""),
        ("a b@example.com", ""),
        ("ana@example.com\nBcc: x@y.z", ""),
        ("@example.com", ""),
        (".ana@example.com", ""),
    ],
)
def test_emails(written: str, value: str) -> None:
    assert addresses.email(written).value == value


@pytest.mark.parametrize(
    ("written", "country", "value"),
    [
        ("+1 (415) 555-0132", "", "+14155550132"),
        ("(11) 96123-4567", "BR", "+5511961234567"),
        ("612 34 56 78", "ES", "+34612345678"),
        ("12345", "BR", ""),
        ("call me", "BR", ""),
        ("+999123456789", "", ""),
    ],
)
def test_phones(written: str, country: str, value: str) -> None:
    assert addresses.phone(written, country).value == value


said = st.fixed_dictionaries(
    {
        "minute": st.integers(0, 5),
        "name": st.sampled_from([UNSET, None, "Ana", "Bia"]),
        "email": st.sampled_from([UNSET, None, "a@example.com", "b@example.com"]),
    }
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(said, min_size=1, max_size=6, unique_by=lambda one: one["minute"]))
def test_one_batch_says_the_same_as_its_snapshots_one_by_one(db: Session, now: datetime, told: list) -> None:
    batch = [
        Snapshot(id="c", as_of=now + timedelta(minutes=one["minute"]), name=one["name"], email=one["email"])
        for one in told
    ]
    db.execute(text("DELETE FROM customers"))
    upsert(db, batch)
    at_once = known(db)

    db.execute(text("DELETE FROM customers"))
    for one in sorted(batch, key=lambda snapshot: snapshot.as_of):
        upsert(db, [one])

    assert known(db) == at_once


def test_a_snapshot_that_waited_for_another_sees_the_address_that_one_wrote(
    live_database: Database, now: datetime
) -> None:
    def told(minute: int, email: str) -> Snapshot:
        return Snapshot(id="c", as_of=now + timedelta(minutes=minute), email=email)

    with live_database.begin() as db:
        upsert(db, [told(0, "old@example.com")])

    with ThreadPoolExecutor(1) as other:
        with live_database.begin() as db:
            upsert(db, [told(1, "new@example.com")])
            back = other.submit(live_database.run, lambda db: upsert(db, [told(2, "old@example.com")]))
            while not db.execute(_SOMEBODY_WAITS).scalar_one():
                sleep(0.01)
        back.result(timeout=10)

    with live_database.begin() as db:
        assert known(db)["email"] == "old@example.com"


def test_a_customer_of_whom_only_the_id_is_known_can_be_searched_for(db: Session, now: datetime) -> None:
    upsert(db, [Snapshot(id="Müller-1", as_of=now)])

    assert db.execute(text("SELECT search FROM customers")).scalar_one() == "muller-1"
