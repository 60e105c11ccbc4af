"""Waiting for something newer than what a caller knows already, a bounded number of callers."""

from asyncio import Event
from typing import TYPE_CHECKING, Final

from hub.sdk import Clock, Unavailable

if TYPE_CHECKING:
    from integrations.modbus.polling.device import Device

MOST: Final = 32
"""Callers that may wait at once; each costs no more than a timer."""


class Waiting:
    """Callers that wait for the next round of some device."""

    def __init__(self, clock: Clock) -> None:
        """Begin with nobody."""
        self._clock = clock
        self._events: set[Event] = set()

    async def newer(self, device: "Device", version: int, seconds: float) -> None:
        """Return when the device's version is another one, its link or breaker changed, or late.

        Raises `Unavailable` when too many wait already.
        """
        if device.version != version or seconds <= 0:
            return
        if len(self._events) >= MOST:
            raise Unavailable(f"wait: {MOST} callers wait already; ask again without a wait")
        event = Event()
        was = device.available

        def health() -> None:
            if device.available is not was:
                event.set()

        ends = (
            device.follow_rounds(event.set),
            device.follow_health(health),
            self._clock.call_later(seconds, event.set),
        )
        self._events.add(event)
        try:
            await event.wait()
        finally:
            self._events.discard(event)
            for end in ends:
                end()

    def close(self) -> None:
        """Let everybody go."""
        for event in self._events:
            event.set()
