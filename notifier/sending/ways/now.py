"""The ways that are open now: what limits, breakers and brakes leave of them."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from notifier.brakes.held import Standing
from notifier.providers.registry import Providers
from notifier.sending.ways import breaker
from notifier.sending.ways.routes import Sender, Ways


def ways_now(db: Session, providers: Providers, rooms: Mapping[Sender, float], stopped: Standing) -> Ways:
    """Return them; `rooms` is what was reserved of senders with a rate limit (`tokens.reserve`)."""
    if stopped.everything:
        return Ways(Providers([]), {}, [])
    pauses = breaker.standing(db)
    trying = breaker.on_trial(db, pauses)
    probes = {sender: min(rooms.get(sender, breaker.PROBES), breaker.PROBES) for sender in trying}
    closed = {sender for sender, pause in pauses.items() if pause.is_closed}
    return Ways(providers, {**rooms, **probes}, closed, stopped=stopped.providers)
