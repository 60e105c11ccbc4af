"""Something that happened."""

from time import time as _wall
from typing import Any

from hub.const import LOCAL
from hub.events.context import Context
from hub.util.json import dumps
from hub.util.times import iso


class Event:
    """One occurrence: type, data, origin, time and context. Treat it as immutable."""

    __slots__ = ("_context", "_json", "data", "origin", "time", "type")

    def __init__(
        self,
        type: str,
        data: dict[str, Any],
        origin: str = LOCAL,
        time: float | None = None,
        context: Context | None = None,
    ) -> None:
        """Stamp the event with `time` in epoch seconds (now, when left out)."""
        self.type = type
        self.data = data
        self.origin = origin
        self.time = _wall() if time is None else time
        self._context = context
        self._json: bytes | None = None

    @property
    def context(self) -> Context:
        """Return the cause; an event fired without one gets its own."""
        if (value := self._context) is None:
            value = self._context = Context()
        return value

    @property
    def json(self) -> bytes:
        """Return the Home Assistant event object as JSON, built at most once."""
        if (value := self._json) is None:
            value = self._json = (
                b'{"event_type":%b,"data":%b,"origin":"%b","time_fired":"%b","context":%b}'
                % (
                    dumps(self.type),
                    self._data_json(),
                    self.origin.encode(),
                    iso(self.time).encode(),
                    self.context.json,
                )
            )
        return value

    def _data_json(self) -> bytes:
        return dumps(self.data)

    def __repr__(self) -> str:
        """Show the type and the data."""
        return f"Event({self.type!r}, {self.data!r})"
