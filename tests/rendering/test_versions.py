"""A version is a promise: the same words for ever."""

from datetime import datetime
from pathlib import Path
from shutil import copytree

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from notifier.i18n.shipped import directory
from notifier.rendering import versions
from notifier.rendering.library import Library
from notifier.rendering.models import TemplateVersion


def test_publishing_again_makes_no_new_version(db: Session, now: datetime) -> None:
    library = versions.publish(db, Library.load(directory("templates")), at=now)
    again = versions.publish(db, Library.load(directory("templates")), at=now)

    assert library.versions == again.versions
    assert set(library.versions.values()) == {1}
    assert db.scalar(select(func.count()).select_from(TemplateVersion)) == len(library.versions)


def test_changed_words_are_a_new_version_of_their_channel_alone(db: Session, now: datetime, tmp_path: Path) -> None:
    copytree(directory("templates"), tmp_path / "templates")
    versions.publish(db, Library.load(tmp_path / "templates"), at=now)
    (tmp_path / "templates" / "messages" / "feedback" / "sms.txt").write_text("Hi {{ links.view }}")

    library = versions.publish(db, Library.load(tmp_path / "templates"), at=now)

    assert library.versions["feedback", "sms"] == 2
    assert library.versions["feedback", "email"] == 1


def test_a_changed_layout_is_a_new_version_of_every_email(db: Session, now: datetime, tmp_path: Path) -> None:
    copytree(directory("templates"), tmp_path / "templates")
    versions.publish(db, Library.load(tmp_path / "templates"), at=now)
    layout = tmp_path / "templates" / "layouts" / "email.txt"
    layout.write_text(layout.read_text() + "\nThe end.\n")

    library = versions.publish(db, Library.load(tmp_path / "templates"), at=now)

    assert {number for (_, channel), number in library.versions.items() if channel == "email"} == {2}
    assert {number for (_, channel), number in library.versions.items() if channel != "email"} == {1}
