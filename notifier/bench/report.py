"""What was measured, as one JSON line or as a table."""

from collections.abc import Iterator
from typing import Any

from notifier.bench.figures.doors import Door
from notifier.bench.figures.latency import Latency
from notifier.bench.figures.whole import Whole
from notifier.bench.measure import Measured


def as_json(measured: Measured) -> dict[str, Any]:
    """Return every figure; rates are per second, `floor_ratio` is the time taken as a multiple of the floor's."""
    asked = measured.asked
    told: dict[str, Any] = {
        "end_to_end": {**_run(measured.whole), "floor_ratio": ratio(measured, measured.whole)},
        "end_to_end_one_worker": {**_run(measured.single), "floor_ratio": ratio(measured, measured.single)},
        "floors": {
            "render_per_second": measured.floors.render,
            "http_per_second": measured.floors.http,
            "writes_per_second": measured.floors.writes,
            "sum_per_second": 1 / measured.floors.seconds,
        },
        "intake": {"batched": _door(measured.doors.batches), "single": _door(measured.doors.singles)},
        "webhooks": {"events": _door(measured.doors.events), "single": _door(measured.doors.status_callbacks)},
        "latency": {"idle": _latency(measured.idle), "behind_bulk": _latency(measured.behind_bulk)},
        "history": {
            "messages": measured.reading.messages,
            "timeline_p50_ms": measured.reading.p50_ms,
            "timeline_p95_ms": measured.reading.p95_ms,
            "floor_ms": measured.reading.floor_ms,
        },
        "memory_mb": max(run.memory_mb for run in _runs(measured)),
        "lost": sum(run.lost for run in _runs(measured)),
        "doubled": sum(run.doubled for run in _runs(measured)),
        "workers": asked.workers,
        "triggers": asked.triggers,
    }
    if measured.reported:
        told["end_to_end_with_callbacks"] = {
            **_run(measured.reported), "floor_ratio": ratio(measured, measured.reported)
        }  # fmt: skip
    if measured.after_history:
        told["history"]["end_to_end"] = _run(measured.after_history)
        told["history"]["slowdown"] = measured.whole.per_second / measured.after_history.per_second
    return told


def ratio(measured: Measured, run: Whole) -> float:
    """Return how many times as long as the three floors, one after another in one process, a message took."""
    return 1 / run.per_second / measured.floors.seconds if run.per_second else 0.0


def table(measured: Measured) -> Iterator[str]:
    """Yield the lines of a table a person reads."""
    floors = measured.floors
    yield f"{'':<38}{'per second':>12}{'floor':>12}{'× floor':>9}"
    total = 1 / floors.seconds
    runs = [
        ("end to end, 1 worker", measured.single),
        (f"end to end, {measured.whole.workers} workers", measured.whole),
    ]
    if measured.reported:
        runs.append(("  with every callback applied", measured.reported))
    if measured.after_history:
        runs.append((f"  with {measured.reading.messages:,} messages of history", measured.after_history))
    for name, run in runs:
        yield _line(name, run.per_second, total)
        yield f"    {_cost(run)}"
    for name, door in (
        ("intake, batches of 1,000", measured.doors.batches),
        ("intake, single requests", measured.doors.singles),
        ("webhooks, SendGrid events", measured.doors.events),
        ("webhooks, Twilio callbacks", measured.doors.status_callbacks),
    ):
        yield _line(name, door.per_second, door.floor)
    yield ""
    yield f"floors: render {floors.render:,.0f}/s, HTTP {floors.http:,.0f}/s, writes {floors.writes:,.0f}/s"
    for latency in (measured.idle, measured.behind_bulk):
        name = f"behind {latency.bulk:,} bulk" if latency.bulk else "idle"
        yield (
            f"trigger → provider, {name}: p50 {latency.p50:.3f} s, p95 {latency.p95:.3f} s, worst {latency.worst:.3f} s"
        )
    reading = measured.reading
    yield (
        f"timeline with {reading.messages:,} messages: p50 {reading.p50_ms:.2f} ms, p95 {reading.p95_ms:.2f} ms "
        f"(one row: {reading.floor_ms:.2f} ms)"
    )
    runs_made = _runs(measured)
    yield (
        f"largest worker {max(run.memory_mb for run in runs_made):.0f} MiB; lost {sum(run.lost for run in runs_made)}, "
        f"doubled {sum(run.doubled for run in runs_made)} of {sum(run.messages for run in runs_made):,}"
    )


def _runs(measured: Measured) -> list[Whole]:
    runs = (measured.single, measured.whole, measured.reported, measured.after_history)
    return [run for run in runs if run]


def _line(name: str, rate: float, floor: float) -> str:
    return f"{name:<38}{rate:>12,.0f}{floor:>12,.0f}{floor / rate if rate else 0:>9.2f}"


def _cost(run: Whole) -> str:
    if not run.messages:
        return "no messages"
    micro = 1e6 / run.messages
    return (
        f"{run.messages:,} messages in {run.seconds:.1f} s; CPU a message: workers {run.cpu.workers * micro:.0f} µs, "
        f"PostgreSQL {run.cpu.postgresql * micro:.0f} µs, sink and web {run.cpu.rest * micro:.0f} µs"
    )


def _run(run: Whole) -> dict[str, Any]:
    return {
        "per_second": run.per_second, "per_second_per_worker": run.per_second / run.workers, "messages": run.messages,
        "seconds": run.seconds, "by_channel": run.by_channel, "lost": run.lost, "doubled": run.doubled,
        "memory_mb": run.memory_mb,
        "cpu_seconds": {"workers": run.cpu.workers, "postgresql": run.cpu.postgresql, "rest": run.cpu.rest},
    }  # fmt: skip


def _door(door: Door) -> dict[str, float]:
    return {
        "per_second": door.per_second, "floor_per_second": door.floor, "floor_ratio": door.floor / door.per_second,
    }  # fmt: skip


def _latency(latency: Latency) -> dict[str, float]:
    return {
        "p50_s": latency.p50, "p95_s": latency.p95, "worst_s": latency.worst, "triggers": latency.many,
        "bulk": latency.bulk,
    }  # fmt: skip
