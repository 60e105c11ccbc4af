"""What the `demo:` section of `hub.yaml` may hold."""

from typing import Final

import voluptuous as vol

from hub.sdk import positive_seconds, text
from integrations.demo.const import INTERVAL


def _section(value: object) -> object:
    """Let `demo:` stand alone."""
    return {} if value is None else value


CONFIG: Final = vol.Schema(
    vol.All(
        _section,
        {
            vol.Optional("area"): text,
            vol.Optional("interval", default=INTERVAL): positive_seconds,
        },
    )
)
