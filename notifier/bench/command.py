"""`notifier bench` on the command line."""

import os

import click
import msgspec

from notifier.settings import Settings


class _Count(click.ParamType[int]):
    """A whole number, also written `1e6`."""

    name = "count"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            number = float(str(value))
        except ValueError:
            self.fail(f"{value!r} is no number.", param, ctx)
        if not (number.is_integer() and 0 <= number <= 100_000_000):
            self.fail(f"{value!r} is no whole number between 0 and 1e8.", param, ctx)
        return int(number)


COUNT = _Count()


@click.command()
@click.option("--triggers", type=COUNT, default="10000", show_default=True, help="Of each run; two messages each.")
@click.option("--workers", type=click.IntRange(1, 64), default=os.cpu_count() or 1, show_default="cores")
@click.option(
    "--history", type=COUNT, default="0", show_default=True, help="Messages of history to fill in, then run again."
)
@click.option("--bulk", type=COUNT, default="5000", show_default=True, help="Bulk triggers that others have to pass.")
@click.option("--callbacks/--no-callbacks", default=True, help="Also a run in which every message is reported on.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line.")
@click.pass_obj
def bench(
    settings: Settings, *, triggers: int, workers: int, history: int, bulk: int, callbacks: bool, as_json: bool
) -> None:
    """Measure this machine: trigger to provider, intake, callbacks, history; each beside its floor."""
    from notifier.bench import measure, report

    asked = measure.Asked(
        triggers=max(triggers, 100), workers=workers, history=history, bulk=bulk, with_callbacks=callbacks
    )
    measured = measure.measure(settings, asked, lambda what: click.echo(f"… {what}", err=True))
    if as_json:
        click.echo(msgspec.json.encode(report.as_json(measured)).decode())
    else:
        for line in report.table(measured):
            click.echo(line)
