"""Transactions, bells and sets."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DataError, DBAPIError
from sqlalchemy.orm import Session

from notifier.db import Database, by_key, copy, driver_url, ring, rows, undone_alone, unless_all


def test_bells_ring_once_and_only_after_the_commit(database: Database) -> None:
    rung: list[str] = []
    database.bell = rung.append

    with database.begin() as db:
        ring(db, "triggers")
        ring(db, "triggers")
        assert rung == []

    assert rung == ["triggers"]


def test_what_is_rolled_back_rings_nobody(database: Database) -> None:
    rung: list[str] = []
    database.bell = rung.append

    def fail() -> None:
        with database.begin() as db:
            ring(db, "triggers")
            _ = 1 / 0

    with pytest.raises(ZeroDivisionError):
        fail()

    assert rung == []


def test_an_error_does_not_repeat_what_was_to_be_stored(db: Session) -> None:
    with pytest.raises(DBAPIError) as caught:
        db.execute(text("SELECT CAST(1 AS int) / :nothing, CAST(:words AS text)"), {"nothing": 0, "words": "my secret"})

    assert "my secret" not in str(caught.value)


def test_a_deadlock_is_run_again(live_database: Database) -> None:
    tries: list[int] = []

    def work(db) -> int:
        tries.append(1)
        if len(tries) < 3:
            db.execute(text("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40P01'; END $$"))
        return len(tries)

    assert live_database.run(work) == 3


def test_a_connection_that_has_ended_is_not_used(live_database: Database) -> None:
    with live_database.begin() as db:
        before = pid(db)
    with psycopg.connect(live_database.url, autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(%s, 5000)", [before])

    with live_database.begin() as db:
        assert pid(db) != before


def test_a_connection_that_has_news_is_still_good(live_database: Database) -> None:
    with live_database.begin() as db:
        before = pid(db)
        db.execute(text("LISTEN things"))
    with psycopg.connect(live_database.url, autocommit=True) as admin:
        admin.execute("NOTIFY things")

    with live_database.begin() as db:
        assert pid(db) == before


def pid(db: Session) -> int:
    return int(db.execute(text("SELECT pg_backend_pid()")).scalar_one())


def test_other_errors_are_not_run_again(live_database: Database) -> None:
    tries: list[int] = []

    def work(db) -> None:
        tries.append(1)
        db.execute(text("SELECT 1/0"))

    with pytest.raises(Exception, match="division by zero"):
        live_database.run(work)
    assert len(tries) == 1


def test_rows_are_copied_in(database: Database) -> None:
    with database.begin() as db:
        db.execute(text("CREATE TEMP TABLE sums (a int, b text) ON COMMIT DROP"))
        copy(db, "sums", ["a", "b"], [(1, "x"), (2, None)])
        assert db.execute(text("SELECT count(*), sum(a) FROM sums")).one() == (2, 3)


def test_plain_urls_name_their_driver() -> None:
    assert driver_url("postgres://u@h/d") == "postgresql+psycopg://u@h/d"
    assert driver_url("postgresql+psycopg://u@h/d") == "postgresql+psycopg://u@h/d"


@pytest.mark.parametrize("many", [2, 1, 0])  # columns of one kind of value are written another way
def test_whatever_is_copied_is_read_back_the_same(db: Session, many: int) -> None:
    db.execute(text("CREATE TEMP TABLE things (id uuid, at timestamptz, texts text[], said text, body bytea, n int)"))
    there = timezone(timedelta(hours=-3))
    given = [
        (
            uuid4(),
            datetime(2026, 11, 25, 12, 30, 1, 5, tzinfo=UTC),
            ["a", 'b"c', "d\\e", "", "{f,g}", "NULL"],
            "\t\\N\n",
            b"\0",
            1,
        ),
        (None, datetime(1970, 1, 1, tzinfo=there), [], None, None, None),
    ]
    given = given[:many]

    copy(db, "things", ["id", "at", "texts", "said", "body", "n"], given)

    read = db.execute(text("SELECT * FROM things ORDER BY id")).all()
    assert [(*row[:4], row.body and bytes(row.body), row.n) for row in read] == given


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")) | st.text('\\"{},N\n')
    ),
    st.lists(st.none() | st.integers(-(2**63), 2**63 - 1)),
    st.lists(st.uuids()) | st.lists(st.none() | st.uuids()),
    st.lists(st.binary(min_size=3, max_size=3)) | st.lists(st.none() | st.binary()),
)
def test_whatever_a_list_holds_arrives_the_same(
    db: Session,
    texts: list[str | None],
    numbers: list[int | None],
    ids: list[UUID | None],
    bodies: list[bytes | None],
) -> None:
    moments = [datetime(2026, 11, 25, 9, 30, tzinfo=UTC), None]
    values = {
        "texts": texts,
        "numbers": numbers,
        "ids": ids,
        "moments": moments,
        "bodies": bodies,
        "none": [None],
    }

    [row] = rows(
        db,
        """
        SELECT %(texts)s::text[] AS texts, %(numbers)s::bigint[] AS numbers, %(ids)b::uuid[] AS ids,
               %(moments)b::timestamptz[] AS moments, %(bodies)b::bytea[] AS bodies,
               %(none)b::timestamptz[] AS none
        """,
        values,
    )

    assert row._asdict() == values


@pytest.mark.parametrize(("known", "new"), [([], None), ([7], [(8,), (9,)]), ([7, 8, 9], [])])
def test_what_was_done_is_read_unless_it_is_all(db: Session, known: list[int], new: list[tuple[int]] | None) -> None:
    db.execute(text("CREATE TABLE numbers (n bigint PRIMARY KEY)"))
    insert = "INSERT INTO numbers SELECT * FROM unnest(%(n)s::bigint[]) ON CONFLICT DO NOTHING RETURNING n"
    rows(db, insert, {"n": known})

    assert unless_all(db, insert, {"n": [7, 8, 9]}, many=3) == new


@pytest.mark.parametrize(("values", "kind"), [(["a", "b\0"], "text"), (["a\ud800"], "text"), ([2**63], "bigint")])
def test_what_no_array_can_hold_is_refused(db: Session, values: list[str | int], kind: str) -> None:
    with pytest.raises((DBAPIError, UnicodeEncodeError)):
        rows(db, f"SELECT %(values)s::{kind}[]", {"values": values})


def test_finding_by_key_may_be_nested_and_ends_with_the_outermost(db: Session) -> None:
    def joins() -> str:
        return str(db.execute(text("SELECT current_setting('enable_hashjoin')")).scalar_one())

    with by_key(db):
        with by_key(db):
            assert joins() == "off"
        assert joins() == "off"
    assert joins() == "on"

    with pytest.raises(ZeroDivisionError), db.begin_nested(), by_key(db):
        _ = 1 / 0
    assert joins() == "on"
    with by_key(db):
        assert joins() == "off"


def test_what_fails_is_undone_alone(live_database: Database) -> None:
    def work(db: Session) -> None:
        rows(db, "CREATE TABLE numbers (n int)")
        with pytest.raises(DataError):
            one_and_nonsense(db)
        with undone_alone(db):
            rows(db, "INSERT INTO numbers VALUES (2)")

    def one_and_nonsense(db: Session) -> None:
        with undone_alone(db):
            rows(db, "INSERT INTO numbers VALUES (1)")
            rows(db, "SELECT CAST('x' AS int)")

    live_database.run(work)

    with live_database.begin() as db:
        assert [row.n for row in rows(db, "SELECT n FROM numbers")] == [2]


def test_what_is_done_in_part_is_committed_with_the_rest_or_not_at_all(live_database: Database) -> None:
    def work(db: Session) -> None:
        with undone_alone(db):
            rows(db, "CREATE TABLE numbers (n int)")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        live_database.run(work)

    with live_database.begin() as db:
        assert rows(db, "SELECT to_regclass('numbers') AS there")[0].there is None


def test_a_savepoint_also_undoes_what_the_driver_did(db: Session) -> None:
    rows(db, "CREATE TEMP TABLE counted (n int)")

    with pytest.raises(DBAPIError, match="division by zero"), db.begin_nested():
        rows(db, "INSERT INTO counted VALUES (1), (1 / 0)")

    assert rows(db, "SELECT n FROM counted") == []
