"""From state changes to retained topics: once per loop turn, only what changed."""

import asyncio
import logging
from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from hub.const import UNAVAILABLE
from hub.mqtt.directory import Directory
from hub.mqtt.ledger import Ledger
from hub.mqtt.outbox import Outbox
from hub.mqtt.topics import OFFLINE, ONLINE, Topics
from hub.mqtt.values import NONE, event_payload, extras, main_value, payloads
from hub.states import State

if TYPE_CHECKING:
    from hub.hub import Hub

_LOGGER = logging.getLogger(__name__)

_MANY: Final = 20
_CLAIMED: Final = 500
_CAPABILITIES: Final = {
    "climate": (
        "hvac_modes",
        "preset_modes",
        "fan_modes",
        "min_temp",
        "max_temp",
        "target_temp_step",
        "supported_features",
    ),
    "event": ("event_types",),
    "number": ("min", "max", "step", "mode"),
    "select": ("options",),
    "sensor": ("state_class", "options", "unit_of_measurement"),
    "update": ("supported_features",),
}


class Publisher:
    """Listens to states and posts their topics to the outbox.

    `on_device(key)` is called when a device's announcement may have changed, `on_gone(entity_id)`
    when an entity's topics should be cleared, `send(topic, payload)` publishes unretained.
    """

    def __init__(
        self,
        hub: "Hub",
        topics: Topics,
        directory: Directory,
        ledger: Ledger,
        outbox: Outbox,
        *,
        on_device: Callable[[str], None],
        on_gone: Callable[[str], None],
        send: Callable[[str, bytes], None],
    ) -> None:
        """Prepare; nothing happens before `start`."""
        self._hub = hub
        self._topics = topics
        self._directory = directory
        self._ledger = ledger
        self._outbox = outbox
        self._on_device = on_device
        self._on_gone = on_gone
        self._send = send
        self._last: dict[str, State] = {}
        self._dirty: dict[str, None] = {}
        self._dirty_devices: dict[str, None] = {}
        self._devices: dict[str, bool] = {}
        self._unclaimed: dict[str, None] = {}
        self._claiming: asyncio.Task[None] | None = None
        self._scheduled = False
        self._stop: Callable[[], None] | None = None

    def start(self) -> None:
        """Follow all states from now on, and publish the present ones."""
        self._stop = self._hub.states.listen(self._changed)
        for state in self._hub.states.all():
            self._mark(state.entity_id)

    def stop(self) -> None:
        """Stop listening."""
        if self._stop is not None:
            self._stop()
            self._stop = None

    def retained(self, state: State) -> dict[str, bytes]:
        """Return every payload of an entity by topic."""
        base = self._topics.entity(state.entity_id)
        return {f"{base}/{level}": payload for level, payload in payloads(state).items()}

    def absent(self, entity_id: str) -> dict[str, bytes]:
        """Return what lies on the topics of an entity that has no state at the moment."""
        base = self._topics.entity(entity_id)
        return {
            f"{base}/{level}": OFFLINE if level == "availability" else NONE
            for level in self._ledger.values.get(entity_id, ())
            if level not in ("attributes", "update")
        }

    def device_availability(self) -> dict[str, bytes]:
        """Return the availability of every device with registered entities, by device key."""
        found = {
            key: self._directory.reached(entries)
            for key, entries in self._directory.grouped().items()
        }
        self._devices = dict(found)
        return {key: ONLINE if online else OFFLINE for key, online in found.items()}

    def forget(self, entity_id: str) -> None:
        """Publish everything of an entity again when it shows up."""
        self._last.pop(entity_id, None)

    async def claimed(self) -> None:
        """Wait until every marked entity is flushed and its rows are written."""
        while self._dirty or self._scheduled or self._claiming is not None:
            if self._claiming is not None:
                await asyncio.wait({self._claiming})
            else:
                await asyncio.sleep(0)

    def _changed(self, old: State | None, new: State | None) -> None:
        state = new if new is not None else old
        if state is None:
            return
        entity_id = state.entity_id
        if new is not None and entity_id.startswith("event."):
            happened = event_payload(old, new)
            if happened is not None:
                self._send(f"{self._topics.entity(entity_id)}/event", happened)
        self._dirty[entity_id] = None
        if not self._scheduled:
            self._schedule()

    def _mark(self, entity_id: str) -> None:
        self._dirty[entity_id] = None
        self._schedule()

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        """Post what changed since the last flush; new entities wait for their ledger rows."""
        self._scheduled = False
        dirty, self._dirty = self._dirty, {}
        get, claimed = self._hub.states.get, self._ledger.values
        for entity_id in dirty:
            state = get(entity_id)
            if state is None:
                self._removed(entity_id)
            elif entity_id not in claimed or entity_id in self._unclaimed:
                self._claim(entity_id)
            else:
                self._post(entity_id, state)
        if self._dirty_devices:
            self._flush_devices()

    def _post(self, entity_id: str, new: State) -> None:
        last = self._last.get(entity_id)
        if last is None:
            self._post_all(entity_id, new)
            return
        if last is new:
            return
        base = self._topics.entity(entity_id)
        post = self._outbox.post
        gone, was_gone = new.state == UNAVAILABLE, last.state == UNAVAILABLE
        if gone and not was_gone:
            post(f"{base}/availability", OFFLINE, last=True)
        if new.state != last.state and (value := main_value(new)) != main_value(last):
            post(f"{base}/state", value)
        self._post_attributes(entity_id, base, new, last)
        if not self._post_extras(entity_id, base, new, last):
            return
        if was_gone and not gone:
            post(f"{base}/availability", ONLINE, last=True)
        self._last[entity_id] = new
        if gone != was_gone:
            self._availability_moved(entity_id)

    def _post_attributes(self, entity_id: str, base: str, new: State, last: State) -> None:
        if new.attributes is last.attributes or new.attributes_json == last.attributes_json:
            return
        self._outbox.post(f"{base}/attributes", new.attributes_json)
        if self._capable(new) != self._capable(last):
            self._announce(entity_id)

    def _post_extras(self, entity_id: str, base: str, new: State, last: State) -> bool:
        """Post the topics that only some kinds have; False when they must be claimed first."""
        more = extras(new)
        if more is None:
            return True
        before = extras(last) or {}
        levels = self._ledger.values.get(entity_id, ())
        if any(level not in levels for level in more):
            self._claim(entity_id)
            return False
        for level, payload in more.items():
            if before.get(level) != payload:
                self._outbox.post(f"{base}/{level}", payload)
        for level in before:
            if level not in more:
                self._outbox.post(f"{base}/{level}", NONE)
        return True

    def _post_all(self, entity_id: str, state: State) -> None:
        for topic, payload in self.retained(state).items():
            self._outbox.post(topic, payload, last=True)
        self._last[entity_id] = state
        self._availability_moved(entity_id)
        self._announce(entity_id)

    def _removed(self, entity_id: str) -> None:
        """Clear topics of a state that is gone for good; else show it as unavailable."""
        self._last.pop(entity_id, None)
        self._unclaimed.pop(entity_id, None)
        if entity_id not in self._ledger.values:
            return
        if not self._directory.known(entity_id):
            self._on_gone(entity_id)
            return
        for topic, payload in self.absent(entity_id).items():
            self._outbox.post(topic, payload, last=True)
        self._availability_moved(entity_id)

    def _claim(self, entity_id: str) -> None:
        self._unclaimed[entity_id] = None
        if self._claiming is None:
            self._claiming = self._hub.tasks.spawn(self._write_claims(), "mqtt ledger rows")

    async def _write_claims(self) -> None:
        """Write the rows of new topics, then publish them; as many as came up at once."""
        try:
            while self._unclaimed:
                taken = list(islice(self._unclaimed, _CLAIMED))
                states = {x: s for x in taken if (s := self._hub.states.get(x)) is not None}
                await self._ledger.claim({x: list(payloads(s)) for x, s in states.items()})
                for entity_id in taken:
                    self._unclaimed.pop(entity_id, None)
                    self._last.pop(entity_id, None)
                    self._dirty[entity_id] = None
        finally:
            self._claiming = None
            self._schedule()

    def _availability_moved(self, entity_id: str) -> None:
        key = self._directory.device_of(entity_id)
        if key is not None:
            self._dirty_devices[key] = None
            self._schedule()

    def _flush_devices(self) -> None:
        dirty, self._dirty_devices = self._dirty_devices, {}
        grouped = self._directory.grouped() if len(dirty) > _MANY else None
        for key in dirty:
            entries = grouped.get(key, []) if grouped is not None else self._directory.members(key)
            online = self._directory.reached(entries)
            topic = self._topics.device(key)
            if not entries or self._devices.get(key) is online:
                continue
            if topic not in self._ledger.rows:
                self._on_device(key)  # the herald claims the topic and publishes it
                continue
            self._devices[key] = online
            self._outbox.post(topic, ONLINE if online else OFFLINE, last=True)

    def _announce(self, entity_id: str) -> None:
        key = self._directory.device_of(entity_id)
        if key is not None:
            self._on_device(key)

    @staticmethod
    def _capable(state: State) -> list[Any]:
        return [state.attributes.get(key) for key in _CAPABILITIES.get(state.domain, ())]
