"""What the sandbox must remember, written to a SQLite file in batches, append-only, off the request path."""

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

_ENCODER = msgspec.msgpack.Encoder()


class Tape:
    """
    An append-only log of `(kind, value)`.

    A batch is written every `pause` seconds: what a power cut within that time swallows is a stand-in's memory, and
    nobody's message.
    """

    def __init__(self, path: Path, *, pause: float = 0.2) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._file.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=5000;"
            "CREATE TABLE IF NOT EXISTS tape (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, value BLOB NOT NULL);"
        )
        self._waiting: list[tuple[str, bytes]] = []
        self._pause = pause
        # A cancelled `run` leaves its thread writing; the file must not be closed, or written elsewhere, under it.
        self._one = threading.Lock()

    def write(self, kind: str, value: Any) -> None:
        self._waiting.append((kind, _ENCODER.encode(value)))

    def read(self) -> Iterator[tuple[str, bytes]]:
        yield from self._file.execute("SELECT kind, value FROM tape ORDER BY id")

    def restart(self, entries: list[tuple[str, Any]]) -> None:
        """Replace everything by `entries`: what is forgotten must not make the file grow for ever."""
        self._waiting.clear()
        with self._one, self._transaction():
            self._file.execute("DELETE FROM tape")
            self._insert([(kind, _ENCODER.encode(value)) for kind, value in entries])

    def flush(self) -> None:
        with self._one:
            self._flush()

    async def run(self) -> None:
        """Flush now and then until cancelled."""
        while True:
            await asyncio.sleep(self._pause)
            await asyncio.to_thread(self.flush)

    def close(self) -> None:
        with self._one:
            self._flush()
            self._file.close()

    def _flush(self) -> None:
        batch, self._waiting = self._waiting, []
        if batch:
            with self._transaction():
                self._insert(batch)

    def _insert(self, rows: list[tuple[str, bytes]]) -> None:
        self._file.executemany("INSERT INTO tape (kind, value) VALUES (?, ?)", rows)

    def _transaction(self) -> "_Transaction":
        return _Transaction(self._file)


class _Transaction:
    def __init__(self, file: sqlite3.Connection) -> None:
        self._file = file

    def __enter__(self) -> None:
        self._file.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._file.execute("COMMIT" if kind is None else "ROLLBACK")
