"""A command to the base and its way: queued, delivered, confirmed, rejected or expired."""

from dataclasses import dataclass
from enum import StrEnum


class Phase(StrEnum):
    """Where a command is. The last three are final."""

    QUEUED = "queued"
    DELIVERED = "delivered"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    EXPIRED = "expired"


@dataclass(slots=True)
class Command:
    """One wish for one command register; times are monotonic seconds."""

    address: int
    raw: int
    queued_at: float
    deadline: float
    phase: Phase = Phase.QUEUED
    delivered_at: float | None = None
    finished_at: float | None = None
    reason: str | None = None

    def delivered(self, now: float) -> None:
        """Note the first read by the base; reading is not yet accepting."""
        self.phase = Phase.DELIVERED
        self.delivered_at = now

    def finish(self, phase: Phase, now: float, reason: str | None = None) -> None:
        """Note the end of the command's way."""
        self.phase = phase
        self.finished_at = now
        self.reason = reason


@dataclass(slots=True)
class Latency:
    """Seconds the last command waited for the base's read, and the read for the confirmation."""

    read: float | None = None
    confirm: float | None = None
