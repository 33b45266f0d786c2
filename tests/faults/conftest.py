"""What the harness found is said at the end of the run, whoever ran it and however it ended."""

from typing import Any

import pytest

SAID = "said"


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what tests said by `record_property(SAID, …)`; it also comes from xdist's workers."""
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport) and report.when == "call":
                for name, line in report.user_properties:
                    if name == SAID:
                        terminalreporter.write_line(str(line))
