"""Where a bench runs: a database of its own, dropped at the end; and the processes that use it."""

import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec
import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from notifier.bench.outside.sink import Told
from notifier.embedded import server
from notifier.settings import Settings

LOCALES = ("pt_BR", "en", "es")
TWILIO_TOKEN = "bench"  # noqa: S105 - of an account that is none


@contextmanager
def database(settings: Settings) -> Iterator[str]:
    """Make an empty database on the configured server, or on an embedded one of its own; yield its URL."""
    with tempfile.TemporaryDirectory(prefix="notifier-bench-") as var:
        held = None if settings.database_url else server.acquire(Path(var), may_create=True)
        root = held.url if held else settings.database_url
        name = f"notifier_bench_{secrets.token_hex(4)}"
        url = make_url(root)
        try:
            _run(plain(root), sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            try:
                yield url.set(drivername="postgresql", database=name).render_as_string(hide_password=False)
            finally:
                _run(plain(root), sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
        finally:
            if held:
                held.close()


def plain(url: str) -> str:
    """Return the URL as psycopg reads it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _run(url: str, statement: sql.Composed) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


@contextmanager
def sink(told: Told) -> Iterator[str]:
    """Run a sink; yield its URL."""
    command = [sys.executable, "-m", "notifier.bench.outside.sink", msgspec.json.encode(told).decode()]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        process.stdin.close()
        process.wait(10)


@contextmanager
def children(commands: list[list[str]], environ: Mapping[str, str]) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Run `notifier` commands as a user would, with the environment of the bench and nothing else of ours."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("NOTIFIER_")}
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "notifier", *command], env={**ours, **environ}, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for command in commands
    ]  # fmt: skip
    try:
        yield started
    finally:
        for process in started:
            process.terminate()
        for process in started:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def environment(url: str, sink_url: str, *, port: int = 9, sendgrid_key: str = "") -> dict[str, str]:
    """Return the settings every process of the bench has; `port` is that of its web process, if it has one."""
    return {
        "NOTIFIER_DATABASE_URL": url,
        "NOTIFIER_SECRET_KEY": "bench" * 8,
        "NOTIFIER_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "NOTIFIER_PORT": str(port),
        "NOTIFIER_SENDGRID_WEBHOOK_KEY": sendgrid_key,
        "NOTIFIER_TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "NOTIFIER_TWILIO_AUTH_TOKEN": TWILIO_TOKEN,
        "NOTIFIER_TWILIO_API_URL": sink_url,
        "NOTIFIER_TWILIO_SMS_FROM": "+15005550006",
        "NOTIFIER_TWILIO_WHATSAPP_FROM": "+15005550006",
        "NOTIFIER_SENDGRID_API_KEY": "SG.bench",
        "NOTIFIER_SENDGRID_API_URL": sink_url,
        "NOTIFIER_EMAIL_FROM": "Bench <bench@example.com>",
        "NOTIFIER_WHATSAPP_CONTENT": _contents(),
    }


def _contents() -> str:
    from notifier.i18n.shipped import directory

    names = sorted(path.name for path in (directory("templates") / "messages").iterdir() if path.is_dir())
    pairs = [f'"{name}.{locale}": "HX{number:030d}"' for number, name in enumerate(names) for locale in LOCALES]
    return "{" + ", ".join(pairs) + "}"
