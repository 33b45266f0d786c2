"""The command line: help for everything, and one line instead of a traceback."""

import os
import subprocess
import sys

import pytest


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("NOTIFIER_")}
    command = [sys.executable, "-m", "notifier", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, env=clean | environ, timeout=60)


def test_help_lists_every_command_of_the_interface() -> None:
    told = run("--help").stdout

    for command in ("demo", "web", "worker", "tick", "migrate", "sandbox", "trigger", "templates", "journeys"):
        assert f"\n  {command} " in told
    for command in ("billing", "staff", "keys", "doctor", "bounces", "brakes", "bench"):
        assert f"\n  {command} " in told


@pytest.mark.parametrize(
    ("arguments", "environ", "told"),
    [
        (["doctor"], {"NOTIFIER_PROT": "1"}, "NOTIFIER_PROT is no setting"),
        (["tick"], {"NOTIFIER_BROKER_URL": "kafka://x", "NOTIFIER_DATABASE_URL": "postgresql://x"}, "kafka://"),
        (
            ["worker"],
            {
                "NOTIFIER_DATABASE_URL": "postgresql://x",
                "NOTIFIER_SMTP_URL": "smtp://h",
                "NOTIFIER_DKIM_SELECTOR": "s",
            },
            "NOTIFIER_DKIM_DOMAIN and NOTIFIER_DKIM_KEY must be set too",
        ),
        (["billing", "advance", "--to", "soon"], {"NOTIFIER_DATABASE_URL": "postgresql://x"}, "--to: 'soon'"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(arguments: list[str], environ: dict[str, str], told: str) -> None:
    done = run(*arguments, **environ)

    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_the_files_that_ship_are_in_order() -> None:
    for what in ("journeys", "templates"):
        done = run(what, "check")
        assert done.returncode == 0, done.stderr
        assert "all in order" in done.stdout
