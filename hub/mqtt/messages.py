"""Messages for whoever asks: filters shared, kept over reconnects, on a link of their own.

Not on the hub's own link: a filter such as `#` would bring its commands a second time, and a flood
would keep them waiting.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from paho.mqtt.matcher import MQTTMatcher

from hub.mqtt.errors import LinkError
from hub.mqtt.link import Subscription
from hub.mqtt.reconnect import Reconnect

if TYPE_CHECKING:
    from paho.mqtt.enums import MQTTProtocolVersion

    from hub.config.settings import Protocol
    from hub.mqtt.link import Link, Message
    from hub.util.clock import Clock
    from hub.util.tasks import Tasks

_LOGGER = logging.getLogger(__name__)

Callback = Callable[[str, bytes, int, bool], object]
Dial = Callable[
    ["MQTTProtocolVersion", Callable[["Message"], None], Callable[[LinkError], None]], "Link"
]

AT_ONCE: Final = 200
"""Filters in one SUBSCRIBE packet."""


class Messages:
    """Filters with their callbacks; the broker is asked once for filters inside one another."""

    def __init__(
        self,
        tasks: "Tasks",
        clock: "Clock",
        dial: Dial,
        *,
        where: Callable[[], str],
        protocol: "Protocol",
    ) -> None:
        """Connect with links of `dial` as soon as somebody subscribes after `start`."""
        self._tasks = tasks
        self._dial = dial
        self._reconnect = Reconnect(self._make_link, clock, where=where, protocol=protocol)
        self._filters: dict[str, list[tuple[int, Callback]]] = {}
        self._matcher = MQTTMatcher()  # type: ignore[no-untyped-call]
        self._held: dict[str, int] = {}
        self._started = False
        self._running: asyncio.Task[None] | None = None
        self._agreeing: asyncio.Task[None] | None = None

    @property
    def connected(self) -> bool:
        """Tell whether the link is open."""
        link = self._reconnect.link
        return link is not None and link.connected

    @property
    def agreed(self) -> bool:
        """Tell whether the broker knows every filter."""
        return self.connected and self._held == self._wanted()

    def subscribe(self, topic: str, qos: int, callback: Callback) -> Callable[[], None]:
        """Call `callback(topic, payload, qos, retain)` for each message of a filter.

        The subscription outlives reconnects. Retained messages come when the broker is asked for
        the filter, which is also after a reconnect, and not when another filter holds it already.
        """
        entry = (qos, callback)
        entries = self._filters.get(topic)
        if entries is None:
            entries = self._filters[topic] = []
            self._matcher[topic] = entries
        entries.append(entry)
        self._changed()

        def unsubscribe() -> None:
            found = self._filters.get(topic)
            if found is None or entry not in found:
                return
            found.remove(entry)
            if not found:
                del self._filters[topic]
                del self._matcher[topic]  # type: ignore[no-untyped-call]
            self._changed()

        return unsubscribe

    def start(self) -> None:
        """Connect when there is somebody to listen for, else with the first who subscribes."""
        self._started = True
        self._changed()

    async def stop(self) -> None:
        """Disconnect."""
        self._started = False
        tasks = [task for task in (self._running, self._agreeing) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if (link := self._reconnect.link) is not None:
            await link.close()

    def hurry(self) -> None:
        """Dial now: the broker is known to be there again."""
        self._reconnect.hurry()

    def _make_link(
        self, protocol: "MQTTProtocolVersion", on_lost: Callable[[LinkError], None]
    ) -> "Link":
        return self._dial(protocol, self._receive, on_lost)

    def _changed(self) -> None:
        """Tell the broker soon."""
        if not self._started:
            return
        if self._running is None:
            if self._filters:
                work = self._reconnect.run(self._opened, self._lost)
                self._running = self._tasks.spawn(work, "mqtt messages")
        elif self.connected and (self._agreeing is None or self._agreeing.done()):
            self._agreeing = self._tasks.spawn(self._catch_up(), "mqtt filters")

    async def _opened(self, link: "Link") -> None:
        self._held = {}
        await self._agree(link)

    def _lost(self, _error: LinkError) -> None:
        self._held = {}

    async def _catch_up(self) -> None:
        link = self._reconnect.link
        if link is not None:
            try:
                await self._agree(link)
            except LinkError as error:
                _LOGGER.debug("The filters are sent again after a reconnect: %s", error)

    async def _agree(self, link: "Link") -> None:
        """Subscribe and unsubscribe until the broker knows what is wanted.

        A filter that the broker refuses is one log line; the link stays.
        """
        while True:
            wanted = self._wanted()
            new = {name: qos for name, qos in wanted.items() if self._held.get(name) != qos}
            gone = [name for name in self._held if name not in wanted]
            if not new and not gone:
                return
            names = list(new)
            for start in range(0, len(names), AT_ONCE):
                part = names[start : start + AT_ONCE]
                try:
                    await link.subscribe({name: Subscription(new[name]) for name in part})
                except LinkError as error:
                    if not link.connected:
                        raise
                    _LOGGER.warning("The MQTT broker refuses a filter: %s", error)
                self._held |= {name: new[name] for name in part}
            await link.unsubscribe(gone)
            for name in gone:
                self._held.pop(name, None)

    def _wanted(self) -> dict[str, int]:
        """Return what the broker is to be asked for: no filter that lies inside another."""
        wide = [name for name in self._filters if "+" in name or "#" in name]
        found: dict[str, int] = {}
        for name, entries in self._filters.items():
            holder = name
            for other in wide:
                if other != holder and covers(other, holder):
                    holder = other
            qos = max(qos for qos, _ in entries)
            found[holder] = max(found.get(holder, 0), qos)
        return found

    def _receive(self, message: "Message") -> None:
        """Hand a message to everybody whose filter fits."""
        for entries in list(self._matcher.iter_match(message.topic)):  # type: ignore[no-untyped-call]
            for _, callback in tuple(entries):
                try:
                    callback(message.topic, message.payload, message.qos, message.retain)
                except Exception:
                    _LOGGER.exception("A listener for MQTT messages failed")


def covers(wide: str, narrow: str) -> bool:
    """Tell whether a filter gives every message that another gives."""
    if narrow.startswith("$") and wide[0] in "+#":
        return False
    levels = narrow.split("/")
    for index, part in enumerate(wide.split("/")):
        if part == "#":
            return True
        if index >= len(levels) or levels[index] == "#":
            return False
        if part != "+" and part != levels[index]:
            return False
    return wide.count("/") == narrow.count("/")
