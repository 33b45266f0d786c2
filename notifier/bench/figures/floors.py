"""The floors: what the same messages cost when only one thing is done with them, in one process on this machine now."""

import asyncio
import gc
import time
from collections.abc import Iterator, Sequence
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from msgspec import Struct
from psycopg import sql
from sqlalchemy import text

from notifier.bench.place import plain
from notifier.house import House
from notifier.providers.contract import Content, Email
from notifier.providers.transport import Answer, Transport
from notifier.rendering.facts import Brand, Facts, Links
from notifier.rendering.render import render
from notifier.sending import loop

_MESSAGES = text("""
    SELECT m.id, m.template, m.channel, m.locale, m.country, m.timezone, m.customer_id, c.name, t.data
    FROM messages m JOIN triggers t ON t.id = m.trigger_id JOIN customers c ON c.id = m.customer_id
    WHERE m.state <> 'skipped' AND t.id > :after ORDER BY m.id LIMIT :many
""")
_WRITTEN = ("triggers", "handled_triggers", "runs", "message_keys", "messages", "contents", "attempts", "events")
"""What a message leaves behind."""


class Floors(Struct, frozen=True, kw_only=True):
    """Messages a second when nothing else is done."""

    render: float
    http: float
    writes: float

    @property
    def seconds(self) -> float:
        """Seconds a message, the three after one another."""
        return 1 / self.render + 1 / self.http + 1 / self.writes


def measure(house: House, sink_url: str, *, after: int, messages: int) -> Floors:
    """Take the floors of the run whose triggers have ids above `after` and that sent `messages`."""
    # One template after the other, as a worker does within a claim.
    sample = sorted(_sample(house, after, min(messages, 4000)), key=lambda of: (of.template, of.channel, of.locale))
    house.library.compile()
    gc.collect()
    gc.freeze()  # as a worker does: what the bench remembers of its runs is not to be looked through meanwhile
    begun = time.perf_counter()
    contents = [render(house.library, facts) for facts in sample]
    rendered = time.perf_counter() - begun
    gc.unfreeze()
    bodies = [_body(facts.message_id, content) for facts, content in zip(sample, contents, strict=True)]
    return Floors(
        render=len(sample) / rendered,
        http=len(bodies) / loop.run(_post(sink_url, bodies, house.settings.calls)),
        writes=messages / _write(house.database.url, after),
    )


def _sample(house: House, after: int, many: int) -> list[Facts]:
    brand = Brand(name="Bench", address="1 Main Street", support_email="help@example.com")
    with house.database.begin() as db:
        found = db.execute(_MESSAGES, {"after": after, "many": many}).all()
    return [
        Facts(
            message_id=row.id, template=row.template, channel=row.channel, locale=row.locale, country=row.country,
            timezone=row.timezone, customer_id=row.customer_id, customer_name=row.name, data=row.data, brand=brand,
            links=Links(public_url="https://bench.example", token=str(row.id)),
        )
        for row in found
    ]  # fmt: skip


def _body(ident: UUID, content: Content) -> bytes:
    words = str(content.html) + content.text if isinstance(content, Email) else str(content)
    return f'{{"attempt_id":"{ident}"}}'.encode() + words.encode()


async def _post(url: str, bodies: Sequence[bytes], calls: int) -> float:
    """Return the seconds for posting them all, `calls` at once."""
    transport, left = Transport(), iter(bodies)

    async def work(given: Iterator[bytes]) -> None:
        for body in given:
            answer = await transport.call("POST", f"{url}/v3/mail/send", headers={}, body=body)
            if not isinstance(answer, Answer) or answer.status != 202:
                raise ConnectionError(f"the sink did not take a request: {answer}")

    try:
        await asyncio.gather(*(work(iter(())) for _ in range(calls)))
        begun = time.perf_counter()
        await asyncio.gather(*(work(left) for _ in range(calls)))
        return time.perf_counter() - begun
    finally:
        await transport.close()


def _write(url: str, after: int) -> float:
    """Return the seconds for copying the run's own rows into empty tables with the same indexes, in one transaction."""
    with psycopg.connect(plain(url), autocommit=True) as connection:
        kept = [(table, _rows(connection, table, after)) for table in _WRITTEN]
        for table, _ in kept:
            connection.execute(
                sql.SQL("CREATE TABLE {} (LIKE {} INCLUDING ALL)").format(
                    sql.Identifier(f"floor_{table}"), sql.Identifier(table)
                )
            )
        begun = time.perf_counter()
        with connection.transaction(), connection.cursor() as cursor:
            for table, raw in kept:
                into = sql.SQL("COPY {} FROM STDIN (FORMAT binary)").format(sql.Identifier(f"floor_{table}"))
                with cursor.copy(into) as copying:
                    for chunk in raw:
                        copying.write(chunk)
        seconds = time.perf_counter() - begun
        for table, _ in kept:
            connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(f"floor_{table}")))
    return seconds


def _rows(connection: psycopg.Connection[Any], table: str, after: int) -> list[bytes]:
    chosen = sql.SQL(_OF_RUN.get(table, _OURS)).format(table=sql.Identifier(table), after=sql.Literal(after))
    with connection.cursor().copy(sql.SQL("COPY ({}) TO STDOUT (FORMAT binary)").format(chosen)) as copying:
        return [bytes(chunk) for chunk in copying]


_OURS = "SELECT f.* FROM {table} f JOIN messages m ON m.id = f.message_id WHERE m.trigger_id > {after}"
_OF_RUN: dict[str, LiteralString] = {
    "triggers": "SELECT * FROM triggers WHERE id > {after}",
    "handled_triggers": "SELECT * FROM handled_triggers WHERE trigger_id > {after}",
    "runs": "SELECT * FROM runs WHERE trigger_id > {after}",
    "messages": "SELECT * FROM messages WHERE trigger_id > {after}",
}
