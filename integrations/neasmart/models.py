"""What an installation consists of, as its resource tells it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from integrations.neasmart import registers
from integrations.neasmart.options import Options

Parts = Mapping[str, Any]
"""An installation taken apart: settings by name, and things such as `base 1`, `zone 1-2`."""

GROUPS: Final = {"mixed_groups": "mixed group", "dehumidifiers": "dehumidifier", "pumps": "pump"}
"""Lists of numbers in a spec, and what one of them is called."""


@dataclass(frozen=True, slots=True)
class Zone:
    """One room channel of a base."""

    base: int
    channel: int
    name: str
    area: str | None
    humidity: bool

    @property
    def address(self) -> int:
        """Return the zone's first register."""
        return registers.zone(self.base, self.channel)

    @property
    def key(self) -> str:
        """Return what tells this zone from others of the installation, for ever."""
        return f"{self.base}-{self.channel}"


@dataclass(frozen=True, slots=True)
class Base:
    """A base station: 1 is the master, 2..5 are slaves."""

    number: int
    name: str
    zones: tuple[Zone, ...]


@dataclass(frozen=True, slots=True)
class Settings:
    """One installation: a line, its bases and what else hangs on them; times in seconds."""

    key: str
    """The resource's key, under which measurements are stored."""
    name: str
    options: Options
    unit_ids: tuple[int, ...]
    broadcast: bool
    sniff_only: bool
    suppress_noise: bool
    stale_after: float
    command_timeout: float
    startup_mode: int
    startup_state: int
    fahrenheit: bool
    capture: Path | None
    capture_limit: int
    bases: tuple[Base, ...]
    mixed_groups: tuple[int, ...]
    dehumidifiers: tuple[int, ...]
    pumps: tuple[int, ...]

    @classmethod
    def of(cls, key: str, parts: Parts) -> Self:
        """Return the settings of an installation that was taken apart."""
        capture = parts["capture"]
        groups = {field: _numbers(parts, noun) for field, noun in GROUPS.items()}
        return cls(
            key=key,
            name=parts["name"],
            options=options(parts["transport"]),
            unit_ids=tuple(parts["unit_ids"]),
            broadcast=parts["broadcast"],
            sniff_only=parts["sniff_only"],
            suppress_noise=parts["suppress_noise"],
            stale_after=parts["stale_after"],
            command_timeout=parts["command_timeout"],
            startup_mode=parts["startup_mode"],
            startup_state=parts["startup_state"],
            fahrenheit=parts["unit"] == "F",
            capture=Path(capture["file"]) if capture else None,
            capture_limit=capture["max_bytes"] if capture else 0,
            bases=tuple(_base(number, parts) for number in _numbers(parts, "base")),
            **groups,
        )

    @property
    def id(self) -> str:
        """Return what every unique id begins with."""
        return identity(self.key)


def identity(key: str) -> str:
    """Return the key with its dashes doubled: `home-1` is never taken for base 1 of `home`."""
    return key.replace("-", "--")


def owns(key: str, id: str) -> bool:
    """Tell whether a unique id or a device's identifier belongs to an installation."""
    start = identity(key)
    rest = id.removeprefix(start)
    return id.startswith(start) and (not rest or (rest[0] == "-" and rest[1:2] != "-"))


def options(transport: Mapping[str, Any]) -> Options:
    """Return the line's options of a validated transport."""
    found = {name: value for name, value in transport.items() if name != "type"}
    found["allow"] = tuple(found.get("allow", ()))
    return Options(transport=transport["type"], **found)


def _base(number: int, parts: Parts) -> Base:
    start = f"zone {number}-"
    channels = sorted(int(part.removeprefix(start)) for part in parts if part.startswith(start))
    zones = tuple(Zone(number, channel, **parts[f"{start}{channel}"]) for channel in channels)
    return Base(number, parts[f"base {number}"]["name"], zones)


def _numbers(parts: Parts, noun: str) -> tuple[int, ...]:
    start = f"{noun} "
    return tuple(sorted(int(part.removeprefix(start)) for part in parts if part.startswith(start)))
