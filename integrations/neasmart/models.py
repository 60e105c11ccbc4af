"""What an installation consists of, as the configuration tells it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from integrations.neasmart import registers
from integrations.neasmart.server import Options


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

    id: str
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
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Return the settings of a validated section."""
        transport = dict(config["transport"])
        transport["allow"] = tuple(transport.get("allow", ()))
        transport["transport"] = transport.pop("type")
        capture = config.get("capture")
        return cls(
            id=config["id"],
            name=config["name"],
            options=Options(**transport),
            unit_ids=tuple(config["unit_ids"]),
            broadcast=config["broadcast"],
            sniff_only=config["sniff_only"],
            suppress_noise=config["suppress_noise"],
            stale_after=config["stale_after"],
            command_timeout=config["command_timeout"],
            startup_mode=config["startup_mode"],
            startup_state=config["startup_state"],
            fahrenheit=config["unit"] == "F",
            capture=Path(capture["file"]) if capture else None,
            capture_limit=capture["max_bytes"] if capture else 0,
            bases=tuple(_base(base) for base in config["bases"]),
            mixed_groups=tuple(config["mixed_groups"]),
            dehumidifiers=tuple(config["dehumidifiers"]),
            pumps=tuple(config["pumps"]),
        )


def _base(config: dict[str, Any]) -> Base:
    number = config["number"]
    zones = tuple(
        Zone(number, zone["channel"], zone["name"], zone.get("area"), zone["humidity"])
        for zone in config["zones"]
    )
    return Base(number, config.get("name") or f"Base station {number}", zones)
