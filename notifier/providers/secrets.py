"""Values of a setting that stand in the environment, not in the file: `env:TWILIO_BR_TOKEN`."""

from collections.abc import Callable, Mapping
from typing import Any

from notifier.errors import Misconfigured

FROM_ENVIRONMENT = "env:"


def resolve(
    raw: Mapping[str, Any], environ: Mapping[str, str], wrong: Callable[[str, str], Misconfigured]
) -> dict[str, Any]:
    """
    Return `raw` with each text in it that begins with `env:` replaced by that environment variable.

    `wrong(field, why)` makes the error raised when a variable is not set.
    """

    def told(field: str, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: told(f"{field}.{key}" if field else key, one) for key, one in value.items()}
        if isinstance(value, list):
            return [told(f"{field}.{place}", one) for place, one in enumerate(value)]
        if not isinstance(value, str) or not value.startswith(FROM_ENVIRONMENT):
            return value
        variable = value.removeprefix(FROM_ENVIRONMENT)
        if not environ.get(variable):
            raise wrong(field, f"names the environment variable {variable!r}, which is not set")
        return environ[variable]

    return {field: told(field, value) for field, value in raw.items()}
