"""Migrations make exactly the tables the models describe, once, however many processes ask."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

import billing.models  # noqa: F401 - imported for the tables
from notifier.db import driver_url
from notifier.migrations.upgrade import UnknownRevision, is_current, revisions, upgrade
from notifier.models import metadata


def test_migrations_and_models_agree(empty: str) -> None:
    upgrade(empty)

    engine = create_engine(driver_url(empty))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        differences = compare_metadata(context, metadata)
    engine.dispose()

    assert differences == []


def test_several_processes_may_upgrade_at_once(empty: str) -> None:
    with ThreadPoolExecutor(3) as threads:
        ran = list(threads.map(upgrade, [empty] * 3))

    assert sorted(ran) == [False, False, True]
    assert upgrade(empty) is False


def test_a_database_of_a_newer_version_is_refused_in_words(empty: str) -> None:
    upgrade(empty)
    engine = create_engine(driver_url(empty))
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(UnknownRevision, match="9999"):
        is_current(engine)

    engine.dispose()


def test_the_files_names_tell_the_revisions_in_order() -> None:
    config = Config()
    config.set_main_option("script_location", "notifier:migrations")
    scripts = ScriptDirectory.from_config(config)

    assert revisions() == [script.revision for script in reversed(list(scripts.walk_revisions()))]
