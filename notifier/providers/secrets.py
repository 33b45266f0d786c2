"""Values of a setting that stand in the environment, not in the file: `env:TWILIO_BR_TOKEN`."""

from collections.abc import Callable, Mapping
from typing import Any

from notifier.errors import Misconfigured

FROM_ENVIRONMENT = "env:"


def resolve(
    raw: Mapping[str, Any], environ: Mapping[str, str], wrong: Callable[[str, str], Misconfigured]
) -> dict[str, Any]:
    """
    Return `raw` with each text that begins with `env:` replaced by that environment variable.

    `wrong(field, why)` makes the error raised when a variable is not set.
    """
    resolved = dict(raw)
    for field, value in raw.items():
        if isinstance(value, str) and value.startswith(FROM_ENVIRONMENT):
            variable = value.removeprefix(FROM_ENVIRONMENT)
            if not environ.get(variable):
                raise wrong(field, f"names the environment variable {variable!r}, which is not set")
            resolved[field] = environ[variable]
    return resolved
