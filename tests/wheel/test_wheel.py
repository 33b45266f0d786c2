"""What is built is what runs: an installed wheel, far from the checkout, does as the checkout does."""

import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import psutil
import pytest

from notifier.embedded.place import locate

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 120

pytestmark = pytest.mark.wheel


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """Return the `bin` of an environment with nothing in it but the wheel and what it depends on."""
    uv = os.environ.get("UV") or shutil.which("uv") or str(ROOT / "var" / "uv" / "bin" / "uv")
    if not Path(uv).exists():
        reason = "uv is needed to build the wheel; `uv run pytest` brings it"
        pytest.fail(reason) if os.environ.get("NOTIFIER_TEST_REQUIRE") else pytest.skip(reason)
    environment = tmp_path / "environment"
    _run(uv, "build", "--wheel", "--out-dir", tmp_path / "dist", cwd=ROOT)
    _run(uv, "venv", "--python", sys.executable, environment, cwd=ROOT)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    # From the checkout, whose [tool.uv] says up to which day packages are seen.
    _run(uv, "pip", "install", "--python", environment / "bin" / "python", wheel, cwd=ROOT)
    return environment / "bin"


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """Return a directory to run in; what its database left elsewhere is removed."""
    directory = tmp_path / "elsewhere"
    directory.mkdir()
    yield directory
    shutil.rmtree(locate(directory / "var").home, ignore_errors=True)


def test_an_installed_wheel_runs_the_demo_and_leaves_nothing_behind(programs: Path, elsewhere: Path) -> None:
    notifier = programs / "notifier"
    assert "demo" in _run(notifier, "--help", cwd=elsewhere)
    _run(notifier, "templates", "check", cwd=elsewhere)
    _run(notifier, "journeys", "check", cwd=elsewhere)

    demo = subprocess.Popen(
        [notifier, "demo", "--json", "--port", str(_free_pair())],
        cwd=elsewhere,
        env=_environment(),
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        said = _first_line(demo)
        with urlopen(said["console_url"], timeout=10) as page:
            assert page.status == 200
            assert "text/html" in page.headers["content-type"]
    finally:
        demo.send_signal(signal.SIGINT)
        code = demo.wait(45)
        if demo.stdout:
            demo.stdout.close()

    assert code == 0
    assert {"console_url", "sandbox_url", "api_url", "api_key", "staff"} <= set(said)
    assert _left_running(programs, locate(elsewhere / "var").home) == []


def _run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, env=_environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _environment() -> dict[str, str]:
    dropped = ("NOTIFIER_", "PYTEST", "PYTHONPATH", "VIRTUAL_ENV", "UV_PROJECT")
    return {name: value for name, value in os.environ.items() if not name.startswith(dropped)}


def _first_line(demo: subprocess.Popen[str]) -> dict[str, object]:
    assert demo.stdout is not None
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        readable, _, _ = select.select([demo.stdout], [], [], 1)
        if readable and (line := demo.stdout.readline()):
            if line.startswith("{"):
                return json.loads(line)
        elif demo.poll() is not None:
            pytest.fail(f"the demo ended with code {demo.returncode} before it was ready")
    pytest.fail("the demo was not ready in time")


def _left_running(*places: Path) -> list[str]:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        lines = [" ".join(process.info["cmdline"] or []) for process in psutil.process_iter(["cmdline"])]
        left = [line for line in lines if any(str(place) in line for place in places)]
        if not left:
            break
        time.sleep(0.1)
    return left


def _free_pair() -> int:
    for port in range(18500, 19500, 2):
        with socket.socket() as first, socket.socket() as second:
            try:
                first.bind(("127.0.0.1", port))
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port
    pytest.fail("no two neighbouring ports are free")
