"""What the spec of a `template.thermometer` holds."""

from typing import Final

import voluptuous as vol

from hub.sdk import port, positive_seconds, text
from integrations._template.const import INTERVAL, PORT

SPEC: Final = vol.Schema(
    {
        vol.Optional("name", description="What people call it"): text,
        vol.Required("host", description="Name or address of the thermometer"): text,
        vol.Optional("port", default=PORT, description="TCP port"): port,
        vol.Optional(
            "interval", default=INTERVAL, description="Time between two questions"
        ): positive_seconds,
    }
)
