"""The database: one transaction per unit of work, bells rung only after it is committed, rows moved in sets."""

import select
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import msgspec
import psycopg
from psycopg.rows import namedtuple_row
from sqlalchemy import Connection, MetaData, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InvalidatePoolError
from sqlalchemy.orm import DeclarativeBase, Session

from notifier import columns
from notifier.errors import Misconfigured

T = TypeVar("T")

#: A host that swallows what is sent to it is as much away as one that refuses; callers wait for an answer. One that has
#: gone without a word is found out while nobody asks it anything.
_WATCHED = {"connect_timeout": 5, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}
#: SQLSTATEs after which the same transaction may simply be run again.
TRANSIENT = {"40001", "40P01"}


class Base(DeclarativeBase):
    """Every table of ours, with predictable names for its constraints."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Database:
    """A pool of connections and the bell that tells workers of committed work."""

    def __init__(
        self,
        url: str,
        *,
        bell: Callable[[str], None] | None = None,
        pool_size: int = 10,
        join: Connection | None = None,
    ) -> None:
        """
        Open nothing yet; connections are made when needed.

        `bell` is called once per lane rung, after commit. `join` makes every transaction a savepoint of that
        connection's (tests roll the whole back).
        """
        self.url = url
        self.bell = bell or (lambda _lane: None)
        self._join = join
        self.engine = create_engine(
            driver_url(url),
            pool_size=pool_size,
            max_overflow=10,
            connect_args={"client_encoding": "utf8"} | {name: is_ for name, is_ in _WATCHED.items() if name not in url},
            hide_parameters=True,  # an error's text goes to logs and pages; what people wrote does not
            json_serializer=lambda value: msgspec.json.encode(value).decode(),
            json_deserializer=msgspec.json.decode,
        )
        event.listen(self.engine, "checkout", self._is_open)

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """Open a session whose changes are committed together when the block ends, and not at all if it raises."""
        with self._session() as session:
            with session.begin():
                yield session
            rung = session.info.pop("bells", set())
        for lane in rung:
            self.bell(lane)

    def run(self, work: Callable[[Session], T], *, tries: int = 5) -> T:
        """Run `work` in a transaction of its own; again when PostgreSQL asks for it (deadlock, serialization)."""
        for left in reversed(range(tries)):
            try:
                with self.begin() as session:
                    return work(session)
            except DBAPIError as error:
                if not (left and getattr(error.orig, "sqlstate", None) in TRANSIENT):
                    raise
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()

    def _is_open(self, connection: psycopg.Connection[Any], *_: object) -> None:
        """Have the pool make another connection instead of one that has ended."""
        # The server says nothing unasked but that it is going, or has changed a setting: to ask it every time whether
        # it is there costs as much as a short transaction does.
        if connection.closed or (_has_news(connection.fileno()) and not self._answers(connection)):
            raise InvalidatePoolError

    def _answers(self, connection: Any) -> bool:
        try:
            return bool(self.engine.dialect.do_ping(connection))
        except psycopg.Error:
            return False

    def _session(self) -> Session:
        if self._join is not None:
            return Session(self._join, join_transaction_mode="create_savepoint", expire_on_commit=False)
        return Session(self.engine, expire_on_commit=False)


def _has_news(socket: int) -> bool:
    waiting = select.poll()
    waiting.register(socket, select.POLLIN)
    return bool(waiting.poll(0))


def ring(db: Session, lane: str) -> None:
    """Wake the workers of `lane` once this transaction is committed. A bell may be lost; `tick` rings again."""
    db.info.setdefault("bells", set()).add(lane)


def copy(db: Session, table: str, named: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """
    Append rows by COPY, in the session's transaction: the fastest way in.

    Values are text, numbers, moments, ids, bytes, lists of texts or None; JSON goes as text.
    """
    into = f"COPY {table} ({', '.join(named)}) FROM STDIN"
    written = columns.as_lines(rows)
    with _as_sqlalchemy(into), raw(db).cursor() as cursor, cursor.copy(into) as copying:
        copying.write(written)


def rows(db: Session, sql: str, values: Mapping[str, Any] | None = None, *, may_prepare: bool = True) -> list[Any]:
    """
    Run a statement of the hot path on the driver itself, binary both ways, and return its rows as named tuples.

    Without `may_prepare` it is planned every time, by how large its tables are then.

    `%(name)s::text[]` takes a list of texts or numbers, `%(name)b` anything else at a tenth of what text costs. Write
    casts, and `%%` for a percent sign.
    """
    with _executed(db, sql, values, may_prepare=may_prepare) as cursor:
        return cursor.fetchall() if cursor.rownumber is not None else []


def unless_all(db: Session, sql: str, values: Mapping[str, Any], *, many: int) -> list[Any] | None:
    """
    Do as `rows` does, with a statement that returns a row for each of so many things it was to do.

    None: it has done all of them. To read which would cost more than most statements do.
    """
    with _executed(db, sql, values) as cursor:
        return None if cursor.rowcount == many else cursor.fetchall()


@contextmanager
def _executed(
    db: Session, sql: str, values: Mapping[str, Any] | None, *, may_prepare: bool = True
) -> Iterator[psycopg.Cursor[Any]]:
    with _as_sqlalchemy(sql), raw(db).cursor(row_factory=namedtuple_row, binary=True) as cursor:
        cursor.execute(sql, columns.as_arrays(values) if values else None, prepare=None if may_prepare else False)
        yield cursor


@contextmanager
def undone_alone(db: Session) -> Iterator[None]:
    """
    Undo what statements of the driver did inside, and nothing else, when an error leaves the block.

    The session knows nothing of it: what ORM objects would write belongs elsewhere.
    """
    connection = raw(db)
    with _as_sqlalchemy("SAVEPOINT"):
        connection.execute("SAVEPOINT alone")
        try:
            yield
        except Exception:
            if not connection.closed:
                connection.execute("ROLLBACK TO SAVEPOINT alone")
                connection.execute("RELEASE SAVEPOINT alone")
            raise
        connection.execute("RELEASE SAVEPOINT alone")


@contextmanager
def in_index_order(db: Session) -> Iterator[None]:
    """
    Let what is asked inside read a queue in the order of its index, however few rows the statistics believe it has.

    They are from whenever the table was last analyzed; if it was empty then, the planner reads and sorts all that is
    due to take a set of it, and a queue of a million costs a million rows a set. Nothing else belongs inside: a
    statement that has to sort would read a whole index instead.
    """
    _plan(db, _IN_INDEX_ORDER, {"may": "off"})
    yield
    _plan(db, _IN_INDEX_ORDER, {"may": "on"})  # after an error the transaction, and so the setting, is over


@contextmanager
def by_key(db: Session) -> Iterator[None]:
    """
    Let what is asked inside find each row by its key, in the order the keys are given in, however few rows there are.

    A statement is planned for good when it has run some times. That is soon, while its tables are empty and reading
    all of them is cheapest; then they grow, and every set reads them whole until they are next analyzed. Here each is
    planned anew, by how large the tables are now. May be nested.
    """
    if db.info.get("by_key"):
        yield
        return
    db.info["by_key"] = True
    try:
        _plan(db, _BY_KEY, {"may": "off", "plans": "force_custom_plan"})
        yield
        _plan(db, _BY_KEY, {"may": "on", "plans": "auto"})
    finally:
        del db.info["by_key"]


def _plan(db: Session, how: str, values: Mapping[str, str]) -> None:
    with _as_sqlalchemy(how):
        raw(db).execute(how, values)


_IN_INDEX_ORDER = """
    SELECT set_config('enable_sort', %(may)s, true), set_config('enable_bitmapscan', %(may)s, true),
           set_config('enable_seqscan', %(may)s, true)
"""
_BY_KEY = """
    SELECT set_config('enable_hashjoin', %(may)s, true), set_config('enable_mergejoin', %(may)s, true),
           set_config('enable_seqscan', %(may)s, true), set_config('plan_cache_mode', %(plans)s, true)
"""


@contextmanager
def _as_sqlalchemy(sql: str) -> Iterator[None]:
    """Raise what the driver raises as the error it is through SQLAlchemy: callers need not know which way they went."""
    try:
        yield
    except psycopg.Error as error:
        raise DBAPIError.instance(sql, None, error, psycopg.Error, hide_parameters=True) from error


def raw(db: Session) -> psycopg.Connection[Any]:
    """Return the psycopg connection under the session, for what SQLAlchemy has no words for. Never commit on it."""
    # A savepoint begins when its connection is asked for: what is known holds for the innermost transaction only.
    transaction = db.get_nested_transaction() or db.get_transaction()
    known: tuple[object, psycopg.Connection[Any]] | None = db.info.get("raw")
    if known is not None and known[0] is transaction:  # looking it up takes as long as a short statement
        return known[1]
    connection = db.connection().connection.driver_connection
    if not isinstance(connection, psycopg.Connection):
        raise TypeError(f"expected psycopg, got {type(connection)}")
    db.info["raw"] = (db.get_nested_transaction() or db.get_transaction(), connection)
    return connection


def driver_url(url: str) -> str:
    """
    Name the driver in a `postgresql://` (or `postgres://`) URL.

    Raises:
        Misconfigured: it is the URL of something else, or cannot be read.
    """
    scheme, _, rest = url.partition("://")
    if scheme not in {"postgres", "postgresql", "postgresql+psycopg"}:
        raise Misconfigured("NOTIFIER_DATABASE_URL must be postgresql://…; nothing else is spoken here.")
    named = f"postgresql+psycopg://{rest}"
    try:
        make_url(named)
    except (ArgumentError, ValueError):
        raise Misconfigured("NOTIFIER_DATABASE_URL must be postgresql://user:password@host:port/name.") from None
    return named


def is_ready(db: Session) -> bool:
    """Ask the database anything at all."""
    return bool(db.execute(text("SELECT 1")).scalar_one())
