"""
The command line. Each command imports what it needs only when it runs, so that `notifier --help` answers at once and
the process that merely watches the others stays small.
"""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from notifier import logs
from notifier import settings as configuration
from notifier.bench.command import bench
from notifier.bounces import bounces
from notifier.braking import brakes
from notifier.callbacks import callbacks
from notifier.errors import NotifierError
from notifier.settings import Settings

if TYPE_CHECKING:
    from notifier.providers.contract import Channel


def main() -> None:
    """Run the command; an expected error is one line on standard error and exit code 2, never a traceback."""
    try:
        commands(prog_name="notifier")
    except NotifierError as error:
        lines = [str(error), *(f"  {field}: {problem}" for field, problem in getattr(error, "fields", {}).items())]
        click.echo("\n".join(lines), err=True)
        sys.exit(2)


@click.group(context_settings={"max_content_width": 100, "help_option_names": ["-h", "--help"]})
@click.version_option(package_name="subscription-notifier", prog_name="notifier")
@click.pass_context
def commands(context: click.Context) -> None:
    """Customer communication for subscription businesses: triggers in; email, SMS and WhatsApp out, once each."""
    from notifier.demo import card

    settings = configuration.load()
    context.obj = card.beside(settings) if context.invoked_subcommand in card.BESIDE else settings


@commands.command()
@click.option("--port", type=click.IntRange(1, 65000), help="Web process; the sandbox takes the next port.")
@click.option("--json", "as_json", is_flag=True, help="Print addresses and sign-ins as one JSON line.")
@click.pass_obj
def demo(settings: Settings, *, port: int | None, as_json: bool) -> None:
    """Watch a subscription business talk to its customers: everything on this machine, nothing to install."""
    from notifier.demo import run as business

    business.run(settings, port=port or settings.port, as_json=as_json)


@commands.command("demo-life", hidden=True)
@click.pass_obj
def demo_life(settings: Settings) -> None:
    """Play the demo's first month (the demo runs this once by itself)."""
    from notifier.demo import life as first_month
    from notifier.demo.orphan import follow_parent

    logs.configure(settings)
    follow_parent()
    first_month.live(settings)


@commands.command()
@click.pass_obj
def web(settings: Settings) -> None:
    """Serve the console, the customers' pages, the API and the providers' callbacks."""
    from notifier import app

    logs.configure(settings)
    app.serve(settings)


@commands.command()
@click.option("--processes", type=click.IntRange(1, 64), default=1, show_default=True, help="One per core is plenty.")
@click.pass_obj
def worker(settings: Settings, processes: int) -> None:
    """Plan and send messages, apply callbacks, tick. Run as many as you like, on as many machines."""
    from notifier import worker as workers

    logs.configure(settings)
    if processes == 1:
        workers.serve(settings)
    else:
        workers.serve_many(processes)


@commands.command()
@click.pass_obj
def tick(settings: Settings) -> None:
    """Ring once for whatever is due (workers do it every second by themselves)."""
    from notifier import tick as ticking
    from notifier.house import House

    with House(settings) as house:
        ticking.tick(house.database)


@commands.command()
@click.pass_obj
def migrate(settings: Settings) -> None:
    """Bring the database to this version's tables, and publish the templates and journeys."""
    from notifier import publish
    from notifier.house import House

    with House(settings, may_create=True) as house:
        for line in publish.publish(house):
            click.echo(line)


@commands.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65000), help="Default: one above the web process's.")
@click.pass_obj
def sandbox(settings: Settings, host: str, port: int | None) -> None:
    """Stand in for Twilio and SendGrid, with phones and mailboxes to look at and answer from."""
    from notifier.demo.orphan import follow_parent
    from notifier.sandbox import app as stand_in

    if settings.demo:
        follow_parent()
    stand_in.serve(stand_in.configured(settings), host, port or settings.port + 1)


@commands.command()
@click.argument("file", type=click.File("rb"))
@click.pass_obj
def trigger(settings: Settings, file: Any) -> None:
    """Accept the CloudEvents in FILE (`-` for standard input): one object or a list of them."""
    from notifier import trigger_file
    from notifier.house import House

    with House(settings) as house:
        accepted, refused = trigger_file.accept(house, file.read())
    for line in accepted:
        click.echo(line)
    for line in refused:
        click.echo(line, err=True)
    if refused:
        sys.exit(2)


@commands.group()
def templates() -> None:
    """The words: check and preview them."""


@templates.command("check")
def templates_check() -> None:
    """Check every template in every locale and channel against the triggers it is for."""
    from notifier.i18n.shipped import directory
    from notifier.rendering import check

    _report("templates", check.check(directory("templates")))


@templates.command("push")
@click.pass_obj
def templates_push(settings: Settings) -> None:
    """Register the WhatsApp wordings with Twilio; print what NOTIFIER_WHATSAPP_CONTENT is to be."""
    from notifier.approvals import push
    from notifier.house import House

    with House(settings) as house:
        click.echo(msgspec.json.encode(push(house)))


@templates.command("preview")
@click.argument("template")
@click.argument("channel", type=click.Choice(["email", "sms", "whatsapp"]))
@click.option("--locale", default="en", show_default=True)
def templates_preview(template: str, channel: "Channel", locale: str) -> None:
    """Print TEMPLATE as a sample customer would get it on CHANNEL."""
    from notifier.i18n.shipped import directory
    from notifier.rendering import preview
    from notifier.rendering.approval import SAMPLED_ON
    from notifier.rendering.library import Library

    library = Library.load(directory("templates"))
    content = preview.preview(library, template, channel, locale, today=SAMPLED_ON)
    click.echo("\n".join(part for part in (getattr(content, "subject", ""), content.text) if part))


@commands.group()
def journeys() -> None:
    """The rules: check them."""


@journeys.command("check")
def journeys_check() -> None:
    """Check every journey: its triggers, conditions, steps and templates."""
    from notifier.i18n.shipped import directory
    from notifier.journeys.rules import check

    _report("journeys", check.check(directory("templates")))


@commands.group()
def billing() -> None:
    """The small billing core that comes along."""


@billing.command("advance")
@click.option("--to", "to", required=True, metavar="DATE", help="`2026-12-24` (14:00 UTC) or `2026-12-24T09:00Z`.")
@click.pass_obj
def billing_advance(settings: Settings, to: str) -> None:
    """Move the business clock to DATE, doing and sending everything that falls due on the way, in order."""
    from notifier import timekeeper
    from notifier.house import House

    at = timekeeper.instant(to)
    with House(settings) as house:
        performed = timekeeper.advance(house, at)
    counts = msgspec.structs.asdict(performed).items()
    click.echo(", ".join(f"{count} {what}" for what, count in counts if count) or "nothing was due")


@commands.group()
def staff() -> None:
    """Who may use the console."""


@staff.command("add")
@click.argument("email")
@click.option("--name", required=True)
@click.option("--role", type=click.Choice(["marketer", "support", "admin"]), required=True)
@click.option("--password-file", type=click.Path(path_type=Path, exists=True), help="Default: one is made and printed.")
@click.pass_obj
def staff_add(settings: Settings, email: str, name: str, role: str, password_file: Path | None) -> None:
    """Let EMAIL sign in."""
    from notifier.house import House
    from notifier.staff import add

    password = password_file.read_text().strip() if password_file else ""
    with House(settings) as house, house.database.begin() as db:
        made, password = add.add(db, email=email, name=name, role=role, password=password)
    click.echo(made.email if password_file else f"{made.email}  {password}")


@commands.group()
def keys() -> None:
    """Keys for machines that call the API."""


@keys.command("add")
@click.argument("name")
@click.pass_obj
def keys_add(settings: Settings, name: str) -> None:
    """Make an API key called NAME and print it; it cannot be shown again."""
    from notifier.house import House
    from notifier.staff import keys as api_keys

    with House(settings) as house, house.database.begin() as db:
        _, plaintext = api_keys.add(db, name)
    click.echo(plaintext)


@commands.command()
@click.pass_obj
def doctor(settings: Settings) -> None:
    """Say in words what is misconfigured, and list every setting."""
    from notifier import doctor as checks

    findings = checks.examine(settings)
    for finding in findings:
        click.echo(f"! {finding}")
    click.echo("Everything needed is set." if not findings else f"{len(findings)} to mend.")
    for name, default, what in configuration.described():
        click.echo(f"{name:36} {what}{f' [{default}]' if default else ''}")
    if findings:
        sys.exit(1)


def _report(what: str, problems: Iterable[Any]) -> None:
    found = list(problems)
    for problem in found:
        click.echo(str(problem), err=True)
    if found:
        click.echo(f"{len(found)} problems in the {what}", err=True)
        sys.exit(1)
    click.echo(f"{what}: all in order")


commands.add_command(bench)
commands.add_command(brakes)
commands.add_command(bounces)
commands.add_command(callbacks)
