"""Rate limits of senders, kept in tokens all workers share: what is to be claimed is paid for first."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.db import Database
from notifier.providers.contract import Content, Route, Text
from notifier.providers.registry import CHANNELS, Providers
from notifier.rendering import segments
from notifier.sending.ways.routes import Sender, sender_of

T = TypeVar("T")

KEPT_FROM_BULK = 0.2
"""Of the burst: what bulk leaves for whatever is more urgent."""

_REFILL = text("""
    INSERT INTO sender_tokens AS s (provider, sender, tokens, burst, per_second, at)
    SELECT provider, sender, burst, burst, per_second, clock_timestamp()
    FROM unnest(CAST(:providers AS text[]), CAST(:senders AS text[]), CAST(:bursts AS float8[]),
                CAST(:rates AS float8[]))
         AS n(provider, sender, burst, per_second)
    ORDER BY provider, sender
    ON CONFLICT (provider, sender) DO UPDATE SET burst = excluded.burst, per_second = excluded.per_second,
        at = greatest(s.at, excluded.at), tokens = least(
            excluded.burst, s.tokens + excluded.per_second * greatest(0, extract(epoch FROM excluded.at - s.at)))
    RETURNING provider, sender, tokens
""")
_ADD = text("""
    UPDATE sender_tokens s SET tokens = least(s.burst, s.tokens + n.amount) FROM (
        SELECT s.provider, s.sender, n.amount
        FROM unnest(CAST(:providers AS text[]), CAST(:senders AS text[]), CAST(:amounts AS float8[]))
             AS n(provider, sender, amount)
        JOIN sender_tokens s USING (provider, sender) ORDER BY 1, 2 FOR UPDATE OF s
    ) AS n WHERE s.provider = n.provider AND s.sender = n.sender
""")


def limited(providers: Providers) -> dict[Sender, Route]:
    """Return the senders with a rate limit, each with the route that says it; of several the strictest."""
    found: dict[Sender, Route] = {}
    for channel in CHANNELS:
        for route in providers.routes(channel):
            known = found.get(sender_of(route))
            if route.per_second and (known is None or route.per_second < (known.per_second or 0)):
                found[sender_of(route)] = route
    return found


def spend(
    database: Database,
    providers: Providers,
    work: Callable[[Session, dict[Sender, float]], T],
    *,
    lane: str,
    limit: int,
) -> T:
    """
    Do `work` in a transaction of its own, with what could be got of every limited sender.

    It gives back what it does not use; when it fails, all is given back.
    """
    routes = limited(providers)
    rooms = database.run(lambda db: reserve(db, routes, lane=lane, limit=limit)) if routes else {}
    try:
        return database.run(lambda db: work(db, rooms))
    except Exception:
        if rooms:
            database.run(lambda db: add(db, rooms))
        raise


def reserve(db: Session, routes: Mapping[Sender, Route], *, lane: str, limit: int) -> dict[Sender, float]:
    """
    Take up to `limit` tokens of every limited sender, in a transaction of its own; return what was got of each.

    What is not used is to be given back. A worker that dies in between has slowed its senders by that much, once.
    """
    bursts = {sender: route.burst or route.per_second or 0.0 for sender, route in routes.items()}
    found = db.execute(
        _REFILL,
        {
            "providers": [provider for provider, _ in routes],
            "senders": [sender for _, sender in routes],
            "bursts": [max(burst, 1.0) for burst in bursts.values()],
            "rates": [route.per_second for route in routes.values()],
        },
    )
    got: dict[Sender, float] = {}
    for row in found:
        sender = row.provider, row.sender
        spare = row.tokens - (KEPT_FROM_BULK * bursts[sender] if lane == "bulk" else 0.0)
        got[sender] = float(min(limit, max(0, int(spare))))
    add(db, {sender: -amount for sender, amount in got.items()})
    return got


def add(db: Session, amounts: Mapping[Sender, float]) -> None:
    """Give tokens back, or with a negative amount take what was used beyond the reserve."""
    changed = {sender: amount for sender, amount in amounts.items() if amount}
    if changed:
        db.execute(
            _ADD,
            {
                "providers": [provider for provider, _ in changed],
                "senders": [sender for _, sender in changed],
                "amounts": list(changed.values()),
            },
        )


def cost(route: Route, content: Content) -> float:
    """Return what a message costs its sender: segments where the provider counts them, else one."""
    if route.channel in route.provider.can.counts_segments and isinstance(content, Text):
        return float(segments.count(content.text).segments)
    return 1.0
