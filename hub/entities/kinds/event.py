"""Something that happens now and then."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from hub.entities.entity import Entity
from hub.errors import NotSupported


class EventEntity(Entity):
    """A source of events of the listed types; its state is the time of the last one."""

    kind = "event"
    event_types: Sequence[str] = ()
    _last: tuple[datetime, str, dict[str, Any]] | None = None

    @property
    def state_value(self) -> str | None:
        """Return the time of the last event since the start."""
        return None if self._last is None else self._last[0].isoformat(timespec="milliseconds")

    @property
    def capability_attributes(self) -> Mapping[str, Any]:
        """Return the event types."""
        return {"event_types": list(self.event_types)}

    @property
    def state_attributes(self) -> Mapping[str, Any]:
        """Return the type and the data of the last event."""
        if self._last is None:
            return {"event_type": None}
        return {"event_type": self._last[1], **self._last[2]}

    def trigger(self, event_type: str, data: Mapping[str, Any] | None = None) -> None:
        """Tell that an event happened; raises `NotSupported` for a type that is not listed."""
        if event_type not in self.event_types:
            raise NotSupported(f"{self!r} has no event type {event_type!r}")
        now = datetime.fromtimestamp(self.hub.clock.time(), UTC)
        self._last = (now, event_type, dict(data or {}))
        self.write()
