"""CPU time by kind of process, so that a rate can be explained."""

from collections.abc import Iterable, Sequence
from contextlib import suppress

import psutil
from msgspec import Struct
from sqlalchemy import text

from notifier.db import Database

_SERVER = text("""
    SELECT pid FROM pg_stat_activity
    WHERE datname = current_database()
    OR backend_type IN ('walwriter', 'checkpointer', 'background writer', 'autovacuum worker')
""")


class Spent(Struct, frozen=True):
    """CPU seconds."""

    workers: float
    postgresql: float
    rest: float
    """The sink, the web process and the bench itself."""

    def since(self, earlier: "Spent") -> "Spent":
        """Return what was spent between the two."""
        return Spent(self.workers - earlier.workers, self.postgresql - earlier.postgresql, self.rest - earlier.rest)


def spent(database: Database, workers: Sequence[int]) -> Spent:
    """Read the clocks of this process, its children and the database's server; `workers` are process ids."""
    with database.begin() as db:
        server = db.execute(_SERVER).scalars().all()
    me = psutil.Process()
    ours = [me.pid, *(child.pid for child in me.children(recursive=True))]
    return Spent(_sum(workers), _sum(server), _sum(pid for pid in ours if pid not in {*workers, *server}))


def memory(pids: Sequence[int]) -> float:
    """Return the largest resident set among the processes, in MiB."""
    sizes = [0.0]
    for pid in pids:
        with suppress(psutil.NoSuchProcess):
            sizes.append(psutil.Process(pid).memory_info().rss / 2**20)
    return max(sizes)


def _sum(pids: Iterable[int]) -> float:
    total = 0.0
    for pid in pids:
        with suppress(psutil.NoSuchProcess):
            times = psutil.Process(pid).cpu_times()
            total += times.user + times.system
    return total
