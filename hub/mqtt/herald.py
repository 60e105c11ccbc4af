"""Keeps discovery on the broker equal to what the hub has, step by step through the ledger."""

import asyncio
import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from hub.mqtt.directory import Directory
from hub.mqtt.discovery import MIGRATE, ORIGIN, Announcement, Announcer
from hub.mqtt.errors import LinkError
from hub.mqtt.ledger import Kind, Ledger, Row, digest
from hub.mqtt.link import Link
from hub.mqtt.outbox import Outbox
from hub.mqtt.topics import OFFLINE, ONLINE, Topics

if TYPE_CHECKING:
    from hub.hub import Hub

_LOGGER = logging.getLogger(__name__)

DEBOUNCE: Final = 2.0
REPEAT: Final = 5.0


class Herald:
    """The one worker that announces devices and clears what is gone."""

    def __init__(
        self,
        hub: "Hub",
        topics: Topics,
        directory: Directory,
        announcer: Announcer,
        ledger: Ledger,
        outbox: Outbox,
        forget: Callable[[str], None] = lambda _entity_id: None,
    ) -> None:
        """Prepare; `forget(entity_id)` is called when an entity's topics have been cleared."""
        self._hub = hub
        self._topics = topics
        self._directory = directory
        self._announcer = announcer
        self._ledger = ledger
        self._outbox = outbox
        self._forget = forget
        self._link: Link | None = None
        self._wake = asyncio.Event()
        self._marked: dict[str, None] = {}
        self._ready: dict[str, None] = {}
        self._gone: dict[str, None] = {}
        self._timer: Callable[[], None] | None = None
        self._published: dict[str, float] = {}
        self._again: set[str] = set()
        self._lock = asyncio.Lock()
        self._devices: dict[str, str] = {}
        self.present: Mapping[str, bytes] | None = None
        """What the broker was seen to retain, while the ledger is being compared with it."""

    def mark(self, key: str) -> None:
        """Announce a device again, two seconds after the first of several changes."""
        self._marked[key] = None
        if self._timer is None:
            self._timer = self._hub.clock.call_later(DEBOUNCE, self._due)

    def mark_now(self, keys: Iterable[str]) -> None:
        """Announce devices at once."""
        self._ready.update(dict.fromkeys(keys))
        self._wake.set()

    def moved(self, entity_id: str) -> None:
        """Announce the device again that an entity belonged to, and the one it belongs to now."""
        for key in (self._devices.pop(entity_id, None), self._directory.device_of(entity_id)):
            if key is not None:
                self.mark(key)

    def retire(self, entity_id: str) -> None:
        """Clear the topics of an entity that is gone for good."""
        self._gone[entity_id] = None
        self._wake.set()

    def open(self, link: Link) -> None:
        """Work through a new link."""
        self._link = link
        self._wake.set()

    def lost(self) -> None:
        """Wait for the next link."""
        self._link = None

    def idle(self) -> bool:
        """Tell whether nothing is left to do."""
        return not (self._marked or self._ready or self._gone or self._lock.locked())

    async def run(self) -> None:
        """Work until cancelled; what fails with the link is done again with the next one."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            if self._link is None:
                continue
            try:
                await self.work(self._link)
            except LinkError as error:
                _LOGGER.debug("Announcing was interrupted: %s", error)

    async def work(self, link: Link) -> None:
        """Do everything that waits; raises `LinkError` when the link breaks meanwhile."""
        async with self._lock:
            while self._ready:
                key = next(iter(self._ready))
                with _tolerating(link, key):
                    await self.announce(link, key)
                self._ready.pop(key, None)
            while self._gone:
                entity_id = next(iter(self._gone))
                if not self._directory.live(entity_id):
                    with _tolerating(link, entity_id):
                        await self.clear(link, self._ledger.topics_of(entity_id))
                        self._forget(entity_id)
                self._gone.pop(entity_id, None)

    async def announce(self, link: Link, key: str) -> None:
        """Bring the discovery topics of one device to what they should be."""
        entries = self._directory.members(key)
        wanted: dict[str, Announcement] = {}
        if entries:
            device = self._directory.device_facts(key, entries)
            facts = [self._directory.entity_facts(entry, device) for entry in entries]
            self._devices.update((entry.entity_id, key) for entry in entries)
            found = self._announcer.announce(device, facts)
            if found and link.max_packet and len(found[0].payload) + 512 > link.max_packet:
                _LOGGER.warning("Device %s is announced entity by entity: too large", device.name)
                found = self._announcer.announce(device, facts, split=True)
            wanted = {announcement.topic: announcement for announcement in found}
            await self._availability(link, key)
        rows = self._ledger.announcements(key)
        old = {topic: row for topic, row in rows.items() if topic not in wanted}
        await self._migrate(link, old, wanted)
        for topic, announcement in wanted.items():
            await self._publish(link, key, announcement, rows.get(topic))
        await self.clear(link, old)
        if not entries:
            await self.clear(link, [self._topics.device(key)])

    async def clear(self, link: Link, topics: Iterable[str]) -> None:
        """Empty our retained topics, then forget their rows; raises `LinkError`."""
        ours = [topic for topic in topics if topic in self._ledger]
        if not ours:
            return
        for topic in ours:
            self._outbox.forget(topic)
        self._ledger.step("before clear")
        await link.clear_retained(ours)
        self._ledger.step("after clear")
        await self._ledger.drop(ours)

    def foreign(self, topic: str, payload: bytes) -> bool:
        """Tell whether a message on a topic of our form was not written by this hub."""
        if self._topics.is_own(topic):
            return False
        if not self._topics.is_announcement(topic):
            return True
        try:
            body = json.loads(payload)
            identifiers = body["dev"]["ids"]
            return bool(
                body["o"]["name"] != ORIGIN
                or not all(
                    x == self._topics.node or x.startswith(self._topics.node + "_")
                    for x in identifiers
                )
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            return payload != MIGRATE

    async def _availability(self, link: Link, key: str) -> None:
        """Claim and publish a device's availability before its first announcement."""
        topic = self._topics.device(key)
        if topic in self._ledger.rows:
            return
        await self._ledger.put(Row(topic, Kind.AVAILABILITY, key))
        online = self._directory.reached(self._directory.members(key))
        await link.publish_acked(topic, ONLINE if online else OFFLINE, retain=True)

    async def _migrate(
        self, link: Link, old: Mapping[str, Row], wanted: Mapping[str, Announcement]
    ) -> None:
        """Tell the consumer that entities of old topics will come back on other ones."""
        components = {key for announcement in wanted.values() for key in announcement.components}
        for topic, row in old.items():
            if components & set(row.components):
                await self._ledger.put(Row(topic, row.kind, row.owner, None, row.components))
                self._ledger.step("before migrate")
                await link.publish_acked(topic, MIGRATE, retain=True)
                self._ledger.step("after migrate")

    async def _publish(
        self, link: Link, key: str, announcement: Announcement, row: Row | None
    ) -> None:
        """Publish one announcement unless the broker has it; removed components get stubs first."""
        topic, payload = announcement.topic, announcement.payload
        mark = digest(payload)
        known = row is not None and row.acknowledged and row.digest == mark
        lacking = self.present is not None and self.present.get(topic) != payload
        repeat = key in self._again
        if known and not lacking and not repeat:
            return
        before = dict(row.components) if row is not None else {}
        gone = {x: p for x, p in before.items() if x not in announcement.components}
        both = {**before, **announcement.components}
        await self._ledger.put(Row(topic, Kind.DISCOVERY, key, mark, both))
        if gone:
            self._ledger.step("before stub")
            await link.publish_acked(topic, announcement.with_stubs(gone), retain=True)
        self._ledger.step("before publish")
        await link.publish_acked(topic, payload, retain=True)
        self._ledger.step("after publish")
        done = Row(topic, Kind.DISCOVERY, key, mark, announcement.components, acknowledged=True)
        await self._ledger.put(done)
        self._maybe_repeat(key, changed=not repeat)

    def _maybe_repeat(self, key: str, *, changed: bool) -> None:
        """Announce once more, unchanged, when two payloads followed each other closely.

        A consumer that loads a platform for the first time may take the first of them only.
        """
        now = self._hub.clock.monotonic()
        before = self._published.get(key)
        self._again.discard(key)
        self._published[key] = now
        if changed and before is not None and now - before < REPEAT:
            self._hub.clock.call_later(REPEAT, lambda: self._repeat(key))

    def _repeat(self, key: str) -> None:
        self._again.add(key)
        self.mark_now([key])

    def _due(self) -> None:
        self._timer = None
        marked, self._marked = self._marked, {}
        self.mark_now(marked)


@contextmanager
def _tolerating(link: Link, about: str) -> Iterator[None]:
    """Go on with the next one when the broker refuses a topic; a broken link ends the work."""
    try:
        yield
    except LinkError as error:
        if not link.connected:
            raise
        _LOGGER.warning("The broker did not take what is told about %s: %s", about, error)
