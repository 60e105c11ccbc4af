"""How one device is polled: its resource and its definition put together."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from integrations.modbus.mapping.models import Definition, Limits, Rate

INTERVALS: Final[Mapping[Rate, float]] = {Rate.FAST: 2.0, Rate.NORMAL: 10.0, Rate.SLOW: 300.0}
"""Seconds, where neither device nor definition says another."""
_STALE_INTERVALS: Final = 3
_STALE_LEAST: Final = 5.0


@dataclass(frozen=True, slots=True)
class Patience:
    """When a device that does not answer is left alone; seconds."""

    failures: int = 5
    wait: float = 60.0
    longest: float = 600.0


@dataclass(frozen=True, slots=True)
class DeviceSettings:
    """What a device's resource says, its definition's defaults filled in."""

    name: str
    link: str
    unit: int
    area: str | None = None
    intervals: Mapping[Rate, float] = field(default_factory=lambda: INTERVALS)
    limits: Limits = field(default_factory=Limits)
    stale_after: float | None = None
    """Seconds; None = three intervals of a register's rate."""
    read_only: bool = False
    queues: bool = False
    """Whether writes wait while the device can not be reached."""
    queue_seconds: float = 300.0
    patience: Patience = field(default_factory=Patience)

    @classmethod
    def of(cls, key: str, spec: Mapping[str, Any], definition: Definition) -> "DeviceSettings":
        """Put a checked spec and a definition together."""
        told = {Rate(name): float(value) for name, value in spec["intervals"].items()}
        limits = {name: value for name, value in spec["limits"].items() if value is not None}
        return cls(
            name=spec.get("name") or key,
            link=spec["link"],
            unit=spec["unit"],
            area=spec.get("area"),
            intervals={**INTERVALS, **definition.rates, **told},
            limits=replace(definition.limits, **limits),
            stale_after=spec.get("stale_after"),
            read_only=spec["read_only"],
            queues=spec["when_offline"] == "queue",
            queue_seconds=spec["queue_seconds"],
            patience=Patience(**spec["breaker"]),
        )

    def lifetime(self, rate: Rate) -> float:
        """Return the seconds after which a value of a rate is old."""
        if rate is Rate.ONCE:
            return float("inf")
        if self.stale_after is not None:
            return self.stale_after
        return max(_STALE_LEAST, _STALE_INTERVALS * self.intervals[rate])
