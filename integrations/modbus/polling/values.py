"""All registers of a device in columns: what was read, what it means, how old it is."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from integrations.modbus.mapping.codec import Block, converter
from integrations.modbus.mapping.models import Reason, Register, Table, Value
from integrations.modbus.polling.planner import Read
from integrations.modbus.polling.readings import Origin

NEVER: Final = "never_received"


@dataclass(frozen=True, slots=True)
class Stamp:
    """When something was read: seconds that never jump, and wall time; shared by a whole read."""

    monotonic: float
    wall: float


class Window:
    """A planned read, compiled: which registers it brings."""

    __slots__ = ("block", "read", "slots")

    def __init__(self, read: Read, registers: Sequence[Register], slots: Sequence[int]) -> None:
        """Hold the `registers` that lie inside, and their places in the columns."""
        self.read = read
        self.block = Block(registers, read.start, read.count)
        self.slots = tuple(slots)


class Values:
    """The columns, by slot: the place of a register in its definition."""

    def __init__(self, registers: Sequence[Register]) -> None:
        """Begin with nothing known."""
        self.registers = registers
        self.slots = {register.key: slot for slot, register in enumerate(registers)}
        count = len(registers)
        self.raw: list[Any] = [None] * count
        self.value: list[Value | None] = [None] * count
        self.reason: list[str | None] = [NEVER] * count
        """Why there is no value, or why the newest attempt brought none."""
        self.meaning: list[str | None] = [None] * count
        """Why what was read is no value; unlike `reason` it outlives a lost answer."""
        self.stamp: list[Stamp | None] = [None] * count
        self.origin: list[Origin | None] = [None] * count
        self.missed: set[int] = set()
        """Slots whose newest attempt brought nothing."""
        self._places: dict[Table, list[tuple[int, ...]]] = {}
        """Address and slot of what is read, by address."""
        for slot, register in enumerate(registers):
            if register.is_read:
                self._places.setdefault(register.table, []).append((register.address, slot))
        for places in self._places.values():
            places.sort()
        self._converters = [converter(register) for register in registers]
        self._exponents: list[int | None] = [
            None if register.exponent is None else self.slots[register.exponent]
            for register in registers
        ]
        self._scaled: dict[int, list[int]] = {}
        for slot, exponent in enumerate(self._exponents):
            if exponent is not None:
                self._scaled.setdefault(exponent, []).append(slot)
        self._redo: set[int] = set()
        """Slots to be converted anew although the raw item may be the same."""

    def window(self, read: Read) -> Window:
        """Compile a read for all registers that lie inside of it."""
        places = self._places.get(read.table, [])
        first, behind = bisect_left(places, (read.start,)), bisect_left(places, (read.end,))
        inside = (slot for _, slot in places[first:behind])
        slots = sorted(slot for slot in inside if read.holds(self.registers[slot]))
        return Window(read, [self.registers[slot] for slot in slots], slots)

    def take(self, window: Window, data: Sequence[int], stamp: Stamp) -> list[int]:
        """Store what a read brought; returns the slots whose value or reason is another now."""
        stamps, raws, redo = self.stamp, self.raw, self._redo
        changed = []
        for slot, raw in zip(window.slots, window.block.raws(data), strict=True):
            stamps[slot] = stamp
            if (raw != raws[slot] or slot in redo) and self._set(slot, raw, Origin.BUS):
                changed.append(slot)
        changed += self._rescale(changed)
        if redo:
            redo.difference_update(window.slots)
            self.missed.difference_update(window.slots)
        return changed

    def assume(self, slot: int, raw: Any, stamp: Stamp) -> list[int]:
        """Store what was written where it can not be, or was not, read back.

        Returns its slot and those of values that it scales.
        """
        self.stamp[slot] = stamp
        self._set(slot, raw, Origin.ASSUMED)
        self.missed.discard(slot)
        self._redo.add(slot)
        return [slot, *self._rescale([slot])]

    def miss(self, slots: Iterable[int], reason: str) -> None:
        """Note that an attempt brought nothing; the value stays and grows old."""
        found = list(slots)
        for slot in found:
            self.reason[slot] = reason
        self.missed.update(found)
        self._redo.update(found)

    def drop(self, slots: Iterable[int], reason: str) -> list[int]:
        """Note that the device does not have these registers: what was known is no longer true.

        Returns the slots whose value or reason is another now.
        """
        found = list(slots)
        for slot in found:
            self.raw[slot] = self.value[slot] = self.stamp[slot] = self.origin[slot] = None
            self.reason[slot] = reason
        self.missed.difference_update(found)
        self._redo.update(found)
        return [*found, *self._rescale(found)]

    def exponent(self, slot: int) -> int | None:
        """Return the power of ten that scales a register; None = it has none, or it is unknown."""
        source = self._exponents[slot]
        power = None if source is None else self.value[source]
        return power if isinstance(power, int) else None

    # private

    def _set(self, slot: int, raw: Any, origin: Origin) -> bool:
        """Convert one raw item; tells whether anything but its age changed."""
        found = self._converters[slot](raw, self.exponent(slot))
        value, reason = (None, found.value) if isinstance(found, Reason) else (found, None)
        before = (self.value[slot], self.reason[slot], self.origin[slot])
        self.raw[slot], self.meaning[slot] = raw, reason
        if before == (value, reason, origin):
            return False
        self.value[slot], self.reason[slot], self.origin[slot] = value, reason, origin
        return True

    def _rescale(self, changed: Iterable[int]) -> list[int]:
        """Convert again what is scaled by a register that changed."""
        if not self._scaled:
            return []
        affected = {slot for source in changed for slot in self._scaled.get(source, ())}
        known = [slot for slot in affected if self.raw[slot] is not None]
        return [
            slot
            for slot in known
            if self._set(slot, self.raw[slot], self.origin[slot] or Origin.BUS)
        ]
