"""What happened in words: a range of the logbook, and its rows as they come."""

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol

from hub.api.errors import InvalidStartTime
from hub.api.logbook import asked_of, measured, rows_of, teller
from hub.api.period import known_ids, limited, range_of
from hub.api.websocket.command import Message, Then, command
from hub.api.websocket.connection import Connection
from hub.api.websocket.live import LiveChanges, recorded
from hub.recorder.model import Change, Happening
from hub.recorder.reading.logbook import CALLED, EVENTS, Entry, Row
from hub.schema import text

if TYPE_CHECKING:
    from hub.events import Event
    from hub.hub import Hub
    from hub.recorder.reading.logbook import Asked
    from hub.states import StateChanged
    from hub.util.clock import Cancel

MOST_EVENTS: Final = 2048
"""Events that may wait for their message; past that the oldest are given up, and that is said."""

_RANGE: Final = {vol.Required("start_time"): text, vol.Optional("end_time"): text}
_FIELDS: Final = {
    **_RANGE,
    vol.Optional("entity_ids"): [text],
    vol.Optional("device_ids"): [text],
}


def _asked(connection: Connection, message: Message) -> "Asked":
    entity_ids = message.get("entity_ids")
    return asked_of(
        connection.user,
        None if entity_ids is None else known_ids(entity_ids),
        message.get("device_ids"),
        message.get("context_id"),
    )


@command("logbook/get_events", {**_FIELDS, vol.Optional("context_id"): text}, verb="read")
async def get_events(connection: Connection, message: Message) -> list[Row]:
    """Return the rows of a range, oldest first."""
    hub = connection.hub
    start, end = range_of(hub, message)
    asked = _asked(connection, message)
    now = hub.clock.time()
    if start > now:
        return []
    async with limited("the logbook"):
        return await rows_of(hub, asked, start, now if end is None else min(end, now))


@command("logbook/get_action_calls", _RANGE, admin=True, verb="read")
async def get_action_calls(connection: Connection, message: Message) -> list[Row]:
    """Return the services that were called in a range, oldest first."""
    hub = connection.hub
    start, end = range_of(hub, message)
    if not connection.user.rights.reads_all:
        return []
    until = hub.clock.time() if end is None else end
    found: list[Row] = []
    async with limited("the logbook"):
        async for event in hub.recorder.history.events(start, until, [CALLED]):
            context = event.context
            found.append(
                {
                    "domain": event.data.get("domain"),
                    "service": event.data.get("service"),
                    "service_data": event.data.get("service_data"),
                    "when": event.time,
                    "context_id": None if context is None else context.id,
                    "context_user_id": None if context is None else context.user_id,
                }
            )
    return found


@command("logbook/event_stream", _FIELDS, verb="read")
def event_stream(connection: Connection, message: Message) -> Any:
    """Send the rows of a range, then new ones as they come, until `end_time` or for ever."""
    hub = connection.hub
    start, end = range_of(hub, message)
    asked = _asked(connection, message)
    if start > hub.clock.time():
        raise InvalidStartTime("Invalid start_time: it lies in the future")
    following = Stream(connection, message["id"], asked, start, end)
    connection.subscribe(message["id"], following.stop)
    return following.begin()


class _Told:
    """The entities whose changes a stream tells; the container that `LiveChanges` asks."""

    def __init__(self, hub: "Hub", asked: "Asked") -> None:
        self._hub = hub
        self._asked = asked

    def __contains__(self, entity_id: object) -> bool:
        return (
            isinstance(entity_id, str)
            and self._asked.wants(entity_id)
            and not measured(self._hub, entity_id)
            and recorded(self._hub, entity_id)
        )


class Stream:
    """One subscription of `logbook/event_stream`."""

    def __init__(
        self,
        connection: Connection,
        message_id: int,
        asked: "Asked",
        start: float,
        end: float | None,
    ) -> None:
        """Listen from now on, unless everything wanted has happened."""
        self._connection = connection
        self._id = message_id
        self._asked = asked
        self._teller = teller(connection.hub, asked)
        self._stopped = False
        self._finish: Cancel | None = None
        self._live: LiveChanges | None = None
        self._events: list[Happening] = []
        self._left_out = 0
        self._read: Counter[tuple[str, int]] = Counter()
        hub = connection.hub
        now = hub.clock.time()
        self._start, self._end = start, now if end is None else min(end, now)
        self._unlisten = []
        if end is None or end > now:
            self._live = LiveChanges(hub, _Told(hub, asked), self._send)
            self._unlisten = [hub.bus.listen(kind, self._happened) for kind in EVENTS]
            if end is not None:
                self._finish = hub.clock.call_later(end - now, self._close)

    async def begin(self) -> Then:
        """Read the first part; its events go out behind the result."""
        hub = self._connection.hub
        try:
            async with limited("the logbook"):
                rows = await rows_of(
                    hub, self._asked, self._start, self._end, self._teller, self._seen
                )
        except BaseException:
            self._connection.unsubscribe(self._id)
            raise
        return Then(None, lambda: self._first(rows))

    def stop(self) -> None:
        """Send nothing any more."""
        self._stopped = True
        if self._finish is not None:
            self._finish()
        self._listen_no_longer()

    def _listen_no_longer(self) -> None:
        if self._live is not None:
            self._live.stop()
        for unlisten in self._unlisten:
            unlisten()
        self._unlisten.clear()

    def _seen(self, entry: Entry) -> None:
        """Note what was read, of what may have happened since the stream listens."""
        if self._live is None:
            return
        time = round(entry.time * 1e6)
        if isinstance(entry, Change):
            self._live.read(entry.entity_id, time, entry.state)
        elif entry.time >= self._end:
            self._read[entry.type, time] += 1

    def _first(self, rows: list[Row]) -> None:
        if self._stopped:
            return
        times = {"start_time": self._start, "end_time": self._end}
        send = self._connection.send_event
        send(self._id, {"events": rows, **times, "partial": True})
        send(self._id, {"events": [], **times})
        if self._live is not None:
            self._events = [event for event in self._events if not self._was_read(event)]
            self._read.clear()
            self._live.open(more=bool(self._events))

    def _was_read(self, event: Happening) -> bool:
        key = (event.type, round(event.time * 1e6))
        self._read[key] -= 1
        return self._read[key] >= 0

    def _happened(self, event: "Event") -> None:
        self._events.append(Happening(event.time, event.type, event.data, event.context))
        if len(self._events) > MOST_EVENTS:
            self._left_out += 1
            del self._events[0]
        if self._live is not None:
            self._live.push()

    def _close(self) -> None:
        """Send what waits, then be silent; the subscription itself ends with its client."""
        self._send()
        self._listen_no_longer()

    def _send(self) -> None:
        live, connection = self._live, self._connection
        if live is None or self._stopped:
            return
        if connection.slow:
            live.push()
            return
        left_out = self._left_out + live.left_out
        self._left_out = live.left_out = 0
        events, self._events = self._events, []
        waiting: list[Entry] = [*events, *self._changes()]
        waiting.sort(key=lambda entry: (entry.time, isinstance(entry, Change)))
        rows = [row for entry in waiting if (row := self._teller.tell(entry)) is not None]
        if rows:
            more = {"left_out": left_out} if left_out else {}
            connection.send_event(self._id, {"events": rows, **more})

    def _changes(self) -> list[Change]:
        taken = {} if self._live is None else self._live.take()
        for entity_id, events in taken.items():
            if (old := events[0].old) is not None:
                self._teller.assume(entity_id, old.state)
        return [_change(event) for events in taken.values() for event in events]


def _change(event: "StateChanged") -> Change:
    new = event.new
    if new is None:
        return Change(event.time, event.entity_id, None, {}, event.time, event.context)
    return Change(
        event.time, event.entity_id, new.state, new.attributes, new.last_changed, event.context
    )
