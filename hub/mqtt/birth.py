"""Home Assistant's birth message: after it restarted, it is told everything again, gently."""

import random
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from hub.mqtt.link import Message

if TYPE_CHECKING:
    from hub.hub import Hub

EARLIEST: Final = 2.0
JITTER: Final = 3.0
_BORN: Final = b"online"


class Birth:
    """Debounces birth messages: one republish, 2-5 s after the last `online`."""

    def __init__(
        self,
        hub: "Hub",
        republish: Callable[[], Awaitable[None]],
        draw: Callable[[], float] = random.random,
    ) -> None:
        """Call `republish` in a task of the hub; `draw` gives 0..1 for the jitter."""
        self.republished = 0
        self._hub = hub
        self._republish = republish
        self._draw = draw
        self._cancel: Callable[[], None] | None = None
        self._running = False
        self._once_more = False

    def receive(self, message: Message) -> None:
        """React to `online` that is live; a retained one only repeats the past."""
        if message.payload != _BORN or message.retain:
            return
        self.stop()
        delay = EARLIEST + JITTER * self._draw()
        self._cancel = self._hub.clock.call_later(delay, self._due)

    def stop(self) -> None:
        """Forget a republish that has not begun."""
        if self._cancel is not None:
            self._cancel()
            self._cancel = None

    def _due(self) -> None:
        self._cancel = None
        if self._running:
            self._once_more = True
            return
        self._running = True
        self._hub.tasks.spawn(self._run(), "mqtt republish after birth")

    async def _run(self) -> None:
        try:
            await self._republish()
            self.republished += 1
        finally:
            self._running = False
            if self._once_more:
                self._once_more = False
                self._due()
