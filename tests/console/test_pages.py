"""What the pages show, whom they let in, and what they cost."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Connection, event, text
from sqlalchemy.orm import Session

from notifier import clock, clock_moves
from notifier.history import attention as needed
from notifier.messages.models import Message
from tests.console.visitor import Visitor
from tests.support.happenings import drain, happening, publish_journeys, take
from tests.tracking.support import make_attempt, make_message

SCRIPT = '<script>alert("x")</script>'


@pytest.fixture
def past(db: Session, now: datetime) -> Message:
    """A failed payment of somebody with a hostile name; return one of its messages."""
    publish_journeys(db)
    take(db, happening("payment.failed", at=now, name=SCRIPT, email="ana@example.com"), now=now)
    drain(db, now=now)
    return db.query(Message).filter(Message.channel == "email").one()


def test_a_customers_page_tells_the_story_and_runs_nothing(ben: Visitor, past: Message) -> None:
    page = ben.get("/console/customers/cus_1")

    assert page.status_code == 200
    assert SCRIPT not in page.text
    assert f"/console/messages/{past.id}" in page.text


def test_a_messages_page_says_why(ben: Visitor, past: Message) -> None:
    page = ben.get(f"/console/messages/{past.id}")

    assert page.status_code == 200
    assert "Version 1 of the journey" in page.text
    assert "There are no words to show." in page.text


def test_htmx_gets_the_part_and_browsers_the_page(ben: Visitor, past: Message) -> None:
    part, page = ben.get("/console/customers?q=ana", **{"hx-request": "true"}), ben.get("/console/customers?q=ana")

    assert part.text.lstrip().startswith('<section id="results"')
    assert "<!doctype html>" in page.text


def test_what_is_missing_is_a_page_too(ben: Visitor) -> None:
    for path in ["/console/customers/nobody", "/console/journeys/none", f"/console/messages/{'0' * 32}"]:
        page = ben.get(path)

        assert page.status_code == 404
        assert "There is nothing here" in page.text


@pytest.mark.parametrize("path", ["/console/templates", "/console/templates/payment-failed"])
def test_support_does_not_see_the_templates(ben: Visitor, path: str) -> None:
    assert ben.get(path).status_code == 403


def test_only_administrators_make_and_revoke_keys(ada: Visitor) -> None:
    assert ada.post("/console/keys", name="Billing").status_code == 403
    assert ada.post("/console/keys/1/revocation").status_code == 403
    assert "API keys" not in ada.get("/console/settings").text


def test_a_key_is_shown_once(root: Visitor) -> None:
    made = root.post("/console/keys", name="Billing").text

    assert "nk_" in made
    assert made.count('class="code key"') == 1
    assert 'class="code key"' not in root.get("/console/settings").text


def test_settings_are_kept_with_the_account(ada: Visitor) -> None:
    ada.post("/console/settings", locale="pt_BR", theme="dark", zone="America/Sao_Paulo")

    page = ada.get("/console/settings").text
    assert 'lang="pt-BR" data-theme="dark"' in page


def test_a_failed_trigger_is_replayed(ben: Visitor, db: Session, past: Message) -> None:
    db.execute(text("UPDATE handled_triggers SET error = 'It broke.'"))
    assert "It broke." in ben.get("/console/attention").text

    ben.post(f"/console/triggers/{past.trigger_id}/replay")

    assert db.execute(text("SELECT trigger_id FROM pending_triggers")).scalars().all() == [past.trigger_id]


def test_what_is_unknown_is_listed_with_how_long_it_waits(ben: Visitor, db: Session, now: datetime) -> None:
    machine = clock.machine_now(db)
    shown = {}
    for minutes in range(needed.PAGE + 1):
        claimed = machine - timedelta(minutes=minutes)
        message = make_message(db, now, state="unknown")
        call = {"id": UUID(int=100 - minutes), "claimed_at": claimed, "evidence_until": claimed + timedelta(minutes=10)}
        make_attempt(db, message, state="unknown", **call)
        shown[minutes] = f"/console/messages/{message.id}"

    page = ben.get("/console/attention").text
    assert "Twilio · the oldest 50 minutes ago" in page
    assert "Its wait is over" in page
    assert (shown[50] in page, shown[0] in page) == (True, False)

    rest = ben.get(f"/console/attention?unknown={UUID(int=99)}").text
    assert f"?unknown={UUID(int=99)}#unknown" in page
    assert (shown[50] in rest, shown[0] in rest) == (False, True)
    assert "Waited for until" in rest


def test_the_clock_is_asked_to_move_and_says_how_far_it_is(ben: Visitor, db: Session) -> None:
    ben.post("/console/clock", by="week")

    move = clock_moves.pending(db)
    assert move is not None
    assert move.requested_by == "support@aurora.example"
    assert "<progress" in ben.get("/console/clock").text
    assert ben.post("/console/clock", by="day").status_code == 409


def test_a_clock_that_stopped_says_why(ben: Visitor, db: Session) -> None:
    ben.post("/console/clock", by="week")
    move = clock_moves.pending(db)
    assert move is not None

    clock_moves.finish(db, move.id, error="The gateway was away.")

    assert "The gateway was away." in ben.get("/console/customers").text


def test_who_comes_second_to_the_clock_sees_how_far_it_is(ben: Visitor) -> None:
    ben.post("/console/clock", by="week")

    ben.client.headers["hx-request"] = "true"
    late = ben.post("/console/clock", by="day")

    assert late.status_code in {200, 201}
    assert "<progress" in late.text


def test_a_journey_is_told_in_the_readers_language(ada: Visitor, past: Message) -> None:
    ada.post("/console/settings", locale="pt_BR", zone="America/Sao_Paulo")

    page = ada.get("/console/journeys/payment-failed").text

    assert "Esperar 3 dias" in page
    assert "<h3>Aviso</h3>" in page
    assert "Wait" not in page.partition("<details")[0]


@pytest.mark.parametrize("path", ["/console/customers", "/console/customers/cus_1", "/console"])
def test_a_list_costs_the_same_however_long(
    ben: Visitor, db: Session, connection: Connection, now: datetime, past: Message, path: str
) -> None:
    few = _statements(connection, ben, path)
    for number in range(8):
        take(db, happening("payment.failed", at=now, customer=f"cus_{number}", name="Ana"), now=now)
    take(db, *(happening("loyalty.bonus_granted", at=now, ident=f"b{number}") for number in range(8)), now=now)
    drain(db, now=now)

    assert _statements(connection, ben, path) == few
    assert few < 20


def _statements(connection: Connection, visitor: Visitor, path: str) -> int:
    seen: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith(("SAVEPOINT", "RELEASE")):
            seen.append(statement)

    event.listen(connection, "before_cursor_execute", note)
    visitor.get(path)
    event.remove(connection, "before_cursor_execute", note)
    return len(seen)
