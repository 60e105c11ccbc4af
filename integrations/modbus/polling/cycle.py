"""One round of reads: asks in turn, splits what is refused, keeps what is good, ends in time."""

from collections import deque
from collections.abc import Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

from integrations.modbus.line.errors import BadAnswer, Fault, LinkDown, NoAnswer, Refused
from integrations.modbus.line.turns import Priority
from integrations.modbus.polling.reads import Read
from integrations.modbus.polling.values import Stamp

if TYPE_CHECKING:
    from integrations.modbus.mapping.models import Register
    from integrations.modbus.polling.device import Device

ILLEGAL_ADDRESS: Final = 0x02
ILLEGAL_VALUE: Final = 0x03
ACKNOWLEDGE: Final = 0x05
BUSY: Final = 0x06
BUSY_TRIES: Final = 3
BUSY_SECONDS: Final = 0.2


class Cycle:
    """What is left of a round, and what it has changed so far."""

    def __init__(self, device: "Device", priority: Priority, until: float) -> None:
        """Read for `device` until the monotonic time `until`; what is begun then is ended."""
        self.changed: set[int] = set()
        """Slots whose value or reason changed."""
        self.left: list[Register] = []
        """What there was no time for."""
        self._device = device
        self._priority = priority
        self._until = until
        self._busy: dict[Read, int] = {}
        self._queue: deque[Read] = deque()

    async def run(self, first: Sequence[Read], left: Sequence[Read], due: Sequence[Read]) -> None:
        """Ask for `first`, then for what the last round left and what is due, by turns.

        So neither waits for the other however little time there is; and what was left does not
        wait for `first` again, however often somebody asks. Never raises for what the outside does.
        """
        device = self._device
        now, later = ((), (first, left, due)) if left else (first, (left, due))
        self._queue.extend(now)
        for group in zip_longest(*later):
            self._queue.extend(read for read in group if read is not None)
        while self._queue:
            if not device.line.connected:
                self._give_up("link_down")
            elif device.clock.monotonic() > self._until:
                self._postpone()
            elif not device.breaker.admit():
                self._give_up("breaker_open")
            else:
                await self._one(self._queue.popleft())

    # private

    async def _one(self, read: Read) -> None:
        device = self._device
        breaker, line, unit = device.breaker, device.line, device.settings.unit
        device.counters.requests += 1
        data: Sequence[int] | Fault
        try:
            await device.rest()
            data = await line.read(unit, read.table, read.start, read.count, self._priority)
        except Fault as fault:
            data = fault
        except BaseException:
            breaker.release()
            raise
        if unit != device.settings.unit or line is not device.line:
            breaker.release()
            self._queue.appendleft(read)  # that was another one: it moved meanwhile
        elif isinstance(data, Fault):
            await self._failed(read, data)
        else:
            self._take(read, data)

    def _take(self, read: Read, data: Sequence[int]) -> None:
        device = self._device
        device.counters.answers += 1
        device.breaker.success()
        self._queue.extendleft(device.learned.answered(read))
        stamp = Stamp(device.clock.monotonic(), device.clock.time())
        self.changed.update(device.values.take(device.plans.window(read), data, stamp))

    async def _failed(self, read: Read, fault: Fault) -> None:
        device = self._device
        device.counters.count(fault)
        if isinstance(fault, Refused):
            await self._refused(read, fault)
        elif isinstance(fault, NoAnswer | BadAnswer):
            device.breaker.failure(str(fault))
            self._miss(read, fault.word)
        else:
            device.breaker.release()
            if isinstance(fault, LinkDown):
                self._queue.appendleft(read)
                self._give_up("link_down")
            else:
                self._miss(read, fault.word)

    async def _refused(self, read: Read, fault: Refused) -> None:
        device = self._device
        if fault.is_transport:
            device.breaker.failure(str(fault))
            self._miss(read, "gateway")
            return
        device.breaker.success()
        if fault.code in {ILLEGAL_ADDRESS, ILLEGAL_VALUE}:
            self._split(read)
        elif fault.code in {ACKNOWLEDGE, BUSY} and self._busy.get(read, 0) < BUSY_TRIES:
            self._busy[read] = self._busy.get(read, 0) + 1
            self._queue.append(read)
            await device.clock.sleep(BUSY_SECONDS)
        else:
            self._miss(read, "busy" if fault.code in {ACKNOWLEDGE, BUSY} else fault.word)

    def _split(self, read: Read) -> None:
        """Ask for the parts of what was refused; a single register is left alone for a while."""
        device = self._device
        inside = device.plans.window(read)
        wanted = [device.values.registers[slot] for slot in inside.slots]
        parts = device.learned.refused(read, wanted, device.clock.time())
        if parts:
            self._queue.extendleft(reversed(parts))
            return
        registers, reasons = device.values.registers, device.values.reason
        dead = [
            slot
            for slot in inside.slots
            if device.learned.is_dead(registers[slot]) and reasons[slot] != "illegal_address"
        ]
        self.changed.update(device.values.drop(dead, "illegal_address"))

    def _miss(self, read: Read, reason: str) -> None:
        device = self._device
        device.values.miss(device.plans.window(read).slots, reason)

    def _give_up(self, reason: str) -> None:
        """Leave the rest of this round."""
        for read in self._queue:
            self._device.values.miss(self._device.plans.window(read).slots, reason)
        self._queue.clear()

    def _postpone(self) -> None:
        """Leave the rest to the beginning of the next round."""
        registers = self._device.values.registers
        for read in self._queue:
            self.left += [registers[slot] for slot in self._device.plans.window(read).slots]
        self._queue.clear()
