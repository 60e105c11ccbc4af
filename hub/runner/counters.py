"""What is counted of each host, for metrics and diagnostics."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(slots=True)
class Counters:
    """Since the hub started; `seconds` is the sum over `commands`."""

    connects: int = 0
    connect_failures: int = 0
    lost: int = 0
    commands: int = 0
    seconds: float = 0.0
    channel_retries: int = 0
    last_error: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the form for diagnostics."""
        return asdict(self)
