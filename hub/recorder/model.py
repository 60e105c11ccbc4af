"""What the recorder gives back: changes of states and events, as they were."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hub.events import Context


@dataclass(frozen=True, slots=True)
class Change:
    """The state that an entity took at a time; times are epoch seconds.

    Changes that share attributes share the mapping: treat it as immutable.
    """

    time: float
    entity_id: str
    state: str | None
    """None = the entity was removed."""
    attributes: dict[str, Any] = field(default_factory=dict)
    changed: float = 0.0
    """When the state text changed last; `time`, or earlier when only attributes changed."""
    context: "Context | None" = None
    """None where neither a user nor another event caused it."""


@dataclass(frozen=True, slots=True)
class Happening:
    """An event that was recorded; `time` in epoch seconds."""

    time: float
    type: str
    data: dict[str, Any] = field(default_factory=dict)
    context: "Context | None" = None
