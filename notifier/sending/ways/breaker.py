"""The circuit breaker of each sender: opens when calls fail or reports stay away, tries the sender again, closes."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from msgspec import Struct
from prometheus_client import Counter
from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.clock import machine_now
from notifier.db import in_index_order
from notifier.providers.registry import CHANNELS, Providers
from notifier.sending.ways.routes import Sender, sender_of

OPENED = Counter("notifier_breaker_opened_total", "Senders taken out of use by themselves.", ["provider", "reason"])

FAILING, LATE = "failing", "late-reports"
WINDOW = timedelta(seconds=30)
"""Calls this recent are judged."""
LEAST = 5
"""Failed calls before anything is judged; of a sender on trial one is enough."""
SHARE = 0.5
PROBES = 5.0
"""Messages one claim lets go by a sender on trial."""
REST = 10.0
LONGEST_REST = 300.0
"""Seconds a sender is left alone: the first time, and at most; each time in a row doubles it."""
_SCANNED = 5000

REPORTED_BY = timedelta(seconds=10)
"""Age at which a first report (`sent`, `processed`) is there, by providers that send any."""
SAMPLED = timedelta(seconds=10)
BEFORE = (timedelta(minutes=30), timedelta(minutes=2))
"""Ages of the calls that show how a sender usually reports."""
USUALLY = 0.1
SAMPLE = 20

_RECENT = text("""
    SELECT provider, sender, count(*) FILTER (WHERE is_bad) AS bad, count(*) FILTER (WHERE NOT is_bad) AS good FROM (
        SELECT a.provider, a.sender, a.id, a.state IN ('unknown', 'lost')
               OR (a.state = 'not-sent' AND a.reason NOT IN ('pacing', 'account')) AS is_bad
        FROM attempts a WHERE a.id > :since AND a.state NOT IN ('calling', 'handed-back') ORDER BY a.id DESC LIMIT :most
    ) AS settled
    JOIN unnest(CAST(:providers AS text[]), CAST(:senders AS text[]), CAST(:after AS uuid[]))
         AS asked(provider, sender, after) USING (provider, sender)
    WHERE settled.id > asked.after GROUP BY provider, sender
""")
_STANDING = text("""
    SELECT provider, sender, reason, times, until, until > clock_timestamp() AS is_closed FROM sender_pauses
    WHERE until > clock_timestamp() OR times > 0
""")
_OPEN = text("""
    INSERT INTO sender_pauses AS p (provider, sender, until, reason, times)
    VALUES (:provider, :sender, clock_timestamp() + make_interval(secs => :rest), :reason, 1)
    ON CONFLICT (provider, sender) DO UPDATE SET reason = excluded.reason, times = p.times + 1,
        until = clock_timestamp() + make_interval(secs => least(:longest, :rest * power(2, p.times)))
    WHERE p.until <= clock_timestamp()
    RETURNING times
""")
_CLOSE = text("""
    DELETE FROM sender_pauses WHERE provider = :provider AND sender = :sender AND until <= clock_timestamp()
""")
_SILENT = text("""
    SELECT count(*) AS many, count(*) FILTER (WHERE NOT EXISTS (
        SELECT FROM events e WHERE e.message_id = taken.message_id AND e.attempt_id = taken.id
    )) AS silent FROM (
        SELECT a.id, a.message_id FROM attempts a
        WHERE a.id > :since AND a.id <= :until AND a.provider = :provider AND a.sender = :sender
        AND a.state IN ('accepted', 'sent', 'delivered', 'undelivered', 'bounced') ORDER BY a.id DESC LIMIT 200
    ) AS taken
""")
_BEHIND = text("""
    SELECT EXISTS (SELECT FROM pending_hooks WHERE received_at < clock_timestamp() - interval '5 seconds')
""")


class Pause(Struct, frozen=True, kw_only=True):
    """What is known of a sender that rests, or is on trial after a rest."""

    reason: str
    times: int
    until: datetime
    is_closed: bool
    """Nothing may go by it now. Not, and `times` above 0: it is on trial."""


class Silence(Struct, frozen=True):
    """Accepted calls, and how many of them nothing has been reported of."""

    many: int
    silent: int

    @property
    def share(self) -> float:
        return self.silent / self.many if self.many else 0.0


def has_failed(*, bad: int, good: int, on_trial: bool) -> bool:
    """Decide by the settled calls of the window, half of which failed."""
    return bad >= (1 if on_trial else LEAST) and bad >= SHARE * (bad + good)


def has_gone_silent(now: Silence, usually: Silence) -> bool:
    """Decide whether reports stay away that usually come."""
    enough = now.many >= SAMPLE and usually.many >= SAMPLE
    return enough and usually.share <= USUALLY and now.share >= SHARE


def standing(db: Session) -> dict[Sender, Pause]:
    """Return the senders that rest or are on trial."""
    return {
        (row.provider, row.sender): Pause(
            reason=row.reason, times=row.times, until=row.until, is_closed=row.is_closed
        )
        for row in db.execute(_STANDING)
    }  # fmt: skip


def on_trial(db: Session, pauses: dict[Sender, Pause]) -> set[Sender]:
    """Return the senders on trial, and close the breaker of those whose trial went well."""
    trying = {sender: pause for sender, pause in pauses.items() if not pause.is_closed}
    if not trying:
        return set()
    counted = _recent(db, {sender: pause.until for sender, pause in trying.items()})
    well = {sender for sender, (bad, good) in counted.items() if good and not bad}
    for provider, sender in sorted(well):
        db.execute(_CLOSE, {"provider": provider, "sender": sender})
    return set(trying) - well


def judge(db: Session, senders: Collection[Sender]) -> set[Sender]:
    """Open the breakers of those senders, calls by which have just failed, that have failed too often; return them."""
    pauses = standing(db)
    asked = {sender: pauses[sender].until if sender in pauses else None for sender in senders}
    opened = set()
    for sender, (bad, good) in _recent(db, asked).items():
        trial = sender in pauses and pauses[sender].times > 0
        if has_failed(bad=bad, good=good, on_trial=trial) and _open(db, sender, FAILING):
            opened.add(sender)
    return opened


def watch(db: Session, providers: Providers) -> set[Sender]:
    """
    Open the breakers of senders whose reports stay away, where another way is open; return them. Safe to run anywhere.

    When callbacks wait here to be applied, or every sender is silent at once, it is we who are not listening.
    """
    ways = {channel: {sender_of(route) for route in providers.routes(channel)} for channel in CHANNELS}
    if not any(len(senders) > 1 for senders in ways.values()):
        return set()
    with in_index_order(db):
        is_behind = db.execute(_BEHIND).scalar_one()
    if is_behind:
        return set()
    closed = {sender for sender, pause in standing(db).items() if pause.is_closed}
    now, reporting = machine_now(db), _reporting(providers)
    recent = {sender: _silence(db, sender, now - REPORTED_BY, SAMPLED) for sender in sorted(reporting - closed)}
    talking = {sender for sender, silence in recent.items() if silence.many and silence.share < SHARE}
    busy = [silence for silence in recent.values() if silence.many >= SAMPLE]
    if len(busy) > 1 and not talking:
        return set()
    opened = set()
    for sender, silence in recent.items():
        others = set().union(*(senders for senders in ways.values() if sender in senders)) - closed - {sender}
        if others and has_gone_silent(silence, _silence(db, sender, now - BEFORE[1], BEFORE[0] - BEFORE[1])):
            opened |= {sender} if _open(db, sender, LATE) else set()
    return opened


def _reporting(providers: Providers) -> set[Sender]:
    found: set[Sender] = set()
    for channel in CHANNELS:
        found |= {sender_of(route) for route in providers.routes(channel) if route.provider.can.reports_delivery}
    return found


def _recent(db: Session, asked: Mapping[Sender, datetime | None]) -> dict[Sender, tuple[int, int]]:
    if not asked:
        return {}
    since = earliest_id(machine_now(db) - WINDOW)
    given = {
        "since": since,
        "most": _SCANNED,
        "providers": [provider for provider, _ in asked],
        "senders": [sender for _, sender in asked],
        "after": [earliest_id(moment) if moment else since for moment in asked.values()],
    }
    return {(row.provider, row.sender): (row.bad, row.good) for row in db.execute(_RECENT, given)}


def _silence(db: Session, sender: Sender, until: datetime, span: timedelta) -> Silence:
    given = {"provider": sender[0], "sender": sender[1]}
    row = db.execute(_SILENT, {**given, "since": earliest_id(until - span), "until": earliest_id(until)}).one()
    return Silence(row.many, row.silent)


def _open(db: Session, sender: Sender, reason: str) -> bool:
    given = {"provider": sender[0], "sender": sender[1], "reason": reason, "rest": REST, "longest": LONGEST_REST}
    if db.execute(_OPEN, given).first() is None:
        return False
    OPENED.labels(sender[0], reason).inc()
    return True


def earliest_id(moment: datetime) -> UUID:
    """Return the smallest UUIDv7 of a moment (machine time): attempts are found by when they were claimed."""
    return UUID(bytes=int(moment.timestamp() * 1000).to_bytes(6) + bytes(10))
