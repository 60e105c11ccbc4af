"""Keeps a link to the broker open: dials, falls back to MQTT 3.1.1, waits longer after failures."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from paho.mqtt.enums import MQTTProtocolVersion

from hub.config.settings import Protocol
from hub.mqtt.errors import TAKEN_OVER, UNSUPPORTED_VERSION, LinkError
from hub.mqtt.link import Link
from hub.resilience import Backoff
from hub.util.clock import Clock

_LOGGER = logging.getLogger(__name__)

STABLE: Final = 20.0
CONFLICT_WAIT: Final = 60.0

MakeLink = Callable[[MQTTProtocolVersion, Callable[[LinkError], None]], Link]


class Reconnect:
    """Owns the present link and replaces it when it is lost."""

    def __init__(
        self,
        make_link: MakeLink,
        clock: Clock,
        *,
        where: Callable[[], str],
        protocol: Protocol = Protocol.AUTO,
        backoff: Backoff | None = None,
    ) -> None:
        """Dial with links of `make_link`; `where()` names the broker in log lines."""
        self.link: Link | None = None
        self.failure: str | None = None
        self.attempts = 0
        self.reconnects = 0
        self.conflict = False
        """Whether another client with the same id keeps taking over the session."""
        self._make_link = make_link
        self._clock = clock
        self._where = where
        self._forced = protocol
        self._protocol = (
            MQTTProtocolVersion.MQTTv311
            if protocol is Protocol.V311
            else MQTTProtocolVersion.MQTTv5
        )
        self._backoff = backoff or Backoff()
        self._lost = asyncio.Event()
        self._hurry = asyncio.Event()

    async def run(
        self,
        on_open: Callable[[Link], Awaitable[None]],
        on_lost: Callable[[LinkError], None],
    ) -> None:
        """Keep the link open until cancelled.

        `on_open` is awaited with each new link (a `LinkError` from it counts as a lost link),
        `on_lost` is called once for each link that breaks.
        """
        while True:
            self._lost.clear()
            link = await self._attempt(on_lost)
            if link is None:
                await self._wait(self._backoff.next())
                continue
            since = self._clock.monotonic()
            await self._serve(link, on_open)
            await self._lost.wait()
            self.link = None
            if self._clock.monotonic() - since >= STABLE:
                self._backoff.reset()
            await self._wait(CONFLICT_WAIT if self.conflict else self._backoff.next())

    def hurry(self) -> None:
        """Skip the present wait: the broker is known to be there again."""
        self._hurry.set()

    async def _attempt(self, on_lost: Callable[[LinkError], None]) -> Link | None:
        link: Link | None = None

        def lost(error: LinkError) -> None:
            _LOGGER.warning("Lost the MQTT broker %s: %s", self._where(), error)
            self.failure = error.message
            on_lost(error)
            self._lost.set()

        self.attempts += 1
        try:
            link = self._make_link(self._protocol, lost)
            await link.open()
        except LinkError as error:
            if self._fall_back(error):
                return await self._attempt(on_lost)
            if error.message != self.failure:
                _LOGGER.warning("No connection to the MQTT broker %s: %s", self._where(), error)
            self.failure = error.message
            return None
        self.link = link
        self.reconnects += self.attempts > 1
        self.failure = None
        _LOGGER.info(
            "Connected to the MQTT broker %s with MQTT %s",
            self._where(),
            "5" if link.protocol == MQTTProtocolVersion.MQTTv5 else "3.1.1",
        )
        return link

    def _fall_back(self, error: LinkError) -> bool:
        """Try 3.1.1 once when the broker does not like MQTT 5 and nobody insisted on it."""
        if self._forced is not Protocol.AUTO or self._protocol != MQTTProtocolVersion.MQTTv5:
            return False
        if error.reason != UNSUPPORTED_VERSION and error.message != "connection lost":
            return False
        self._protocol = MQTTProtocolVersion.MQTTv311
        _LOGGER.info("The MQTT broker %s does not speak MQTT 5, using 3.1.1", self._where())
        return True

    async def _serve(self, link: Link, on_open: Callable[[Link], Awaitable[None]]) -> None:
        try:
            await on_open(link)
        except LinkError as error:
            self.conflict = error.reason == TAKEN_OVER
            level = logging.ERROR if self.conflict else logging.WARNING
            _LOGGER.log(level, "Giving up the link to the MQTT broker: %s", error)
            link.abort()
            self.failure = error.message
            self._lost.set()
        else:
            self.conflict = False

    async def _wait(self, delay: float) -> None:
        self._hurry.clear()
        sleeping = asyncio.ensure_future(self._clock.sleep(delay))
        hurried = asyncio.ensure_future(self._hurry.wait())
        try:
            await asyncio.wait({sleeping, hurried}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            hurried.cancel()
