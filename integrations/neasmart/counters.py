"""Counters of one peer, or of a whole line when added up."""

from dataclasses import asdict, dataclass, fields
from typing import Self


@dataclass(slots=True)
class Counters:
    """Frames by result; every valid frame is counted in exactly one of the first six."""

    reads: int = 0
    writes: int = 0
    broadcasts: int = 0
    exceptions: int = 0
    foreign: int = 0
    responses: int = 0
    crc_errors: int = 0
    noise_bytes: int = 0
    replies: int = 0
    failures: int = 0
    bytes_in: int = 0
    bytes_out: int = 0

    @property
    def frames(self) -> int:
        """Return the number of valid frames."""
        own = self.reads + self.writes + self.broadcasts + self.exceptions
        return own + self.foreign + self.responses

    @property
    def noise(self) -> int:
        """Return what was not meant for us: foreign frames and damaged ones."""
        return self.foreign + self.crc_errors

    def add(self, other: Self) -> None:
        """Add another's counts to these."""
        for field in fields(self):
            name = field.name
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def as_dict(self) -> dict[str, int]:
        """Return all counts by name, sums included."""
        return asdict(self) | {"frames": self.frames, "noise": self.noise}
