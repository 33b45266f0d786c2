"""`notifier bounces`: one mail that came back, from a mail server's pipe into the queue of callbacks."""

import sys
from typing import TYPE_CHECKING

import click

from notifier import settings as configuration
from notifier.settings import Settings

if TYPE_CHECKING:
    from notifier.providers.smtp.verp import ReturnAddress

TRY_AGAIN = 75
"""EX_TEMPFAIL of sysexits.h: the mail server keeps the mail and comes again."""


@click.command()
@click.option("--to", "recipient", default="", metavar="ADDRESS", help="Whom the envelope named.")
@click.pass_obj
def bounces(settings: Settings, recipient: str) -> None:
    """
    Take in one mail that came to NOTIFIER_BOUNCE_ADDRESS, from standard input.

    For a mail server's pipe: see docs/providers.md. What is not ours is named on standard error and forgotten; only
    when a mail cannot be kept does the mail server have to come again (exit code 75).
    """
    from sqlalchemy.exc import SQLAlchemyError

    from notifier.errors import Misconfigured, Unavailable
    from notifier.house import House
    from notifier.providers.smtp.bounces import LONGEST
    from notifier.tracking.returned import take

    raw = sys.stdin.buffer.read(LONGEST)
    while sys.stdin.buffer.read(LONGEST):
        pass  # read to its end: a mail server takes a broken pipe for a failure
    try:
        known = _return_address(settings)
        with House(settings) as house, house.database.begin() as db:
            taken = take(db, raw, known, recipient=recipient)
    except (Misconfigured, Unavailable, SQLAlchemyError) as error:
        click.echo(f"not kept, to be tried again: {str(error).splitlines()[0]}", err=True)
        sys.exit(TRY_AGAIN)
    click.echo(f"{'kept' if taken.is_kept else 'forgotten'}: {taken.why}", err=not taken.is_kept)


def _return_address(settings: Settings) -> "ReturnAddress":
    from notifier.errors import Misconfigured
    from notifier.providers.smtp.verp import ReturnAddress

    # A secret made here and now would call every genuine bounce forged.
    if not settings.secret_key and not (settings.var / "secret.key").exists():
        raise Misconfigured("NOTIFIER_SECRET_KEY is unset: nobody could tell whether an address was made here.")
    return ReturnAddress(settings.bounce_address, configuration.secret_key(settings))
