"""All the measurements, one after another, on one database of their own."""

from collections.abc import Callable

from msgspec import Struct

from notifier.bench import feed, place
from notifier.bench.figures import doors, floors, history, latency, whole
from notifier.bench.figures.doors import Doors
from notifier.bench.figures.floors import Floors
from notifier.bench.figures.history import Reading
from notifier.bench.figures.latency import Latency
from notifier.bench.figures.whole import Whole
from notifier.bench.outside import callbacks
from notifier.bench.outside.sink import Told
from notifier.house import House
from notifier.settings import Settings

SINGLES = 60
"""Triggers whose way is timed one by one."""
DOORS = 10_000
"""Triggers the doors are measured with, at least; a quarter of them one a request."""


class Asked(Struct, frozen=True, kw_only=True):
    """How much is to be measured."""

    triggers: int
    workers: int
    history: int
    """Messages of history; 0 for none but what the runs leave."""
    bulk: int
    """Triggers of the bulk run others have to pass."""
    with_callbacks: bool = True


class Measured(Struct, frozen=True, kw_only=True):
    """What came out."""

    asked: Asked
    single: Whole
    floors: Floors
    whole: Whole
    reported: Whole | None
    doors: Doors
    idle: Latency
    behind_bulk: Latency
    reading: Reading
    after_history: Whole | None


def measure(settings: Settings, asked: Asked, tell: Callable[[str], None]) -> Measured:
    """
    Measure everything asked for; `tell` hears what is being done.

    Raises:
        Stuck: a run did not come to its end.
    """
    port, (private, public) = doors.free_port(), callbacks.keys()
    with place.database(settings) as url, place.sink(Told()) as sink:
        environ = place.environment(url, sink, port=port, sendgrid_key=public)
        with whole.prepare(environ) as house:
            return _Bench(house, sink, environ, asked, tell, private=private, port=port).run()


class _Bench:
    """One bench: customers are numbered through, so that every run has new ones."""

    def __init__(
        self, house: House, sink: str, environ: dict[str, str], asked: Asked, tell: Callable[[str], None], *,
        private: str, port: int,
    ) -> None:  # fmt: skip
        self._house, self._sink, self._environ, self._asked, self._tell = house, sink, environ, asked, tell
        self._private, self._port = private, port
        self._used = 0

    def run(self) -> Measured:
        asked = self._asked
        self._run("warming up", min(500, asked.triggers), workers=1)
        single = self._run("end to end, one worker", asked.triggers, workers=1)
        self._tell("floors: rendering, HTTP, writing")
        floor = floors.measure(self._house, self._sink, after=single.after, messages=single.messages)
        fleet = self._run(f"end to end, {asked.workers} workers", asked.triggers, workers=asked.workers)
        reported = self._reported() if asked.with_callbacks else None
        self._tell("latency, idle")
        idle = self._latency(0)
        self._tell(f"latency, behind {asked.bulk:,} bulk triggers")
        behind = self._latency(asked.bulk)
        self._tell("doors: triggers and callbacks")
        taken_in = self._doors()
        later = None
        if asked.history:
            self._tell(f"a history of {asked.history:,} messages")
            self._work_off()
            history.fill(self._house.database, asked.history)
            self._run("warming up", min(500, asked.triggers), workers=asked.workers)
            later = self._run("end to end, with history", asked.triggers, workers=asked.workers)
        return Measured(
            asked=asked, single=single, floors=floor, whole=fleet, reported=reported, idle=idle, behind_bulk=behind,
            doors=taken_in, after_history=later, reading=history.read(self._house.database),
        )  # fmt: skip

    def _run(self, what: str, many: int, *, workers: int) -> Whole:
        self._tell(what)
        return whole.run(self._house, self._sink, self._environ, workers=workers, raws=self._customers(many))

    def _reported(self) -> Whole:
        self._tell(f"end to end with callbacks, {self._asked.workers} workers and a web process")
        url = f"http://127.0.0.1:{self._port}"
        told = Told(
            events_url=f"{url}/hooks/sendgrid/events", twilio_token=place.TWILIO_TOKEN, sendgrid_key=self._private
        )
        with place.sink(told) as sink:
            environ = {**self._environ, "NOTIFIER_TWILIO_API_URL": sink, "NOTIFIER_SENDGRID_API_URL": sink}
            with place.children([["web"]], environ):
                doors.wait_until_open(self._port)
                return whole.run(
                    self._house, sink, environ, workers=self._asked.workers, raws=self._customers(self._asked.triggers),
                    with_callbacks=True,
                )  # fmt: skip

    def _latency(self, bulk: int) -> Latency:
        pile = self._customers(bulk, kinds=feed.BULK) if bulk else []
        raws = self._customers(SINGLES)
        workers = self._asked.workers
        return latency.measure(self._house, self._sink, self._environ, workers=workers, raws=raws, bulk=pile)

    def _doors(self) -> Doors:
        raws = self._customers(max(self._asked.triggers, DOORS))
        with place.children([["web"]], self._environ):
            doors.wait_until_open(self._port)
            return doors.measure(
                self._house, self._sink, f"http://127.0.0.1:{self._port}", sendgrid_key=self._private, raws=raws,
                singles=len(raws) // 4,
            )  # fmt: skip

    def _work_off(self) -> None:
        """Let workers finish what was only taken in."""
        whole.run(self._house, self._sink, self._environ, workers=self._asked.workers, raws=[])

    def _customers(self, many: int, *, kinds: tuple[str, ...] = feed.TYPES) -> list[bytes]:
        raws = whole.settle_in(self._house.database, many, first=self._used, kinds=kinds)
        self._used += many
        return raws
