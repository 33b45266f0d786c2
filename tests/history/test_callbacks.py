"""What a provider said of a message can be shown as it said it, also long after."""

from datetime import datetime
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.errors import Missing
from notifier.history.callbacks import callbacks
from notifier.providers.contract import ATTEMPT, Hook
from notifier.providers.twilio import hooks
from notifier.tracking.apply import apply_pending
from notifier.tracking.keep import Verified, keep
from tests.tracking.support import FakeProvider, make_attempt, make_message


class Twilio(FakeProvider):
    """Reads what Twilio posts."""

    def reports(self, hook: Hook) -> list[hooks.StatusReport]:
        return hooks.reports(hooks.Fields.read(hook.body), hook.attempt_id)


def posted(attempt: object, ref: str, status: str) -> Verified:
    headers = {"x-twilio-signature": f"signed {status}", ATTEMPT: str(attempt)}
    body = urlencode({"MessageSid": ref, "MessageStatus": status}).encode()
    return Verified(provider="twilio", kind="status", hook=Hook(url=f"https://a.b/{ref}", headers=headers, body=body))


def test_a_messages_callbacks_are_found_among_those_of_others(db: Session, now: datetime) -> None:
    ours, other = make_message(db, now), make_message(db, now)
    one, two = make_attempt(db, ours, ref="SMours"), make_attempt(db, other, ref="SMother")
    keep(db, [posted(one, "SMours", "sent"), posted(two, "SMother", "sent")])
    keep(db, [posted(two, "SMother", "delivered"), posted(one, "SMours", "delivered")])
    apply_pending(db, {"twilio": Twilio()}, limit=10, now=now)

    told = callbacks(db, ours.id)

    assert [one.headers["x-twilio-signature"] for one in told] == ["signed sent", "signed delivered"]
    assert [one.body for one in told] == [f"MessageSid=SMours&MessageStatus={one}" for one in ("sent", "delivered")]
    assert {(one.provider, one.url) for one in told} == {("twilio", "https://a.b/SMours")}


def test_one_from_before_there_were_sets_is_found_as_well(db: Session, now: datetime) -> None:
    message = make_message(db, now)
    attempt = make_attempt(db, message, ref="SM1")
    db.execute(text("INSERT INTO hooks VALUES (7, 'twilio', 'status', 'u', '{}', 'MessageSid=SM1')"))
    old = "INSERT INTO events (message_id, attempt_id, provider, event_id, kind, at, hook_id, reason, detail) "
    db.execute(text(f"{old} VALUES (:message, :attempt, 'twilio', 'e', 'sent', now(), 7, '', '')"), {
        "message": message.id, "attempt": attempt,
    })  # fmt: skip

    assert [one.body for one in callbacks(db, message.id)] == ["MessageSid=SM1"]


def test_a_message_nobody_knows_is_named(db: Session) -> None:
    with pytest.raises(Missing, match="There is no message"):
        callbacks(db, uuid4())
