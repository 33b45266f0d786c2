"""What a demo remembers between two starts."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from notifier.demo import card
from notifier.demo.card import Access
from notifier.settings import load


def test_the_card_is_made_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    made = card.read(tmp_path / "var")

    assert card.read(tmp_path / "var") == made
    assert (tmp_path / "var" / "demo.json").stat().st_mode & 0o777 == 0o600


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    known = card.read(tmp_path)
    known.staff = [Access(email="ada@aurora.example", password="x", role="admin")]
    known.lived_until = datetime(2026, 11, 20, 14, tzinfo=UTC)

    card.write(tmp_path, known)

    assert card.read(tmp_path) == known


def test_a_command_beside_the_demo_knows_its_vendors(tmp_path: Path) -> None:
    known = card.read(tmp_path)
    known.port = 8100
    card.write(tmp_path, known)

    settings = card.beside(load({"NOTIFIER_VAR": str(tmp_path)}))

    assert settings.twilio_account_sid == known.twilio_account_sid
    assert (settings.public_url, settings.twilio_api_url) == ("http://127.0.0.1:8100", "http://127.0.0.1:8101")


@pytest.mark.parametrize(
    "told", [{"NOTIFIER_DATABASE_URL": "postgresql://x"}, {"NOTIFIER_SMTP_URL": "smtp://x"}, {"NOTIFIER_VAR": "/none"}]
)
def test_whoever_names_vendors_or_another_database_is_not_beside_the_demo(tmp_path: Path, told: dict[str, str]) -> None:
    known = card.read(tmp_path)
    known.port = 8100
    card.write(tmp_path, known)
    settings = load({"NOTIFIER_VAR": str(tmp_path)} | told)

    assert card.beside(settings) == settings


def test_every_name_it_sets_is_a_setting_and_everything_moves_with_the_port(tmp_path: Path) -> None:
    settings = load(card.read(tmp_path).environ(8100, tmp_path))

    assert (settings.port, settings.public_url) == (8100, "http://127.0.0.1:8100")
    assert settings.twilio_api_url == settings.sendgrid_api_url == settings.sandbox_url == "http://127.0.0.1:8101"
    assert settings.demo
