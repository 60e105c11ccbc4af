"""After each connect: what the broker retains against what the hub has and the ledger knows."""

import asyncio
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from hub.mqtt.directory import Directory
from hub.mqtt.herald import Herald
from hub.mqtt.ledger import Ledger
from hub.mqtt.link import Link
from hub.mqtt.outbox import Outbox
from hub.mqtt.publisher import Publisher
from hub.mqtt.topics import Topics

if TYPE_CHECKING:
    from hub.hub import Hub

_LOGGER = logging.getLogger(__name__)

_SLICE: Final = 200


class Compare:
    """Brings broker and ledger together: missing is published, gone and orphaned is cleared."""

    def __init__(
        self,
        hub: "Hub",
        topics: Topics,
        directory: Directory,
        ledger: Ledger,
        outbox: Outbox,
        publisher: Publisher,
        herald: Herald,
    ) -> None:
        """Work with the parts of one MQTT room."""
        self._hub = hub
        self._topics = topics
        self._directory = directory
        self._ledger = ledger
        self._outbox = outbox
        self._publisher = publisher
        self._herald = herald

    async def run(self, link: Link, present: Mapping[str, bytes]) -> None:
        """Compare with what was read; raises `LinkError` when the link breaks meanwhile."""
        await self._publisher.claimed()
        unknown = self.orphans(present)
        await self._post_missing(present)
        self._herald.present = present
        try:
            self._herald.mark_now({*self._directory.grouped(), *self._ledger.owners()})
            for entity_id in list(self._ledger.values):
                if not self._directory.live(entity_id):
                    self._herald.retire(entity_id)
            await self._herald.work(link)
        finally:
            self._herald.present = None
        await self._herald.clear(link, self._ledger.strays())
        await self._clear_orphans(link, [topic for topic in unknown if topic not in self._ledger])

    def orphans(self, present: Mapping[str, bytes]) -> list[str]:
        """Return retained topics of ours that the ledger does not know."""
        return [
            topic
            for topic, payload in present.items()
            if topic not in self._ledger and not self._herald.foreign(topic, payload)
        ]

    async def _post_missing(self, present: Mapping[str, bytes]) -> None:
        """Post every value that differs from what is retained, a slice per loop turn."""
        values = dict(self._ledger.values)
        for count, (entity_id, levels) in enumerate(values.items()):
            state = self._hub.states.get(entity_id)
            wanted = self._publisher.absent(entity_id)
            if state is not None:
                wanted |= self._publisher.retained(state)
            elif not self._directory.known(entity_id):
                continue
            base = self._topics.entity(entity_id)
            for level in levels:
                topic = f"{base}/{level}"
                payload = wanted.get(topic)
                if payload is not None and present.get(topic) != payload:
                    self._outbox.post(topic, payload, last=level == "availability")
            if count % _SLICE == _SLICE - 1:
                await asyncio.sleep(0)
        for key, payload in self._publisher.device_availability().items():
            topic = self._topics.device(key)
            if topic in self._ledger.rows and present.get(topic) != payload:
                self._outbox.post(topic, payload, last=True)

    async def _clear_orphans(self, link: Link, orphans: list[str]) -> None:
        if not orphans:
            return
        _LOGGER.warning(
            "Clearing %d retained MQTT topics of this hub that nothing owns, such as %s",
            len(orphans),
            orphans[0],
        )
        await link.clear_retained(orphans)
