"""The states of the past, and their changes from then on."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol

from hub.api.errors import InvalidStartTime
from hub.api.history import Form, by_entity, live_row
from hub.api.period import known_ids, limited, range_of
from hub.api.websocket.command import Message, Raw, Then, command
from hub.api.websocket.connection import Connection
from hub.api.websocket.live import LiveChanges, recorded
from hub.recorder.reading.queries import SIGNIFICANT_DOMAINS, Wanted
from hub.schema import integer, text
from hub.util.json import dumps

if TYPE_CHECKING:
    from hub.auth import User
    from hub.recorder.reading.columns import Columns
    from hub.states import StateChanged
    from hub.util.clock import Cancel

MOST_POINTS: Final = 100_000
LEAST_POINTS: Final = 16

_FIELDS: Final = {
    vol.Required("start_time"): text,
    vol.Optional("end_time"): text,
    vol.Required("entity_ids"): [text],
    vol.Optional("include_start_time_state", default=True): bool,
    vol.Optional("significant_changes_only", default=True): bool,
    vol.Optional("minimal_response", default=False): bool,
    vol.Optional("no_attributes", default=False): bool,
    vol.Optional("max_points"): vol.All(integer, vol.Range(min=LEAST_POINTS, max=MOST_POINTS)),
}
"""`max_points` is the hub's own: thin out to about so many rows, the extremes kept."""


def readable(user: "User", entity_ids: Iterable[str]) -> list[str]:
    """Return the entities that a user may read; the others do not exist for him."""
    if user.rights.reads_all:
        return list(entity_ids)
    return [entity_id for entity_id in entity_ids if user.may("read", entity_id)]


def _form(message: Message, start: float, end: float) -> Form:
    return Form(
        Wanted(
            start,
            end,
            held=message["include_start_time_state"],
            significant=message["significant_changes_only"],
            max_points=message.get("max_points"),
        ),
        minimal=message["minimal_response"],
        attributes=not message["no_attributes"],
    )


@command("history/history_during_period", _FIELDS, verb="read")
async def during_period(connection: Connection, message: Message) -> Raw:
    """Return `{ENTITY:[ROW]}` of a range; an entity without rows is left out."""
    hub = connection.hub
    start, end = range_of(hub, message)
    entity_ids = readable(connection.user, known_ids(message["entity_ids"]))
    now = hub.clock.time()
    if start > now or not entity_ids:
        return Raw(b"{}")
    form = _form(message, start, min(now if end is None else end, now))
    async with limited():
        return Raw(await by_entity(hub, entity_ids, form))


@command("history/stream", _FIELDS, verb="read")
def stream(connection: Connection, message: Message) -> Any:
    """Send the rows of a range, then changes as they happen, until `end_time` or for ever."""
    hub = connection.hub
    start, end = range_of(hub, message)
    entity_ids = readable(connection.user, known_ids(message["entity_ids"]))
    now = hub.clock.time()
    if start > now:
        raise InvalidStartTime("Invalid start_time: it lies in the future")
    form = _form(message, start, now if end is None else min(end, now))
    following = Stream(connection, message["id"], entity_ids, form, end)
    connection.subscribe(message["id"], following.stop)
    return following.begin()


class Stream:
    """One subscription of `history/stream`."""

    def __init__(
        self,
        connection: Connection,
        message_id: int,
        entity_ids: list[str],
        form: Form,
        end: float | None,
    ) -> None:
        """Listen from now on, unless everything wanted has happened."""
        self._connection = connection
        self._id = message_id
        self._entity_ids = entity_ids
        self._form = form
        self._stopped = False
        self._finish: Cancel | None = None
        self._live: LiveChanges | None = None
        hub = connection.hub
        now = hub.clock.time()
        if entity_ids and (end is None or end > now):
            followed = frozenset(one for one in entity_ids if recorded(hub, one))
            self._live = LiveChanges(hub, followed, self._send)
            if end is not None:
                self._finish = hub.clock.call_later(end - now, self._end)

    async def begin(self) -> Then:
        """Read the first part; its event goes out behind the result."""
        wanted = self._form.wanted
        try:
            async with limited():
                states = await by_entity(
                    self._connection.hub, self._entity_ids, self._form, self._seen
                )
        except BaseException:
            self._connection.unsubscribe(self._id)
            raise
        times = dumps({"start_time": wanted.start, "end_time": wanted.end})
        return Then(None, lambda: self._first(b'{"states":%b,%b' % (states, times[1:])))

    def stop(self) -> None:
        """Send nothing any more."""
        self._stopped = True
        if self._finish is not None:
            self._finish()
        if self._live is not None:
            self._live.stop()

    def _seen(self, rows: "Columns") -> None:
        if self._live is not None:
            self._live.read(rows.entity_id, rows.times[-1], rows.states[-1])

    def _first(self, event: bytes) -> None:
        if self._stopped:
            return
        self._connection.send_event(self._id, Raw(event))
        if self._live is not None:
            self._live.open()

    def _end(self) -> None:
        """Send what waits, then be silent; the subscription itself ends with its client."""
        self._send()
        if self._live is not None:
            self._live.stop()

    def _send(self) -> None:
        live, connection = self._live, self._connection
        if live is None or self._stopped:
            return
        if connection.slow:
            live.push()
            return
        left_out, live.left_out = live.left_out, 0
        parts = []
        allowed = readable(connection.user, waiting := live.take())
        for entity_id in allowed:
            rows = [self._row(event) for event in waiting[entity_id] if self._counts(event)]
            if rows:
                parts.append(b'"%b":[%b]' % (entity_id.encode(), b",".join(rows)))
        if parts:
            more = b',"left_out":%d' % left_out if left_out else b""
            connection.send_event(self._id, Raw(b'{"states":{%b}%b}' % (b",".join(parts), more)))

    def _row(self, event: "StateChanged") -> bytes:
        return live_row(event.new, event.time, self._form.attributes)

    def _counts(self, event: "StateChanged") -> bool:
        """Tell whether a change is wanted."""
        if not self._form.wanted.significant or event.new is None or event.old is None:
            return True
        changed = event.new.last_changed == event.new.last_updated
        return changed or event.new.domain in SIGNIFICANT_DOMAINS
