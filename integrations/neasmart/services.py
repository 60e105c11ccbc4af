"""The verbs of this integration beside those of its entities."""

from collections.abc import Callable, Sequence
from typing import Any

from hub.sdk import Description, Hub, Response, ServiceCall
from integrations.neasmart.const import DOMAIN
from integrations.neasmart.coordinator import Installation
from integrations.neasmart.diagnostics import diagnostics


def register(hub: Hub, installations: Sequence[Installation]) -> Callable[[], None]:
    """Register `neasmart.diagnostics`; returns what removes it."""

    def answer(_call: ServiceCall) -> dict[str, Any]:
        return {item.settings.id: diagnostics(item) for item in installations}

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
