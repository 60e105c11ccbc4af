"""What is kept of which entity."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from hub.hub import Hub

Record = Literal["all", "none", "statistics_only", "changes"]
Priority = Literal["low", "normal", "high"]


@dataclass(frozen=True, slots=True)
class Policy:
    """The effective values of one entity and the rule that gave them."""

    record: Record = "all"
    keep_days: float = 10.0
    min_interval: float = 0.0
    """Seconds between two rows; the last value of an interval is always kept."""
    deadband: float = 0.0
    deadband_percent: float = 0.0
    attributes: bool | frozenset[str] = True
    """All, none, or the named ones."""
    statistics: bool = True
    priority: Priority = "normal"
    rule: str = "default"


class Policies:
    """Policies by entity, memoised."""

    def __init__(self, hub: "Hub") -> None:
        """Follow the policies of `hub`."""
        self._default = Policy(keep_days=hub.settings.recorder.keep_days)

    def of(self, entity_id: str) -> Policy:  # noqa: ARG002 - the rules come later
        """Return the effective policy of an entity."""
        return self._default
