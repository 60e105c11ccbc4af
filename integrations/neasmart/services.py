"""The verbs of this integration beside those of its entities."""

from collections.abc import Callable, Mapping
from typing import Any

from hub.sdk import Description, Hub, Response, ServiceCall
from integrations.neasmart.const import DOMAIN
from integrations.neasmart.diagnostics import diagnostics
from integrations.neasmart.running import Running


def register(hub: Hub, running: Mapping[str, Running]) -> Callable[[], None]:
    """Register `neasmart.diagnostics`; returns what removes it."""

    def answer(_call: ServiceCall) -> dict[str, Any]:
        return {key: diagnostics(item.installation) for key, item in running.items()}

    return hub.services.register(
        DOMAIN,
        "diagnostics",
        answer,
        description=Description(
            "Diagnostics", "Counters, peers, commands and the newest traffic of every line"
        ),
        response=Response.ONLY,
        admin=True,
    )
