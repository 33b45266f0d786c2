"""What needs a person: triggers and runs set aside, with their reasons and a way to try again; unknown calls."""

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Response
from litestar.params import FromPath, FromQuery
from msgspec import Struct

from notifier import clock
from notifier.console.parts import Asked
from notifier.console.render import get, page, post, redirect
from notifier.history import attention as needed
from notifier.journeys import replay


class AttentionPage(Struct, frozen=True, kw_only=True):
    """The three lists, each with the cursor of what comes after it; and how much is unknown of each provider."""

    triggers: list[dict[str, Any]]
    runs: list[dict[str, Any]]
    unknown: list[dict[str, Any]]
    unknown_by_provider: list[dict[str, Any]]
    older_triggers: int | None
    older_runs: int | None
    more_unknown: UUID | None
    machine: datetime
    """Machine time, by which calls and their evidence are waited for."""


@get("/attention", name="console.attention")
def attention(
    desk: Asked,
    triggers: FromQuery[int | None] = None,
    runs: FromQuery[int | None] = None,
    unknown: FromQuery[UUID | None] = None,
) -> Response[str]:
    """List what is set aside and what is unknown, each list from its own cursor on."""
    with desk.parts.database.begin() as db:
        failed_triggers = needed.failed_triggers(db, before=triggers)
        failed_runs = needed.failed_runs(db, before=runs)
        calls = needed.unknown_calls(db, after=unknown)
        shown = AttentionPage(
            triggers=failed_triggers,
            runs=failed_runs,
            unknown=calls,
            unknown_by_provider=needed.unknown_by_provider(db),
            older_triggers=_older(failed_triggers),
            older_runs=_older(failed_runs),
            more_unknown=_older(calls),
            machine=clock.machine_now(db),
        )
        return page(desk, db, "attention/index.html", shown)


@post("/triggers/{trigger_id:int}/replay")
def replay_trigger(desk: Asked, trigger_id: FromPath[int]) -> Response[Any]:
    """Put a failed trigger back in its customer's queue."""
    with desk.parts.database.begin() as db:
        replay.replay_trigger(db, trigger_id, now=clock.business_now(db))
    return redirect("/console/attention", done="replayed")


@post("/runs/{run_id:int}/replay")
def replay_run(desk: Asked, run_id: FromPath[int]) -> Response[Any]:
    """Let a failed run go on from where it stopped."""
    with desk.parts.database.begin() as db:
        replay.replay_run(db, run_id, now=clock.business_now(db))
    return redirect("/console/attention", done="replayed")


def _older(page_of: list[dict[str, Any]]) -> Any:
    return page_of[-1]["id"] if len(page_of) == needed.PAGE else None


HANDLERS: list[Any] = [attention, replay_trigger, replay_run]
