"""The plans of one device: kept until something is learned, and what their reads bring."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from integrations.modbus.mapping.models import Rate, Register
from integrations.modbus.polling.planner import plan
from integrations.modbus.polling.reads import Read
from integrations.modbus.polling.values import Window

if TYPE_CHECKING:
    from integrations.modbus.polling.device import Device
    from integrations.modbus.polling.learned import Key

GAP_ON_BUS: Final = 16
"""Registers: two bytes each, against eight and more with the rests around a request of its own."""
GAP: Final = 100
"""Over a network a request costs the way there and back, however much it brings."""
_WINDOWS: Final = 4096


class Plans:
    """Turns registers into reads, as the device can stand them now."""

    def __init__(self, device: "Device") -> None:
        """Plan for `device`."""
        self.readable: Final = [item for item in device.definition.registers if item.is_read]
        self._device = device
        self._places: dict[Key, set[Rate]] = defaultdict(set)
        for item in self.readable:
            self._places[item.table, item.address, item.words].add(item.rate)
        self._windows: dict[Read, Window] = {}
        self._kept: dict[frozenset[Rate], list[Read]] = {}
        self._kept_for: tuple[Any, ...] = ()

    def of(self, registers: Iterable[Register]) -> list[Read]:
        """Plan registers as things are now."""
        found, device = list(registers), self._device
        if not found:
            return []
        limits = device.settings.limits
        return plan(found, limits, device.learned, self._gap, device.clock.time())

    def oldest_first(self, left: Sequence[Register]) -> list[Read]:
        """Plan what the last round left in its order: what has waited longest is next."""
        slots = self._device.values.slots
        places = {slots[item.key]: place for place, item in reversed([*enumerate(left)])}
        return sorted(
            self.of(left),
            key=lambda read: min(places.get(slot, len(left)) for slot in self.window(read).slots),
        )

    def due(self, rates: Iterable[Rate], others: Sequence[Register]) -> list[Read]:
        """Plan what is due and not among `others`; kept until something is learned or tried."""
        wanted = frozenset(rates)
        registers = [item for item in self.readable if item.rate in wanted]
        if others:
            return self.of(without(registers, others))
        device, probing = self._device, self._is_probing(wanted)
        valid = (device.learned.changes, device.settings.limits, self._gap, probing)
        if valid != self._kept_for or probing:
            self._kept.clear()
            self._kept_for = valid
        if wanted not in self._kept:
            self._kept[wanted] = self.of(registers)
        return self._kept[wanted]

    def window(self, read: Read) -> Window:
        """Return a read, compiled; plans hardly change, so it is kept."""
        found = self._windows.get(read)
        if found is None:
            if len(self._windows) >= _WINDOWS:
                self._windows.clear()
            found = self._windows[read] = self._device.values.window(read)
        return found

    def wanted(self, asked: Iterable[frozenset[str] | None]) -> list[Register]:
        """Return the registers that somebody waits for; None = all."""
        named = list(asked)
        if any(keys is None for keys in named):
            return self.readable
        keys = {key for names in named for key in names or ()}
        return [item for item in self.readable if item.key in keys]

    @property
    def _gap(self) -> int:
        """Return how many unwanted addresses cost less than another request."""
        return GAP_ON_BUS if self._device.line.options.is_bus else GAP

    def _is_probing(self, rates: frozenset[Rate]) -> bool:
        """Tell whether registers of these rates that were refused are to be tried again."""
        now = self._device.clock.time()
        return any(
            dead.is_due(now) and not self._places.get(place, frozenset()).isdisjoint(rates)
            for place, dead in self._device.learned.dead.items()
        )


def without(registers: Iterable[Register], *others: Iterable[Register]) -> list[Register]:
    """Return the registers that none of the others holds, each once."""
    seen = {item.key for other in others for item in other}
    return list({item.key: item for item in registers if item.key not in seen}.values())
