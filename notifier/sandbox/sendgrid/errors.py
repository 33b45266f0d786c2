"""SendGrid's errors, in its words and shape."""

from notifier.sandbox.wire import JSON, Reply, reply

HELP = "http://sendgrid.com/docs/API_Reference/Web_API_v3/Mail/errors.html#message."


def error(
    status: int,
    message: str,
    field: str | None = None,
    *,
    about: str = "",
    headers: tuple[tuple[bytes, bytes], ...] = (),
) -> Reply:
    """Say no the way SendGrid does; `about` is the anchor of the field in SendGrid's page of errors."""
    help_url = f"{HELP}{about}" if about else None
    said = reply(status, {"errors": [{"message": message, "field": field, "help": help_url}]})
    return Reply(said.status, said.body, (JSON, *headers))
