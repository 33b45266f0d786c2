"""`notifier brakes` on the command line."""

import getpass
from collections.abc import Iterator

import click

from notifier.brakes.models import KINDS, Brake
from notifier.settings import Settings

KIND = click.Choice(KINDS)


@click.group(invoke_without_command=True)
@click.pass_context
def brakes(context: click.Context) -> None:
    """Stop everything, a provider, a journey or a topic at once; without a command: list what is stopped."""
    from notifier.brakes import pull as brake
    from notifier.house import House

    if context.invoked_subcommand:
        return
    with House(context.obj) as house, house.database.begin() as db:
        for line in _lines(brake.pulled(db)):
            click.echo(line)


@brakes.command()
@click.argument("kind", type=KIND)
@click.argument("name", default="")
@click.option("--why", required=True, help="For whoever finds it pulled.")
@click.option("--by", "who", default=getpass.getuser, help="Your name; the account you are signed in with otherwise.")
@click.pass_obj
def pull(settings: Settings, kind: str, name: str, why: str, who: str) -> None:
    """Stop KIND NAME: `pull everything`, `pull provider twilio`, `pull journey payment-failed`, `pull topic offers`."""
    from notifier.brakes import pull as brake
    from notifier.house import House

    with House(settings) as house:
        names = list(house.providers)
        with house.database.begin() as db:
            pulled = brake.pull(db, kind, name, who=who, why=why, known=brake.targets(db, names))
        click.echo(f"stopped: {_said(pulled)}. Nothing of it is sent until `notifier brakes release {_said(pulled)}`.")


@brakes.command()
@click.argument("kind", type=KIND)
@click.argument("name", default="")
@click.option("--by", "who", default=getpass.getuser, help="Your name; the account you are signed in with otherwise.")
@click.pass_obj
def release(settings: Settings, kind: str, name: str, who: str) -> None:
    """Let KIND NAME go on. What has expired meanwhile is not sent."""
    from notifier.brakes import pull as brake
    from notifier.house import House

    with House(settings) as house:
        with house.database.begin() as db:
            released = brake.release(db, kind, name, who=who)
        click.echo(f"goes on: {_said(released)}")


def _lines(pulled: list[Brake]) -> Iterator[str]:
    if not pulled:
        yield "nothing is stopped"
    for brake in pulled:
        yield f"{_said(brake):32} since {brake.pulled_at:%Y-%m-%d %H:%M} UTC, by {brake.pulled_by}: {brake.why}"


def _said(brake: Brake) -> str:
    return f"{brake.kind} {brake.name}".strip()
