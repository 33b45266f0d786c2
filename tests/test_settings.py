"""Settings: read once, wrong ones named."""

from pathlib import Path

import pytest

from notifier.errors import Misconfigured
from notifier.settings import described, load, secret_key


def test_nothing_set_gives_the_defaults() -> None:
    settings = load({})

    assert settings.port == 8000
    assert settings.database_url == ""


def test_a_value_is_converted_to_its_fields_type() -> None:
    settings = load({"NOTIFIER_PORT": "9000", "NOTIFIER_DEMO": "true", "NOTIFIER_VAR": "/tmp/x"})

    assert (settings.port, settings.demo, settings.var) == (9000, True, Path("/tmp/x"))


def test_a_value_of_the_wrong_type_is_named_with_the_remedy() -> None:
    with pytest.raises(Misconfigured, match="NOTIFIER_PORT: 'many' is not a whole number"):
        load({"NOTIFIER_PORT": "many"})


def test_a_misspelt_setting_is_refused_instead_of_ignored() -> None:
    with pytest.raises(Misconfigured, match="NOTIFIER_DATABSE_URL"):
        load({"NOTIFIER_DATABSE_URL": "postgresql://x"})


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("abc\n")

    assert load({"NOTIFIER_TWILIO_AUTH_TOKEN_FILE": str(file)}).twilio_auth_token == "abc"


def test_a_file_that_cannot_be_read_is_named() -> None:
    with pytest.raises(Misconfigured, match="NOTIFIER_SECRET_KEY_FILE names /nowhere"):
        load({"NOTIFIER_SECRET_KEY_FILE": "/nowhere"})


def test_the_generated_secret_is_kept_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    settings = load({"NOTIFIER_VAR": str(tmp_path)})

    first = secret_key(settings)

    assert secret_key(settings) == first
    assert (tmp_path / "secret.key").stat().st_mode & 0o777 == 0o600
    assert secret_key(load({"NOTIFIER_SECRET_KEY": "given"})) == "given"


def test_every_setting_says_what_it_is_for() -> None:
    assert all(what for _, _, what in described())
