"""What is known of one register at one moment."""

from dataclasses import dataclass
from enum import StrEnum

from integrations.modbus.mapping.models import Value


class Quality(StrEnum):
    """How far a value can be trusted."""

    GOOD = "good"
    STALE = "stale"
    NONE = "none"


class Origin(StrEnum):
    """Where a value is from."""

    BUS = "bus"
    ASSUMED = "assumed"
    """Written to a register that can not be read back."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A value with its age and worth."""

    value: Value | None
    """None = not known; never 0 instead."""
    raw: tuple[int, ...] | None
    """The words (or bits) as they came; None = never received."""
    at: float | None
    """Wall time of the observation, epoch seconds."""
    quality: Quality
    origin: Origin | None
    reason: str | None
    """Why the value is old or missing, None = it is not: a fault's word (timeout, bad_answer,
    link_down, refused ...), breaker_open, busy, gateway, never_received, not_read_in_time,
    illegal_address, or what `mapping.models.Reason` knows."""
