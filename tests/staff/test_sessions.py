"""Accounts, sessions and keys."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.errors import Invalid
from notifier.staff import add, keys, sessions
from notifier.staff.models import Staff

PASSWORD = "correct horse battery"


@pytest.fixture
def ada(db: Session) -> Staff:
    """Ada, a marketer."""
    return add.add(db, email="Ada@Aurora.example", name="Ada", role="marketer", password=PASSWORD)[0]


def test_a_generated_password_opens_the_door(db: Session) -> None:
    _, password = add.add(db, email="ben@aurora.example", name="Ben", role="support")

    outcome = sessions.sign_in(db, email="ben@aurora.example", password=password, place="10.0.0.1")

    assert isinstance(outcome, sessions.SignedIn)


def test_an_address_has_one_account(db: Session, ada: Staff) -> None:
    with pytest.raises(add.AlreadyStaff):
        add.add(db, email=ada.email, name="Ada again", role="admin", password=PASSWORD)


@pytest.mark.parametrize(("role", "password"), [("owner", PASSWORD), ("admin", "short")])
def test_an_unknown_role_or_a_short_password_is_refused(db: Session, role: str, password: str) -> None:
    with pytest.raises(Invalid):
        add.add(db, email="eve@aurora.example", name="Eve", role=role, password=password)


def test_only_hashes_are_kept(db: Session, ada: Staff) -> None:
    token = sessions.begin(db, ada)

    kept = db.execute(text("SELECT token_hash FROM staff_sessions")).scalar_one()

    assert token.encode() not in bytes(kept)
    assert ada.password_hash.startswith("$argon2id$")


@pytest.mark.parametrize(("column", "age"), [("seen_at", sessions.IDLE), ("created_at", sessions.LONGEST)])
def test_a_session_ends_by_idleness_and_by_age(db: Session, ada: Staff, column: str, age: timedelta) -> None:
    token = sessions.begin(db, ada)
    assert sessions.find(db, token) is ada

    db.execute(text(f"UPDATE staff_sessions SET {column} = clock_timestamp() - :age"), {"age": age})

    assert sessions.find(db, token) is None


def test_whoever_is_disabled_is_out_at_once(db: Session, ada: Staff) -> None:
    token = sessions.begin(db, ada)

    db.execute(text("UPDATE staff SET disabled_at = now()"))

    assert sessions.find(db, token) is None


def test_failures_elsewhere_do_not_lock_somebody_out(db: Session, ada: Staff) -> None:
    for _ in range(6):
        guessed = sessions.sign_in(db, email=ada.email, password="guess", place="6.6.6.6")
    assert isinstance(guessed, sessions.Throttled)

    own = sessions.sign_in(db, email=ada.email, password=PASSWORD, place="10.0.0.1")

    assert isinstance(own, sessions.SignedIn)


def test_throttling_ends_with_its_window(db: Session, ada: Staff) -> None:
    for _ in range(6):
        sessions.sign_in(db, email=ada.email, password="guess", place="10.0.0.1")

    db.execute(text("UPDATE sign_in_failures SET first_at = first_at - interval '16 minutes'"))

    again = sessions.sign_in(db, email=ada.email, password=PASSWORD, place="10.0.0.1")
    assert isinstance(again, sessions.SignedIn)


def test_a_key_works_until_it_is_revoked(db: Session) -> None:
    key, plain = keys.add(db, "Billing")
    found = keys.find(db, plain)

    keys.revoke(db, key.id)

    assert found is key
    assert keys.find(db, plain) is None
