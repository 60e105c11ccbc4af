"""Finding out what a device can stand in one read, and how long it has to rest.

A device that leaves a request unanswered teaches nothing while it is polled: that could be the
cable. Here it is asked something else at once, and when it answers that, its silence was a refusal.
"""

from collections import deque
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from hub.sdk import Unavailable
from integrations.modbus.line.errors import BadAnswer, Fault, NoAnswer, Refused
from integrations.modbus.line.turns import Priority
from integrations.modbus.mapping.models import Limits
from integrations.modbus.polling.planner import plan
from integrations.modbus.polling.reads import Read, spans
from integrations.modbus.raw import in_words, read_once

if TYPE_CHECKING:
    from integrations.modbus.polling.device import Device

PAUSES: Final = (0.0, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Seconds of rest, the shortest that is enough is kept."""
_CAREFUL: Final = 0.2
"""Seconds of rest while nothing is known yet."""
_GROUPS: Final = 4
_IN_A_ROW: Final = 3
"""Reads without anybody between them; other requests of the line wait meanwhile."""
_WIDEST: Final = 124
_ROUNDS: Final = 12
_REQUESTS: Final = 3000
_CANDIDATES: Final = 10
_SILENCES: Final = 3
_BUSY_TRIES: Final = 5
_BUSY_SECONDS: Final = 0.2
_ILLEGAL: Final = frozenset({2, 3})
_BUSY: Final = frozenset({5, 6})
_MOST_TOLD: Final = 100
"""Holes and registers that the result names; all of them are known."""

Tell = Callable[[float, str], None]


class Learning:
    """One measurement of a device; what it brings is in `device.learned` from the first moment."""

    def __init__(
        self,
        device: "Device",
        *,
        tell: Tell = lambda _fraction, _message: None,
        log: Callable[[str], None] = lambda _line: None,
    ) -> None:
        """Measure `device` over its line."""
        self._device = device
        self._place = _place(device)
        self._tell, self._log = tell, log
        self._registers = [item for item in device.definition.registers if item.is_read]
        self._pause = 0.0
        self._good: Read | None = None
        self._words = self._gap = self._requests = 0
        self._unclear: set[str] = set()

    async def run(self) -> dict[str, Any]:
        """Measure; raises `Unavailable` for a device that does not answer, or does not reliably.

        So it does for one that is deleted, or is made something else, while it is measured.
        """
        with in_words(self._device.settings.name):
            return await self._run()

    async def _run(self) -> dict[str, Any]:
        learned = self._device.learned
        self._tell(0.0, "looking for a register that is answered")
        self._good = await self._find_good()
        self._pause = await self._find_pause(self._good)
        learned.rest(self._pause)
        self._log(f"A rest of {1000 * self._pause:.0f} ms between requests is enough")
        for turn in range(_ROUNDS):
            self._tell(0.3 + 0.6 * turn / _ROUNDS, f"reads as large as can be, round {turn + 1}")
            before = learned.changes
            await self._round()
            if learned.changes == before or self._requests >= _REQUESTS:
                break
        self._tell(0.9, "the largest read")
        await self._stretch()
        holes = [
            {"table": table.value, "first": first, "last": last}
            for table, first, last in learned.holes
        ]
        refused = [item.key for item in self._registers if learned.is_dead(item)]
        self._log(f"Reads of {self._words} registers are answered, {len(holes)} holes are known")
        return {
            "words": self._words,
            "gap": self._gap,
            "pause_ms": round(1000 * self._pause),
            "holes": holes[:_MOST_TOLD],
            "refused": refused[:_MOST_TOLD],
            "requests": self._requests,
        }

    # --- rest

    async def _find_good(self) -> Read:
        """Return a read of one register that is answered."""
        fault: Fault | None = None
        for register in self._registers[:_CANDIDATES]:
            read = Read(register.table, register.address, register.words)
            try:
                await self._ask(read, pause=_CAREFUL)
            except Fault as error:
                fault = error
            else:
                return read
        name = self._device.settings.name
        raise Unavailable(f"{name} answers for none of its registers: {fault or 'it has none'}")

    async def _find_pause(self, good: Read) -> float:
        for number, pause in enumerate(PAUSES):
            self._tell(0.3 * number / len(PAUSES), f"a rest of {1000 * pause:.0f} ms")
            if await self._stands(good, pause):
                return pause
        name = self._device.settings.name
        raise Unavailable(f"{name} leaves out answers even with {PAUSES[-1]:g} s between requests")

    async def _stands(self, good: Read, pause: float) -> bool:
        for _ in range(_GROUPS):
            async with self._device.line.hold(Priority.SCAN):
                for _ in range(_IN_A_ROW):
                    try:
                        await self._ask(good, pause=pause)
                    except (NoAnswer, BadAnswer) as fault:
                        self._log(f"With a rest of {1000 * pause:.0f} ms: {fault}")
                        return False
                    except Fault:
                        continue
        return True

    # --- sizes and holes

    async def _round(self) -> None:
        """Ask for everything in as few reads as are thinkable, and take apart what is refused."""
        device = self._device
        limits = Limits(gap=_WIDEST, forbidden=device.settings.limits.forbidden)
        registers = [item for item in self._registers if item.key not in self._unclear]
        learned, now = device.learned, device.clock.time()
        waiting = deque(plan(registers, limits, learned, _WIDEST, now))
        while waiting and self._requests < _REQUESTS:
            waiting.extendleft(reversed(await self._try(waiting.popleft())))

    async def _try(self, read: Read) -> Sequence[Read]:
        """Ask for one read; return what is to be asked next because of its answer."""
        learned, clock = self._device.learned, self._device.clock
        try:
            await self._patiently(read)
        except Refused as fault:
            if fault.code in _ILLEGAL:
                return learned.refused(read, self._registers, clock.time())
            if fault.is_transport:
                await self._still_there(fault)
            self._log(f"{read.table} {read.start} to {read.end - 1}: {fault}")
            self._unclear |= {item.key for item in self._registers if read.holds(item)}
            return ()
        except (NoAnswer, BadAnswer) as fault:
            await self._still_there(fault)
            self._log(f"{read.table} {read.start} to {read.end - 1} is not answered at all")
            return learned.refused(read, self._registers, clock.time())
        self._note(read)
        return learned.answered(read)

    async def _patiently(self, read: Read) -> None:
        """Ask again while the device is busy."""
        for _ in range(_BUSY_TRIES):
            try:
                await self._ask(read, pause=self._pause)
            except Refused as fault:
                if fault.code not in _BUSY:
                    raise
                await self._device.clock.sleep(_BUSY_SECONDS)
            else:
                return
        raise Refused(min(_BUSY), "busy all the time")

    async def _still_there(self, fault: Fault) -> None:
        """Raise `Unavailable` when the device does not answer what it has answered before."""
        for _ in range(_SILENCES):
            try:
                if self._good is not None:
                    await self._ask(self._good, pause=self._pause)
            except Fault as again:
                fault = again
            else:
                return
        raise Unavailable(f"{self._device.settings.name} answers no more: {fault}")

    async def _stretch(self) -> None:
        """Look whether more words are answered than the register map ever needs."""
        good = self._good
        if good is None or good.table.is_bits or self._device.learned.words is not None:
            return
        forbidden = self._device.settings.limits.forbidden
        ends = [
            first for table, first, last in forbidden if table is good.table and last >= good.end
        ]
        read = Read(good.table, good.start, min(125, min([65_536, *ends]) - good.start))
        if read.count <= self._words:
            return
        try:
            await self._ask(read, pause=self._pause)
        except Fault as fault:
            self._log(f"{read.count} registers from {read.start}: {fault}")
        else:
            self._device.learned.answered(read)
            self._words = read.count

    def _note(self, read: Read) -> None:
        if not read.table.is_bits:
            self._words = max(self._words, read.count)
        found = spans(item for item in self._registers if read.holds(item))
        gaps = [start - end for (_, end), (start, _) in pairwise(found)]
        self._gap = max([self._gap, *gaps])

    async def _ask(self, read: Read, *, pause: float) -> None:
        device = self._device
        self._requests += 1
        if pause > 0:
            await device.clock.sleep(pause)
        unit = device.settings.unit
        try:
            await read_once(device.line, unit, read.table, read.start, read.count, Priority.SCAN)
        except Fault:
            self._demand_same()  # its line may have gone with it
            raise
        self._demand_same()

    def _demand_same(self) -> None:
        """Raise `Unavailable` when it is another device now: what was found would be lost, or lies.

        A changed definition or a deletion ends the object; a link or unit is changed in place.
        """
        if self._device.is_stopped or _place(self._device) != self._place:
            name = self._device.settings.name
            raise Unavailable(f"{name}: the device was changed meanwhile; learn it anew")


def _place(device: "Device") -> tuple[str, int]:
    return device.settings.link, device.settings.unit
