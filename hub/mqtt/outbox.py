"""Retained state topics on their way out: newest wins while the broker is away or slow."""

import asyncio
import logging
from functools import partial
from time import perf_counter
from typing import Final

from hub.mqtt.errors import LinkError
from hub.mqtt.link import Link

_LOGGER = logging.getLogger(__name__)

BATCH: Final = 16
"""Messages per loop turn while nobody else works."""

SHARE: Final = 0.1
"""What MQTT may add to a turn in which others work."""

_QUIET_TURN: Final = 0.0002
_COST: Final = 0.00006
LIMIT: Final = 200_000
_SAY_EVERY: Final = 1000


class Outbox:
    """One waiting payload per topic; a few messages per loop turn, so that nobody else waits."""

    def __init__(self, *, batch: int = BATCH, limit: int = LIMIT) -> None:
        """Hold at most `limit` topics; past it the oldest waiting one is dropped, and counted."""
        self.conflated = 0
        self.dropped = 0
        self.acknowledged = 0
        self.refused = 0
        self._link: Link | None = None
        self._waiting: dict[str, bytes] = {}
        self._flying: dict[str, bytes] = {}
        self._batch = batch
        self._limit = limit
        self._scheduled = False
        self._since = 0.0
        self._spent = 0.0
        self._empty: list[asyncio.Future[None]] = []

    def __len__(self) -> int:
        """Return how many topics wait or are unacknowledged."""
        return len(self._waiting) + len(self._flying)

    def post(self, topic: str, payload: bytes, *, last: bool = False) -> None:
        """Send soon, retained; a payload still waiting for the topic is replaced.

        `last` moves the topic behind all waiting ones, where order matters more than age.
        """
        waiting = self._waiting
        if topic in waiting:
            self.conflated += 1
            if last:
                del waiting[topic]
        elif len(waiting) >= self._limit:
            del waiting[next(iter(waiting))]
            self.dropped += 1
        waiting[topic] = payload
        if not self._scheduled:
            self._schedule()

    def forget(self, topic: str) -> None:
        """Withdraw what waits for a topic that is being cleared."""
        self._waiting.pop(topic, None)
        self._flying.pop(topic, None)

    def open(self, link: Link) -> None:
        """Begin to send through a new link."""
        self._link = link
        self._schedule()

    def lost(self) -> None:
        """Keep what was not acknowledged for the next link, unless something newer waits."""
        self._link = None
        flying, self._flying = self._flying, {}
        if flying:
            self._waiting = {**flying, **self._waiting}

    def clear(self) -> None:
        """Drop everything: the next broker is told from scratch."""
        self._waiting.clear()
        self._flying.clear()

    async def drained(self) -> None:
        """Wait until everything posted so far is acknowledged."""
        if len(self):
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._empty.append(future)
            await future

    def _schedule(self) -> None:
        if self._link is not None and self._waiting:
            self._scheduled = True
            self._since, self._spent = perf_counter(), self._link.spent
            asyncio.get_running_loop().call_soon(self._pump)

    def _pump(self) -> None:
        self._scheduled = False
        link = self._link
        if link is None or not link.connected:
            return
        waiting, flying = self._waiting, self._flying
        for _ in range(min(self._allowed(link), _room(link), len(waiting))):
            topic = next(iter(waiting))
            payload = waiting.pop(topic)
            flying[topic] = payload
            try:
                link.publish(topic, payload, retain=True, done=partial(self._done, topic, payload))
            except LinkError as error:
                self._refuse(topic, payload, error.message)
        if waiting and _room(link) > 0:
            self._schedule()
        elif not waiting and not flying:
            self._announce_empty()

    def _allowed(self, link: Link) -> int:
        """Return how many messages may go in this turn: few while others keep the loop busy."""
        others = perf_counter() - self._since - (link.spent - self._spent)
        if others < _QUIET_TURN:
            return self._batch
        return max(1, min(self._batch, int(others * SHARE / _COST)))

    def _done(self, topic: str, payload: bytes, reason: str | None) -> None:
        if self._link is None or not self._link.connected:
            return
        if reason is None:
            self.acknowledged += 1
            if self._flying.get(topic) is payload:
                del self._flying[topic]
        else:
            self._refuse(topic, payload, reason)
        if self._waiting:
            if not self._scheduled:
                self._schedule()
        elif not self._flying:
            self._announce_empty()

    def _refuse(self, topic: str, payload: bytes, reason: str) -> None:
        link = self._link
        if link is not None and not link.connected:
            return
        if self._flying.get(topic) is payload:
            del self._flying[topic]
        if self.refused % _SAY_EVERY == 0:
            _LOGGER.warning("The broker did not take %s: %s", topic, reason)
        self.refused += 1

    def _announce_empty(self) -> None:
        self._waiting, self._flying = {}, {}  # a dict that was large keeps its memory
        empty, self._empty = self._empty, []
        for future in empty:
            if not future.done():
                future.set_result(None)


def _room(link: Link) -> int:
    """Return how many messages may go now; half the window is kept for messages that must."""
    return link.free - link.window // 2
