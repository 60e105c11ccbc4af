"""What the spec of a `neasmart.installation` holds."""

from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any, Final

import voluptuous as vol

from hub.sdk import (
    boolean,
    by_type,
    described,
    finite_float,
    network,
    port,
    positive_seconds,
    text,
    whole,
)
from integrations.neasmart.options import RTU_OVER_TCP, RTU_OVER_TCP_DIAL, SERIAL, TCP
from integrations.neasmart.registers import BASES, CHANNELS, Mode, State


def distinct(low: int, high: int, what: str) -> vol.All:
    """Accept one number or a list of them; doubles are dropped."""
    return vol.All(_listed, [whole(low, high, what)], lambda items: list(dict.fromkeys(items)))


def _listed(value: object) -> object:
    return value if isinstance(value, list) else [value]


@described(type="string")
def _inside(value: object) -> str:
    path = PurePosixPath(text(value))
    if path.is_absolute() or ".." in path.parts or not path.name:
        raise vol.Invalid("expected a file name inside the data folder")
    return str(path)


def _unique(key: str, what: str) -> Callable[[list[dict[str, Any]]], list[dict[str, Any]]]:
    def validate(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        seen: set[object] = set()
        for index, item in enumerate(items):
            if item[key] in seen:
                raise vol.Invalid(f"{what} {item[key]} is listed twice", path=[index, key])
            seen.add(item[key])
        return items

    return validate


def _or_zero(value: object) -> object:
    return 0 if value is None else value


_NAME: Final = vol.All(text, vol.Length(min=1, max=100, msg="expected 1 to 100 characters"))

_ECHO: Final[dict[Any, Any]] = {
    vol.Optional("echo", default=False, description="The adapter hears what we send"): boolean,
}
_LISTEN: Final[dict[Any, Any]] = {
    vol.Optional("host", default="0.0.0.0", description="Address to listen on"): text,  # noqa: S104 - the adapter dials us
    vol.Optional("port", default=502, description="Port to listen on"): port,
    vol.Optional(
        "allow", default=list, description="Addresses or networks that may connect; empty = all"
    ): vol.All(_listed, [network]),
    vol.Optional("max_connections", default=8, description="How many adapters at once"): whole(
        1, 100, "a number of connections"
    ),
    vol.Optional(
        "idle_timeout",
        default=0,
        description={"description": "Silence until an adapter is cut; 0 = never", "unit": "s"},
    ): vol.All(finite_float, vol.Range(min=0, msg="expected seconds, 0 for no limit")),
}
TRANSPORTS: Final[Mapping[str, vol.Schema]] = {
    TCP: vol.Schema(
        {vol.Optional("type", default=TCP, description="The adapter dials us"): TCP, **_LISTEN}
    ),
    RTU_OVER_TCP: vol.Schema(
        {
            vol.Required("type", description="The adapter dials us and sends bare RTU frames"): (
                RTU_OVER_TCP
            ),
            **_LISTEN,
            **_ECHO,
        }
    ),
    RTU_OVER_TCP_DIAL: vol.Schema(
        {
            vol.Required("type", description="We dial a transparent adapter"): RTU_OVER_TCP_DIAL,
            vol.Required("host", description="Name or address of the adapter"): text,
            vol.Required("port", description="Port of the adapter"): port,
            **_ECHO,
        }
    ),
    SERIAL: vol.Schema(
        {
            vol.Required("type", description="A serial device of this machine"): SERIAL,
            vol.Required("device", description="Such as /dev/ttyUSB0"): text,
            vol.Optional("baudrate", default=38400, description="Its speed"): whole(
                300, 4_000_000, "a baud rate"
            ),
            vol.Optional("parity", default="N", description="Its parity"): vol.In(["N", "E", "O"]),
            vol.Optional("stopbits", default=1, description="Its stop bits"): vol.In([1, 1.5, 2]),
            **_ECHO,
        }
    ),
}
"""The kinds of lines, each with its own fields."""


ZONE: Final[dict[Any, Any]] = {
    vol.Required("channel", description="Channel of the base station"): whole(
        1, CHANNELS, "a channel"
    ),
    vol.Required("name", description="What people call the room"): _NAME,
    vol.Optional("area", description="Area of a new zone; its own name when left out"): text,
    vol.Optional("humidity", default=True, description="Its thermostat measures humidity"): boolean,
}
BASE: Final[dict[Any, Any]] = {
    vol.Required("number", description="As set by its DIP switches, 1 is the master"): whole(
        1, BASES, "a base number"
    ),
    vol.Optional("name", description="What people call the base station"): _NAME,
    vol.Optional("zones", default=list, description="Its room channels"): vol.All(
        [ZONE], _unique("channel", "channel")
    ),
}
INSTALLATION: Final = vol.Schema(
    {
        vol.Optional("name", default="Neasmart", description="Name of the line's device"): _NAME,
        vol.Optional(
            "transport", default=lambda: {"type": "tcp"}, description="The line to the base"
        ): by_type(TRANSPORTS, TCP),
        vol.Optional("bases", default=list, description="The base stations"): vol.All(
            [BASE], _unique("number", "base")
        ),
        vol.Optional("mixed_groups", default=list, description="Mixed groups in use"): distinct(
            1, 3, "mixed group"
        ),
        vol.Optional("dehumidifiers", default=list, description="Dehumidifiers in use"): distinct(
            1, 9, "dehumidifier"
        ),
        vol.Optional("pumps", default=list, description="Extra pumps in use"): distinct(
            1, 5, "pump"
        ),
        vol.Optional("unit", default="C", description="Temperature unit on the bus"): vol.In(
            ["C", "F"]
        ),
        vol.Optional(
            "unit_ids", default=lambda: [240, 241], description="Unit ids that the hub answers for"
        ): vol.All(
            distinct(1, 247, "unit id"), vol.Length(min=1, msg="expected at least one unit id")
        ),
        vol.Optional(
            "broadcast", default=True, description="Unit 0 is a broadcast, never answered"
        ): boolean,
        vol.Optional(
            "sniff_only", default=False, description="Only listen, beside a real gateway"
        ): boolean,
        vol.Optional(
            "suppress_noise", default=True, description="Count foreign frames without logging them"
        ): boolean,
        vol.Optional(
            "stale_after",
            default=180,
            description="Silence until a zone is unavailable",
        ): positive_seconds,
        vol.Optional(
            "command_timeout",
            default=30,
            description="How long a command waits to be read",
        ): positive_seconds,
        vol.Optional(
            "startup_mode", default=0, description="Operating mode sent at the start; 0 = none"
        ): vol.All(_or_zero, whole(0, max(Mode), "an operating mode")),
        vol.Optional(
            "startup_state", default=0, description="Operating state sent at the start; 0 = none"
        ): vol.All(_or_zero, whole(0, max(State), "an operating state")),
        vol.Optional("capture", description="Record the traffic"): {
            vol.Required("file", description="File inside the data folder"): _inside,
            vol.Optional(
                "max_bytes", default=16_000_000, description="Size at which a new file is begun"
            ): whole(10_000, 2**40, "a size in bytes"),
        },
    }
)


def _moved(value: object) -> None:
    """Say where the section of `hub.yaml` belongs now."""
    raise vol.Invalid(
        "installations are resources now: move these lines into resources/heating.yaml, "
        f"there they stand under {' and '.join(_ids(value))} "
        "(docs/neasmart.md#from-hubyaml shows how)"
    )


def _ids(value: object) -> list[str]:
    """Return the resources that a section of old would be: one, several by id, or a list."""
    keys = ["home"]
    if isinstance(value, list):
        keys = [item.get("id", "home") for item in value if isinstance(item, dict)]
    elif isinstance(value, dict) and "id" in value:
        keys = [value["id"]]
    elif isinstance(value, dict) and value and {*value}.isdisjoint(map(str, INSTALLATION.schema)):
        keys = list(value)
    return [f"neasmart.installation/{key}:" for key in keys]


CONFIG: Final = vol.Schema(_moved)
