"""The schema of the section `neasmart:`: one installation, or several by id or as a list."""

import ipaddress
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any, Final

import voluptuous as vol

from hub.sdk import boolean, finite_float, port, positive_seconds, slug, text
from integrations.neasmart.registers import BASES, CHANNELS, Mode, State


def whole(low: int, high: int, what: str) -> Callable[[object], int]:
    """Accept a whole number of a range, also as text; `what` names it in the message."""

    def validate(value: object) -> int:
        if isinstance(value, str) and value.strip().isdecimal():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise vol.Invalid(f"expected {what} between {low} and {high}")
        return value

    return validate


def distinct(
    low: int, high: int, what: str, *, some: bool = False
) -> Callable[[object], list[int]]:
    """Accept one number or a list of them; doubles are dropped."""
    one = vol.Schema([whole(low, high, what)])

    def validate(value: object) -> list[int]:
        numbers = one(value if isinstance(value, list) else [value])
        if some and not numbers:
            raise vol.Invalid(f"expected at least one {what}")
        return list(dict.fromkeys(numbers))

    return validate


def _network(value: object) -> str:
    try:
        return str(ipaddress.ip_network(text(value), strict=False))
    except ValueError:
        raise vol.Invalid("expected an address or a network such as 192.168.1.0/24") from None


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


def _is_mapping(value: object) -> bool:
    return isinstance(value, dict)


def _or_zero(value: object) -> object:
    return 0 if value is None else value


_ALLOW: Final = vol.All(lambda value: value if isinstance(value, list) else [value], [_network])
_LISTEN: Final[dict[Any, Any]] = {
    vol.Optional("host", default="0.0.0.0"): text,  # noqa: S104 - the adapter dials us
    vol.Optional("port", default=502): port,
    vol.Optional("allow", default=list): _ALLOW,
    vol.Optional("max_connections", default=8): whole(1, 100, "a number of connections"),
    vol.Optional("idle_timeout", default=0): vol.All(
        finite_float, vol.Range(min=0, msg="expected seconds, 0 for no limit")
    ),
}
_ECHO: Final[dict[Any, Any]] = {vol.Optional("echo", default=False): boolean}
_TRANSPORTS: Final[dict[str, vol.Schema]] = {
    "tcp": vol.Schema({vol.Required("type"): text, **_LISTEN}),
    "rtu-over-tcp": vol.Schema({vol.Required("type"): text, **_LISTEN, **_ECHO}),
    "rtu-over-tcp-dial": vol.Schema(
        {
            vol.Required("type"): text,
            vol.Required("host"): text,
            vol.Required("port"): port,
            **_ECHO,
        }
    ),
    "serial": vol.Schema(
        {
            vol.Required("type"): text,
            vol.Required("device"): text,
            vol.Optional("baudrate", default=38400): whole(300, 4_000_000, "a baud rate"),
            vol.Optional("parity", default="N"): vol.In(["N", "E", "O"]),
            vol.Optional("stopbits", default=1): vol.In([1, 1.5, 2]),
            **_ECHO,
        }
    ),
}


def _transport(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise vol.Invalid("expected a mapping with a type")
    kind = value.get("type", "tcp")
    if not isinstance(kind, str) or kind not in _TRANSPORTS:
        raise vol.Invalid(f"expected one of {', '.join(_TRANSPORTS)}", path=["type"])
    checked: dict[str, Any] = _TRANSPORTS[kind]({"type": kind, **value})
    return checked


ZONE: Final = vol.Schema(
    {
        vol.Required("channel"): whole(1, CHANNELS, "a channel"),
        vol.Required("name"): text,
        vol.Optional("area"): text,
        vol.Optional("humidity", default=True): boolean,
    }
)
BASE: Final = vol.Schema(
    {
        vol.Required("number"): whole(1, BASES, "a base number"),
        vol.Optional("name"): text,
        vol.Optional("zones", default=list): vol.All([ZONE], _unique("channel", "channel")),
    }
)
INSTALLATION: Final = vol.Schema(
    {
        vol.Optional("id", default="home"): slug,
        vol.Optional("name", default="Neasmart"): text,
        vol.Optional("transport", default=lambda: {"type": "tcp"}): _transport,
        vol.Optional("unit_ids", default=lambda: [240, 241]): distinct(
            1, 247, "unit id", some=True
        ),
        vol.Optional("broadcast", default=True): boolean,
        vol.Optional("sniff_only", default=False): boolean,
        vol.Optional("suppress_noise", default=True): boolean,
        vol.Optional("stale_after", default=180): positive_seconds,
        vol.Optional("command_timeout", default=30): positive_seconds,
        vol.Optional("startup_mode", default=0): vol.All(
            _or_zero, whole(0, max(Mode), "an operating mode")
        ),
        vol.Optional("startup_state", default=0): vol.All(
            _or_zero, whole(0, max(State), "an operating state")
        ),
        vol.Optional("unit", default="C"): vol.In(["C", "F"]),
        vol.Optional("capture"): {
            vol.Required("file"): _inside,
            vol.Optional("max_bytes", default=16_000_000): whole(10_000, 2**40, "a size in bytes"),
        },
        vol.Optional("bases", default=list): vol.All([BASE], _unique("number", "base")),
        vol.Optional("mixed_groups", default=list): distinct(1, 3, "mixed group"),
        vol.Optional("dehumidifiers", default=list): distinct(1, 9, "dehumidifier"),
        vol.Optional("pumps", default=list): distinct(1, 5, "pump"),
    }
)
_KEYS: Final = frozenset(str(key) for key in INSTALLATION.schema)


def section(value: object) -> list[dict[str, Any]]:
    """Return the installations of a section; raises vol.Invalid with the path in the file."""
    if isinstance(value, list):
        return list(vol.Schema(vol.All([INSTALLATION], _unique("id", "installation")))(value))
    if not isinstance(value, dict):
        raise vol.Invalid("expected an installation, or several by id")
    if not value or not _KEYS.isdisjoint(value) or not all(map(_is_mapping, value.values())):
        return [INSTALLATION(value)]
    named = vol.Schema({slug: INSTALLATION})(value)
    return [{**installation, "id": key} for key, installation in named.items()]


CONFIG: Final = vol.Schema(section)
