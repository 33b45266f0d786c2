"""`notifier callbacks`: what providers said of a message, in their own words."""

from uuid import UUID

import click
import msgspec

from notifier.settings import Settings


@click.command()
@click.argument("message", type=click.UUID)
@click.pass_obj
def callbacks(settings: Settings, message: UUID) -> None:
    """
    Print the raw callbacks that told of MESSAGE (its id), a JSON object a line, signatures and all.

    What else was in the same call stands there too. Callbacks that could not be applied are in the table `hooks`.
    """
    from notifier.history.callbacks import callbacks as told
    from notifier.house import House

    with House(settings) as house, house.database.begin() as db:
        for callback in told(db, message):
            click.echo(msgspec.json.encode(callback))
