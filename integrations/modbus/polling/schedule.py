"""When which registers are due: rates with their intervals, on a clock that never jumps."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from integrations.modbus.mapping.models import Rate

if TYPE_CHECKING:
    from integrations.modbus.mapping.models import Register
    from integrations.modbus.polling.device import Device

LEAST: Final = 1.0
"""The shortest time a round is given, in seconds."""
ALONE: Final = 60.0
"""The longest round of a device that is read once only, in seconds."""


class Schedule:
    """The next time of each rate; monotonic seconds."""

    def __init__(self, device: "Device", readable: Sequence["Register"]) -> None:
        """Know the rates of `readable`; nothing is due before `begin`."""
        self.next: dict[Rate, float] = {}
        self._device = device
        self._once = [item for item in readable if item.rate is Rate.ONCE]
        self._rates = {item.rate for item in readable}
        self._complete: dict[Rate, float] = {}
        """When each rate was last read whole."""

    @property
    def soonest(self) -> float:
        """Return when the next rate is due."""
        return min(self.next.values(), default=float("inf"))

    def begin(self) -> None:
        """Let everything be due now."""
        self.again()
        self._complete = dict.fromkeys(self._rates, self._device.clock.monotonic())

    def again(self) -> None:
        """Let everything be due now; ages go on."""
        self.next = dict.fromkeys(self._rates, self._device.clock.monotonic())

    def due(self, now: float) -> list[Rate]:
        """Return the rates whose time has come."""
        return [rate for rate, at in self.next.items() if at <= now]

    def adopt(self) -> None:
        """Follow other intervals: what is due sooner by them is due sooner."""
        intervals, now = self._device.settings.intervals, self._device.clock.monotonic()
        self.next = {
            rate: min(at, now + intervals[rate]) if rate in intervals else at
            for rate, at in self.next.items()
        }

    def catch_up(self, *, once: bool) -> None:
        """Let what was missed be due now: the next round of its rate would be too late."""
        now, missed = self._device.clock.monotonic(), bool(self._device.values.missed)
        self.next = {
            rate: now if missed or (once and rate is Rate.ONCE) else at
            for rate, at in self.next.items()
        }

    def patience(self) -> float:
        """Return how long a round may take: the shortest interval that waits for its end."""
        intervals = self._device.settings.intervals
        found = [intervals[rate] for rate in self._rates if rate in intervals]
        return max(min(found, default=ALONE), LEAST)

    def done(self, due: Iterable[Rate], began: float) -> None:
        """Set when rates are due again; rounds that were missed are counted, not made up."""
        device, now = self._device, self._device.clock.monotonic()
        for rate in due:
            if self.next[rate] > began:
                continue  # it was set anew meanwhile: the line, or the device, came back
            interval = device.settings.intervals.get(rate)
            if interval is None:
                self.next[rate] = now + self._until_once()
                continue
            following = max(self.next[rate], began - interval) + interval
            if following <= now:
                missed = int((now - following) / interval)
                device.counters.missed_cycles += missed
                following += missed * interval
            self.next[rate] = following

    def completed(self, rates: Iterable[Rate]) -> None:
        """Note that rates were read whole just now."""
        self._complete |= dict.fromkeys(rates, self._device.clock.monotonic())

    @property
    def is_overdue(self) -> bool:
        """Tell whether values may have grown old because nothing came."""
        now, lifetime = self._device.clock.monotonic(), self._device.settings.lifetime
        return any(now - at > lifetime(rate) for rate, at in self._complete.items())

    def _until_once(self) -> float:
        """Return the seconds until what is read once is asked for again; mostly there is no need.

        A lost answer is asked for like any other value, a refused register when its time comes.
        """
        device = self._device
        missed, learned, slots = device.values.missed, device.learned, device.values.slots
        if not device.line.connected or any(slots[item.key] in missed for item in self._once):
            return max(LEAST, device.settings.intervals[Rate.NORMAL])
        now = device.clock.time()
        probes = [learned.probe_in(item, now) for item in self._once if learned.is_dead(item)]
        return max(LEAST, min(probes, default=float("inf")))
