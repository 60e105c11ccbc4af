"""What the specs of links, devices and definitions hold."""

from typing import Any, Final

import voluptuous as vol

from hub.sdk import Reference, boolean, finite_float, positive_seconds, text, whole
from integrations.modbus.const import DEFINITION, LINK
from integrations.modbus.mapping import library

_NAME: Final = vol.All(text, vol.Length(min=1, max=100, msg="expected 1 to 100 characters"))
_PAUSE: Final = vol.All(
    finite_float, vol.Range(min=0, max=10, msg="expected seconds between 0 and 10")
)


_INTERVAL: Final = vol.All(
    finite_float, vol.Range(min=0.05, max=86_400, msg="expected seconds between 0.05 and 86400")
)
"""As in a definition: sooner than that nothing is left of the line for others."""
_LONGEST: Final = 365 * 86_400
_SPAN: Final = vol.All(
    positive_seconds, vol.Range(max=_LONGEST, msg="expected seconds, at most a year of them")
)


def _seconds(description: str) -> dict[str, Any]:
    return {"description": description, "unit": "s"}


INTERVALS: Final[dict[Any, Any]] = {
    vol.Optional("fast", description=_seconds("Between two reads of what changes at once")): (
        _INTERVAL
    ),
    vol.Optional("normal", description=_seconds("Between two reads of most registers")): (
        _INTERVAL
    ),
    vol.Optional("slow", description=_seconds("Between two reads of what hardly changes")): (
        _INTERVAL
    ),
}
LIMITS: Final[dict[Any, Any]] = {
    vol.Optional("words", description="Registers that one read may ask for"): whole(
        1, 125, "a number of registers"
    ),
    vol.Optional("bits", description="Coils or inputs that one read may ask for"): whole(
        1, 2000, "a number of bits"
    ),
    vol.Optional("gap", description="Unwanted addresses that are read along; 0 = none"): whole(
        0, 124, "a number of registers"
    ),
    vol.Optional("write_words", description="Registers that one write may hold"): whole(
        1, 123, "a number of registers"
    ),
    vol.Optional("pause", description=_seconds("Rest before each of its requests")): _PAUSE,
}
BREAKER: Final[dict[Any, Any]] = {
    vol.Optional("failures", default=5, description="Failures in a row until it is left alone"): (
        whole(1, 100, "a number of failures")
    ),
    vol.Optional("wait", default=60, description=_seconds("Until it is tried again")): (_SPAN),
    vol.Optional("longest", default=600, description=_seconds("The wait grows up to this")): (
        _SPAN
    ),
}
REFUSE: Final = "refuse"
QUEUE: Final = "queue"

DEVICE: Final = vol.Schema(
    {
        vol.Required("link", description="The line it hangs on"): Reference(LINK),
        vol.Optional("unit", default=1, description="Its address on the line"): whole(
            0, 255, "a unit"
        ),
        vol.Required("definition", description="What its registers mean"): Reference(
            DEFINITION, shipped=library.names()
        ),
        vol.Optional("name", description="What people call it"): _NAME,
        vol.Optional("area", description="Area of a new device"): text,
        vol.Optional("intervals", default=dict, description="How often it is read"): INTERVALS,
        vol.Optional(
            "limits",
            default=dict,
            description={"description": "What it can stand in one request", "advanced": True},
        ): LIMITS,
        vol.Optional(
            "stale_after",
            description={
                "description": "Age at which a value is no longer shown; left out: three intervals",
                "unit": "s",
                "advanced": True,
            },
        ): _SPAN,
        vol.Optional("read_only", default=False, description="Refuse every write"): boolean,
        vol.Optional(
            "when_offline",
            default=REFUSE,
            description={
                "description": "What happens to writes while it can not be reached",
                "advanced": True,
            },
        ): vol.In([REFUSE, QUEUE]),
        vol.Optional(
            "queue_seconds",
            default=300,
            description={
                "description": "How long a write waits when it is queued",
                "unit": "s",
                "advanced": True,
            },
        ): _SPAN,
        vol.Optional(
            "breaker",
            default=lambda: vol.Schema(BREAKER)({}),
            description={
                "description": "When it is left alone because it does not answer",
                "advanced": True,
            },
        ): BREAKER,
    }
)
"""The spec of a `modbus.device`."""


def check_device(spec: Any) -> None:
    """Refuse a wait that is longer than the longest."""
    breaker = spec["breaker"]
    if breaker["longest"] < breaker["wait"]:
        raise vol.Invalid("expected at least the wait", path=["breaker", "longest"])
