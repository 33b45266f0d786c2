"""The doctor names what is wrong and how to mend it."""

import pytest

from notifier.doctor import examine
from notifier.settings import Settings

WELL = {
    "sendgrid_api_key": "SG.x",
    "sendgrid_webhook_key": "key",
    "sendgrid_inbound_secret": "secret",
    "twilio_account_sid": "AC1",
    "twilio_auth_token": "token",
    "twilio_sms_from": "+15005550006",
}


def test_a_complete_installation_has_nothing_to_mend() -> None:
    assert examine(Settings(**WELL)) == []


def test_nothing_set_names_every_missing_channel() -> None:
    findings = " ".join(examine(Settings()))

    assert "NOTIFIER_SENDGRID_API_KEY or NOTIFIER_SMTP_URL" in findings
    assert "NOTIFIER_TWILIO_ACCOUNT_SID" in findings


def test_unsigned_reports_and_hosts_twilio_refuses_are_found() -> None:
    findings = " ".join(examine(Settings(**{**WELL, "sendgrid_webhook_key": "", "public_url": "http://my_host"})))

    assert "NOTIFIER_SENDGRID_WEBHOOK_KEY" in findings
    assert "underscore" in findings


def test_waits_too_short_for_a_call_to_end_are_found() -> None:
    findings = " ".join(examine(Settings(**WELL, lease_seconds=3, evidence_seconds=8)))

    assert "NOTIFIER_LEASE_SECONDS is 3" in findings
    assert "NOTIFIER_EVIDENCE_SECONDS is 8" in findings


def test_production_asks_for_more() -> None:
    findings = " ".join(examine(Settings(**WELL, environment="production")))

    for needed in ("https://", "NOTIFIER_DATABASE_URL", "NOTIFIER_SECRET_KEY", "NOTIFIER_BRAND_ADDRESS"):
        assert needed in findings


def test_a_database_that_does_not_answer_is_named() -> None:
    findings = examine(Settings(**WELL, database_url="postgresql://nobody@127.0.0.1:1/none"))

    assert len(findings) == 1
    assert "NOTIFIER_DATABASE_URL does not answer" in findings[0]


@pytest.mark.parametrize("url", ["nonsense", "mysql://host/name", "postgresql://u:secret@host:port/name"])
def test_an_address_that_is_no_postgresql_is_named_without_its_password(url: str) -> None:
    findings = examine(Settings(**WELL, database_url=url))

    assert len(findings) == 1
    assert "must be postgresql://" in findings[0]
    assert "secret" not in findings[0]
