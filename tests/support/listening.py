"""Services a test may need: absent on a laptop it is skipped, where they are required it fails."""

import os
import socket

import pytest


def require(name: str, port: int) -> None:
    """Go on if something listens on the port; else skip, or fail where `NOTIFIER_TEST_REQUIRE` is set."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
    except OSError:
        if os.environ.get("NOTIFIER_TEST_REQUIRE"):
            pytest.fail(f"{name} is required here and nothing listens on port {port}")
        pytest.skip(f"no {name} on port {port}")
