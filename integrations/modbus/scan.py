"""Looking for units on a link, and for addresses of theirs that can be read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hub.sdk import Clock, Unavailable, dumps
from integrations.modbus.line.errors import BadAnswer, Fault, NoAnswer, Refused
from integrations.modbus.line.turns import Priority
from integrations.modbus.mapping.models import Table
from integrations.modbus.polling.reads import Read, merged
from integrations.modbus.raw import read_once

if TYPE_CHECKING:
    from integrations.modbus.line.client import Line

PROBES: Final = (Table.HOLDING, Table.INPUT, Table.COIL)
"""Whose first address a unit is asked for: exceptions are answers too."""
_WORDS: Final = 120
_BITS: Final = 1024
_SILENCES: Final = 3
"""Unanswered requests after which a unit that no longer answers anything is left."""
_RECONNECT_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.5
_IDENTIFY: Final = bytes((43, 14, 1, 0))
_OBJECTS: Final = {0: "vendor", 1: "product", 2: "revision"}
_MOST_TEXT: Final = 64
_MOST_BYTES: Final = 15_000
"""Of the result as JSON: a job keeps no more than 16 KiB."""

Tell = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class Found:
    """A unit that answered."""

    unit: int
    by: Table
    exception: int | None
    identification: Mapping[str, str] | None

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        found: dict[str, Any] = {
            "unit": self.unit,
            "answered": True,
            "by": self.by.value,
            "exception": self.exception,
        }
        if self.identification:
            found["identification"] = dict(self.identification)
        return found


class Scan:
    """One scan of a line; between its requests everybody else has the line."""

    def __init__(
        self,
        line: "Line",
        clock: Clock,
        pause: float,
        *,
        tell: Tell = lambda _fraction, _message: None,
        log: Callable[[str], None] = lambda _line: None,
    ) -> None:
        """Ask over `line` with `pause` seconds before each request."""
        self._line, self._clock, self._pause = line, clock, pause
        self._tell, self._log = tell, log

    async def run(self, units: Sequence[int], ranges: Sequence[Read]) -> dict[str, Any]:
        """Return what was found, as the service tells it; raises `Unavailable` without a link."""
        share = 0.5 if ranges else 1.0
        found: list[Found] = []
        for place, unit in enumerate(units):
            self._tell(share * place / len(units), f"unit {unit}")
            if (answered := await self._unit(unit)) is not None:
                found.append(answered)
        readable: list[dict[str, Any]] = []
        work = [(item, wanted) for item in found for wanted in ranges]
        for place, (item, wanted) in enumerate(work):
            self._tell(share + (1 - share) * place / len(work), f"unit {item.unit}, {wanted.table}")
            for first, last in await self._range(item, wanted):
                self._log(f"Unit {item.unit}: {wanted.table} {first} to {last} can be read")
                readable.append(
                    {
                        "unit": item.unit,
                        "table": wanted.table.value,
                        "first": first,
                        "last": last,
                    }
                )
        return _fitting([item.as_dict() for item in found], readable, len(units))

    async def _unit(self, unit: int) -> Found | None:
        """Ask a unit this and that until it answers."""
        for table in PROBES:
            exception = None
            try:
                await self._ask(unit, Read(table, 0, 1))
            except Refused as fault:
                if fault.is_transport:
                    continue
                exception = fault.code
            except BadAnswer as fault:
                self._log(f"Unit {unit}: something came, but {fault}")
                continue
            except Fault:
                continue
            identification = await self._identify(unit)
            words = " ".join((identification or {}).values()) or "no identification"
            self._log(f"Unit {unit} answers, {words}")
            return Found(unit, table, exception, identification)
        return None

    async def _identify(self, unit: int) -> dict[str, str] | None:
        """Ask for vendor, product and revision (function 43/14); few devices know that."""
        try:
            return identification(await self._forward(unit, _IDENTIFY))
        except Fault:
            return None

    async def _range(self, item: Found, wanted: Read) -> list[tuple[int, int]]:
        """Return first and last addresses of what can be read, by halving what is refused."""
        size = _BITS if wanted.table.is_bits else _WORDS
        waiting = [
            Read(wanted.table, start, min(size, wanted.end - start))
            for start in range(wanted.start, wanted.end, size)
        ]
        waiting.reverse()
        good: list[tuple[int, int]] = []
        silences = 0
        while waiting:
            read = waiting.pop()
            try:
                await self._ask(item.unit, read)
            except Refused as fault:
                if fault.is_transport:
                    silences += 1
                else:
                    waiting += reversed(halves(read))
            except (NoAnswer, BadAnswer):
                if await self._lives(item):
                    waiting += reversed(halves(read))  # it is refused without a word
                else:
                    silences += 1
            except Fault:
                silences += 1
                waiting.append(read)
            else:
                silences = 0
                good.append((read.start, read.end - 1))
            if silences >= _SILENCES:
                self._log(
                    f"Unit {item.unit} does not answer any more at {wanted.table} {read.start}"
                )
                break
        return merged(good)

    async def _lives(self, item: Found) -> bool:
        try:
            await self._ask(item.unit, Read(item.by, 0, 1))
        except Refused as fault:
            return not fault.is_transport
        except Fault:
            return False
        return True

    async def _ask(self, unit: int, read: Read) -> None:
        await self._rest()
        await read_once(self._line, unit, read.table, read.start, read.count, Priority.SCAN)

    async def _forward(self, unit: int, pdu: bytes) -> bytes:
        await self._rest()
        return await self._line.forward(unit, pdu, Priority.SCAN)

    async def _rest(self) -> None:
        """Wait the pause; some devices hang up when they are asked for a unit that is not there."""
        if self._pause > 0:
            await self._clock.sleep(self._pause)
        until = self._clock.monotonic() + _RECONNECT_SECONDS
        while not self._line.connected:
            if self._clock.monotonic() >= until:
                raise Unavailable(f"the link is down: {self._line.error}")
            await self._clock.sleep(_LOOK_SECONDS)


def halves(read: Read) -> list[Read]:
    """Return the parts of a refused read, cut at an even distance: values often have two words."""
    if read.count == 1:
        return []
    middle = max(1, read.count // 2)
    if read.count > 2:
        middle += middle % 2
    left = Read(read.table, read.start, middle)
    return [left, Read(read.table, left.end, read.count - middle)]


def identification(answer: bytes) -> dict[str, str] | None:
    """Return the texts of an answer to 43/14; None when it is none, or damaged."""
    if len(answer) < 7 or answer[0] != _IDENTIFY[0] or answer[1] != _IDENTIFY[1]:
        return None
    found: dict[str, str] = {}
    rest = answer[7:]
    while len(rest) >= 2 and len(rest) >= 2 + rest[1]:
        name = _OBJECTS.get(rest[0])
        written = rest[2 : 2 + rest[1]].decode("utf-8", "replace").strip("\0 ")
        if name is not None and written:
            found[name] = "".join(sign for sign in written if sign.isprintable())[:_MOST_TEXT]
        rest = rest[2 + rest[1] :]
    return found


def _fitting(
    units: list[dict[str, Any]], ranges: list[dict[str, Any]], asked: int
) -> dict[str, Any]:
    """Return the result, shortened to what a job keeps; the log has all of it."""

    def result() -> dict[str, Any]:
        return {"asked": asked, "units": units, "ranges": ranges, "shortened": shortened}

    shortened = False
    for unit in reversed(units):
        if len(dumps(result())) <= _MOST_BYTES:
            break
        shortened = unit.pop("identification", None) is not None or shortened
    while ranges and len(dumps(result())) > _MOST_BYTES:
        shortened = True
        del ranges[-max(1, len(ranges) // 8) :]
    return result()
