"""A version is a promise: the same words for ever."""

from datetime import datetime
from pathlib import Path
from shutil import copytree

import msgspec
import pytest
from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from notifier.i18n.shipped import directory
from notifier.messages import content
from notifier.messages.models import ContentDictionary
from notifier.rendering import versions
from notifier.rendering.facts import Links
from notifier.rendering.kept import as_kept, in_pieces
from notifier.rendering.library import Library
from notifier.rendering.models import TemplateVersion
from notifier.rendering.preview import preview

OTHERS = Links(public_url="https://aurora.example", token="aB-3" * 9 + "xy")


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


def test_a_message_kept_in_pieces_is_read_by_whoever_has_the_database(
    db: Session, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = versions.publish(db, Library.load(directory("templates")), at=now)
    sizes = []
    for (template, channel, locale), dictionary in library.dictionaries.items():
        said = preview(library, template, channel, locale, links=OTHERS)  # type: ignore[arg-type] # a channel's name
        encoding, body = dictionary.pack(in_pieces(said))
        sizes.append(len(body))
        monkeypatch.setattr(content, "_known", {})

        assert content.unpack(db, encoding, body) == as_kept(said)

    assert sum(sizes) / len(sizes) < 200


def test_what_an_older_release_has_kept_stays_readable_beside_the_new(db: Session, now: datetime) -> None:
    kept = content.Kept(subject="Olá", text="São R$ 39,90", html="<p>São R$ 39,90</p>")
    sample = msgspec.msgpack.encode(content.Kept(subject="Olá", html="<p>São R$ 10,00</p>"))
    against = content.zstd.ZstdDict(sample, is_raw=True)
    body = content.zstd.compress(msgspec.msgpack.encode(kept), zstd_dict=against)
    library = versions.publish(db, Library.load(directory("templates")), at=now)
    db.execute(delete(ContentDictionary))
    old = {"template": "feedback", "channel": "email", "version": 1, "locale": "en", "digest": "0ld", "body": sample}
    db.execute(insert(ContentDictionary), [old])

    versions.publish(db, library, at=now)

    assert content.unpack(db, "zstd:0ld", body) == kept
    assert library.dictionaries["feedback", "email", "en"].digest in set(db.scalars(select(ContentDictionary.digest)))
    with pytest.raises(ValueError, match="gone"):
        content.unpack(db, "pieces:n0ne", body)
