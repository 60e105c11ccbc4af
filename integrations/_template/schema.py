"""What the section of `hub.yaml` may hold."""

from typing import Final

import voluptuous as vol

from hub.sdk import port, positive_seconds, text
from integrations._template.const import INTERVAL, PORT

CONFIG: Final = vol.Schema(
    {
        vol.Required("host"): text,
        vol.Optional("port", default=PORT): port,
        vol.Optional("interval", default=INTERVAL): positive_seconds,
    }
)
