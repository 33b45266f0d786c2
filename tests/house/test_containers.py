"""compose.yaml and the Dockerfile say what the product knows; they are not run here (docs/running.md)."""

import re
import shlex
from typing import Any

import click
import pytest
import yaml

from notifier.app import STOPS_WITHIN
from notifier.cli import commands
from notifier.sending import pace
from notifier.settings import described
from notifier.worker import JOINED_WITHIN
from tests.house import sources

COMPOSE: dict[str, Any] = yaml.safe_load((sources.ROOT / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
DOCKERFILE = (sources.ROOT / "Dockerfile").read_text().replace("\\\n", " ").splitlines()


def test_there_are_the_processes_of_a_fleet() -> None:
    assert set(OURS) == {"migrate", "web", "worker"}
    assert {"postgresql", "redis", "rabbitmq"} <= set(SERVICES)
    assert SERVICES["redis"]["profiles"]
    assert SERVICES["rabbitmq"]["profiles"]


@pytest.mark.parametrize("service", OURS)
def test_a_service_runs_a_command_there_is(service: str) -> None:
    name, *arguments = OURS[service]["command"]

    command = commands.commands[name]
    command.make_context(name, list(arguments), parent=click.Context(commands))


@pytest.mark.parametrize("service", OURS)
def test_a_service_is_told_settings_there_are_and_secrets_as_files(service: str) -> None:
    known = {name for name, _, _ in described()}
    told: dict[str, str] = OURS[service]["environment"]
    files = {name.removesuffix("_FILE"): path for name, path in told.items() if name.endswith("_FILE")}

    assert {name for name in told if not name.endswith("_FILE")} | set(files) <= known
    assert {f"/run/secrets/{secret}" for secret in OURS[service]["secrets"]} == set(files.values())
    assert not {name for name in told if name.endswith(("_KEY", "_TOKEN", "_SECRET", "DATABASE_URL"))}


def test_every_secret_is_a_file_kept_out_of_git_and_image() -> None:
    ignored = (sources.ROOT / ".gitignore").read_text().splitlines()
    used = {secret for service in SERVICES.values() for secret in service.get("secrets", ())}

    assert used == set(COMPOSE["secrets"])
    assert {one["file"].partition("/")[0] + "/" for one in COMPOSE["secrets"].values()} <= set(ignored)
    assert (sources.ROOT / ".dockerignore").read_text().splitlines()[1] == "*"


def test_a_service_waits_for_services_there_are() -> None:
    for service in SERVICES.values():
        for other, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert "healthcheck" in SERVICES[other]
            else:
                assert how["condition"] == "service_completed_successfully"
                assert SERVICES[other]["restart"] == "no"
    assert {"migrate"} == set(SERVICES["web"]["depends_on"]) == set(SERVICES["worker"]["depends_on"])


def test_nothing_is_killed_that_is_still_stopping() -> None:
    longest = pace.CALL + sum(pace.DATABASE_AWAY) + JOINED_WITHIN

    assert _seconds(SERVICES["worker"]["stop_grace_period"]) > longest
    assert _seconds(SERVICES["web"]["stop_grace_period"]) > STOPS_WITHIN


def test_volumes_and_images_are_plain_names() -> None:
    mounted = {volume.partition(":")[0] for service in SERVICES.values() for volume in service.get("volumes", ())}
    images = [service["image"] for service in SERVICES.values()] + [line.split()[1] for line in _lines("FROM")]

    assert mounted == set(COMPOSE["volumes"])
    assert [image for image in images if "/" in image] == []


def test_the_image_is_built_from_files_there_are_and_only_those_are_sent() -> None:
    copied = [name for line in _lines("COPY") if "--from" not in line for name in shlex.split(line)[1:-1]]
    sent = {line[1:] for line in (sources.ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}

    assert [name for name in copied if not (sources.ROOT / name).exists()] == []
    assert set(copied) == sent


def test_the_image_is_hashed_and_runs_as_nobody_in_particular() -> None:
    assert any("--require-hashes" in line for line in _lines("RUN"))
    (user,) = _lines("USER")
    assert re.fullmatch(r"USER [1-9]\d+", user)
    assert _lines("ENTRYPOINT") == ['ENTRYPOINT ["notifier"]']


def _lines(instruction: str) -> list[str]:
    return [line for line in DOCKERFILE if line.startswith(instruction + " ")]


def _seconds(text: str) -> float:
    assert text.endswith("s")
    return float(text[:-1])
