"""Take in a mail that came back: keep it as a callback of the provider it went out by."""

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.orm import Session

from notifier.messages.models import Attempt
from notifier.providers.contract import ATTEMPT, Hook
from notifier.providers.smtp import bounces
from notifier.providers.smtp.verp import ReturnAddress
from notifier.tracking.keep import Verified, keep
from notifier.tracking.pending import POISON


class Taken(Struct, frozen=True):
    """What was done with a mail, in words for whoever runs the mail server."""

    is_kept: bool
    why: str


def take(db: Session, raw: bytes, known: ReturnAddress, *, recipient: str = "") -> Taken:
    """
    Keep a mail whose address was made here, to be applied soon. Anything else is forgotten; no content raises.

    `recipient` is the envelope's; without it the mail's own headers tell.
    """
    try:
        attempt_id = bounces.attempt(raw, known, recipient=recipient)
    except POISON as error:
        return Taken(False, f"it cannot be read ({type(error).__name__})")
    if attempt_id is None:
        return Taken(False, "no address in it was made here")
    provider = db.scalar(select(Attempt.provider).where(Attempt.id == attempt_id))
    if provider is None:
        return Taken(False, f"attempt {attempt_id} is not there any more")
    hook = Hook(url=f"mailto:{known.of(attempt_id)}", headers={ATTEMPT: str(attempt_id)}, body=raw)
    keep(db, [Verified(provider=provider, kind="status", hook=hook)])
    return Taken(True, f"attempt {attempt_id}: {_read(hook)}")


def _read(hook: Hook) -> str:
    try:
        return "; ".join(f"{one.kind} ({one.detail})" for one in bounces.reports(hook.body, came_to=hook.url))
    except POISON as error:
        return f"it cannot be read ({type(error).__name__})"
