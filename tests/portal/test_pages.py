"""The customer's pages: what each shows, what each may do, and that following a link alone does nothing."""

from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from notifier.consent.models import Consent
from notifier.messages.content import Kept
from notifier.messages.models import Event, Message
from notifier.surveys.models import Answer
from tests.portal.conftest import Written

Browser = TestClient[Litestar]

EMAIL = {"channel": "email", "address": "dia@example.com", "locale": "en"}
SURVEY = {"topic": "surveys", "locale": "en", "data": {"survey": {"id": "nps_1", "question": "nps"}}}
KEPT = Kept(subject="Your charge", text="Hello", html="<html><head><title>x</title></head><body>Olá</body></html>")


def granted(db: Session) -> dict[tuple[str, str], bool]:
    return {(row.topic, row.channel): row.granted for row in db.scalars(select(Consent).order_by(Consent.id))}


def test_an_email_is_shown_in_a_frame_that_can_do_nothing(client: Browser, db: Session, written: Written) -> None:
    link = written(KEPT, **EMAIL)

    shown, inside = client.get(link), client.get(f"{link}/content")

    assert shown.status_code == 200
    assert "Your charge" in shown.text
    assert "default-src 'none'" in shown.headers["content-security-policy"]
    assert "script-src" not in shown.headers["content-security-policy"]
    assert inside.headers["content-security-policy"].startswith("sandbox ")
    assert '<base target="_blank">' in inside.text
    assert shown.headers["referrer-policy"] == "no-referrer"
    assert db.scalars(select(Event.kind)).all() == ["clicked"]


def test_a_text_is_shown_as_a_bubble_and_its_words_cannot_be_markup(client: Browser, written: Written) -> None:
    link = written(Kept(text="<script>alert(1)</script> https://a.example/x"), channel="whatsapp", locale="en")

    shown = client.get(link).text

    assert "<script>" not in shown
    assert 'href="https://a.example/x"' in shown


@pytest.mark.parametrize("page", ["", "/content", "/survey", "/preferences", "/unsubscribe"])
def test_looking_twice_or_with_head_is_as_looking_once(
    client: Browser, db: Session, written: Written, page: str
) -> None:
    link = written(KEPT, **EMAIL, data=SURVEY["data"], topic="surveys") + page

    statuses = {client.head(link).status_code, client.get(link).status_code, client.get(link).status_code}

    assert statuses == {200}
    assert len(db.scalars(select(Event)).all()) <= 1
    assert granted(db) == {}
    assert db.scalars(select(Answer)).all() == []


@pytest.mark.parametrize("page", ["", "/content", "/survey", "/preferences", "/unsubscribe"])
@pytest.mark.parametrize("token", ["x", "A" * 38, "é", "..%2f", "%00"])
def test_a_forged_link_leads_to_a_friendly_page(client: Browser, token: str, page: str) -> None:
    answer = client.get(f"/m/{token}{page}", headers={"accept-language": "pt-BR,pt;q=0.9"})

    assert answer.status_code == 404
    assert "<html" in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_a_forged_link_cannot_unsubscribe(client: Browser, db: Session, written: Written) -> None:
    link = written(**EMAIL, topic="offers")

    forged = link[:-5] + ("A" if link[-5] != "A" else "B") + link[-4:]
    answer = client.post(f"{forged}/unsubscribe")

    assert answer.status_code == 404
    assert granted(db) == {}


def test_a_scanner_following_every_score_gives_no_answer(client: Browser, db: Session, written: Written) -> None:
    link = written(**SURVEY)

    pages = [client.get(f"{link}/survey?score={score}") for score in range(11)]

    assert all(page.status_code == 200 for page in pages)
    assert 'value="9" required checked' in pages[9].text
    assert db.scalars(select(Answer)).all() == []


def test_a_score_is_given_and_changed(client: Browser, db: Session, written: Written) -> None:
    link = written(**SURVEY)

    thanks = client.post(f"{link}/survey", data={"score": "9", "comment": "Ótimo \x00"})
    client.post(f"{link}/survey", data={"score": "3", "comment": ""})

    answer = db.scalars(select(Answer)).one()
    assert thanks.status_code == 200
    assert "Ótimo" in thanks.text
    assert (answer.score, answer.comment, answer.source, answer.survey) == (3, "", "portal", "nps_1")


@pytest.mark.parametrize("score", ["", "11", "-1", "nine", "99999999999", "٣"])
def test_what_is_no_score_is_asked_again_with_the_words_kept(
    client: Browser, db: Session, written: Written, score: str
) -> None:
    link = written(**SURVEY)

    answer = client.post(f"{link}/survey", data={"score": score, "comment": "my words"})

    assert answer.status_code == 422
    assert "my words" in answer.text
    assert db.scalars(select(Answer)).all() == []


def test_a_message_that_asks_nothing_has_no_survey(client: Browser, written: Written) -> None:
    assert client.get(f"{written(**EMAIL)}/survey").status_code == 404


ONE_CLICK: list[dict[str, Any]] = [
    {"data": {"List-Unsubscribe": "One-Click"}},
    {"files": {"List-Unsubscribe": (None, "One-Click")}},
    {"content": b""},
]


@pytest.mark.parametrize("body", ONE_CLICK, ids=["urlencoded", "multipart", "empty"])
def test_one_click_unsubscribes_from_the_topic_at_once_and_once(
    client: Browser, db: Session, written: Written, body: dict[str, Any]
) -> None:
    link = written(**EMAIL, topic="offers")

    answers = [client.post(f"{link}/unsubscribe", follow_redirects=False, **body) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    rows = db.scalars(select(Consent)).all()
    assert [(row.topic, row.channel, row.granted) for row in rows] == [("offers", "email", False)]
    assert rows[0].evidence["source"] == "one-click"


def test_leaving_a_contract_email_stops_all_else_and_says_so(client: Browser, db: Session, written: Written) -> None:
    link = written(**EMAIL, topic="billing")

    offer, done = client.get(f"{link}/unsubscribe"), client.post(f"{link}/unsubscribe", data={"source": "page"})

    assert "go on while the subscription lasts" in offer.text
    assert "go on while the subscription lasts" in done.text
    said = granted(db)
    assert ("billing", "email") not in said
    assert ("service", "email") not in said
    assert said["billing", "sms"] is False
    assert said["news", "email"] is False


def test_leaving_by_a_text_message_stops_that_topic_there(client: Browser, db: Session, written: Written) -> None:
    client.post(f"{written(channel='sms', locale='en', topic='billing')}/unsubscribe", data={"source": "page"})

    assert granted(db) == {("billing", "sms"): False}


def test_preferences_are_kept_with_their_evidence_and_only_when_changed(
    client: Browser, db: Session, written: Written
) -> None:
    link = written(**EMAIL)
    everything = {f"{t}.{c}": "on" for t in ("billing", "service", "surveys", "news") for c in ("sms", "whatsapp")}
    wanted = everything | {"surveys.email": "on", "news.email": "on", "offers.sms": "on", "offers.whatsapp": "on"}

    saved = client.post(f"{link}/preferences", data=wanted)
    client.post(f"{link}/preferences", data=wanted)

    rows = db.scalars(select(Consent)).all()
    assert saved.status_code == 200
    assert [(row.topic, row.channel, row.granted) for row in rows] == [("offers", "email", False)]
    assert rows[0].evidence["source"] == "preferences"


def test_what_a_message_is_about_can_be_done_from_its_page(client: Browser, written: Written) -> None:
    failed = {"payment": {"reason": "expired-card"}, "subscription": {"id": "sub_1"}}

    shown = client.get(link := written(KEPT, **EMAIL, data=failed)).text

    assert f'href="{link}/pay"' in shown
    assert f'href="{link}/subscription"' in shown
    assert f'href="{link}/survey"' not in shown


def test_the_pages_speak_the_customers_language(client: Browser, written: Written) -> None:
    shown = client.get(written(KEPT, channel="email", locale="pt_BR")).text

    assert '<html lang="pt-BR">' in shown


def test_following_a_link_is_the_furthest_engagement_until_a_reply(
    client: Browser, db: Session, written: Written
) -> None:
    client.get(written(KEPT, **EMAIL, engagement="opened"))
    client.get(written(KEPT, **EMAIL, engagement="complained"))

    db.expire_all()
    assert sorted(str(one) for one in db.scalars(select(Message.engagement))) == ["clicked", "complained"]
