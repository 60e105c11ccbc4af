"""Writes: checked before anything is sent, newest wins per register, read back, never lost."""

import asyncio
import contextlib
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hub.sdk import (
    BreakerState,
    HubError,
    NotAllowed,
    NotFound,
    ServiceValidationError,
    Unavailable,
)
from integrations.modbus.const import BROADCAST
from integrations.modbus.line.errors import Fault, LinkDown, Refused
from integrations.modbus.line.turns import Priority
from integrations.modbus.mapping import codec
from integrations.modbus.mapping.models import Function, Register, Table, Value, Write
from integrations.modbus.polling.planner import Read
from integrations.modbus.polling.values import Stamp

if TYPE_CHECKING:
    from integrations.modbus.line.client import Line
    from integrations.modbus.polling.device import Device

_LOGGER = logging.getLogger(__name__)

VERIFY_PAUSE: Final = 0.2
"""Between two looks at a register that does not show what was written, in seconds."""


class NotConfirmed(HubError):  # noqa: N818 - the wire names these without "Error"
    """The device took a write and shows something else; its limits may be other ones."""

    code = "not_confirmed"
    http_status = 502


class Superseded(HubError):  # noqa: N818
    """A newer value for the same register was written in place of this one, or over it."""

    code = "superseded"
    http_status = 409


@dataclass(slots=True, eq=False)
class _Batch:
    """What one caller wants written; it fails as a whole."""

    done: "asyncio.Future[None]"
    left: int
    error: HubError | None = None


@dataclass(slots=True, eq=False)
class _Item:
    """One register that is to be written."""

    register: Register
    value: Value
    batch: _Batch
    queued_at: float = 0.0
    queued: bool = False
    """Whether its caller was let go: it waits for the device to come back."""


class Writing:
    """The writes of one device; one at a time, in the order they came."""

    def __init__(self, device: "Device") -> None:
        """Begin with nothing to write."""
        self._device = device
        self._items: dict[str, _Item] = {}
        """By register key: at most one waits for each, so this is bounded by the definition."""
        self._task: asyncio.Task[None] | None = None
        self._stopped = False

    @property
    def is_at_work(self) -> bool:
        """Tell whether the present task is the one that writes."""
        return self._task is not None and asyncio.current_task() is self._task

    def pending(self, key: str) -> Value | None:
        """Return what waits to be written to a register."""
        item = self._items.get(key)
        return None if item is None else item.value

    async def write(self, values: Mapping[str, Value]) -> None:
        """Check all, then write all; see `Device.write`."""
        device = self._device
        if device.settings.read_only:
            raise NotAllowed(f"{device.settings.name} is only read: read_only is set")
        if self._stopped:
            raise Unavailable(f"{device.settings.name} does not run any more")
        registers = [self._checked(key, value) for key, value in values.items()]
        if not registers:
            return
        waits = not self._reachable()
        if waits and not device.settings.queues:
            raise Unavailable(self._away())
        batch = _Batch(asyncio.get_running_loop().create_future(), len(registers))
        now = device.clock.monotonic()
        for register, value in zip(registers, values.values(), strict=True):
            self._supersede(register.key)
            self._items[register.key] = _Item(register, value, batch, now, waits)
        if waits:
            batch.done.add_done_callback(_heard)
            return
        self.wake()
        try:
            await batch.done
        except asyncio.CancelledError:
            self._drop(batch, Unavailable("the caller is gone"))
            raise

    def wake(self) -> None:
        """Write what waits, when that is possible now."""
        if self._items and self._task is None and not self._stopped and self._reachable():
            task = asyncio.create_task(self._run(), name=f"modbus writes {self._device.key}")
            self._task = task
            task.add_done_callback(self._ended)

    def tick(self) -> None:
        """Drop what waited too long."""
        device = self._device
        limit = device.clock.monotonic() - device.settings.queue_seconds
        for key, item in list(self._items.items()):
            if item.queued_at < limit and self._task is None:
                del self._items[key]
                device.counters.expired += 1
                _LOGGER.warning(
                    "%s: %s was not written in %g s and is dropped",
                    device.settings.name,
                    key,
                    device.settings.queue_seconds,
                )
                self._finish(item, Unavailable(self._away()))
        self.wake()

    def review(self) -> None:
        """Drop what waits and may not wait any more, because other settings apply."""
        device = self._device
        if device.settings.read_only:
            self._clear(NotAllowed(f"{device.settings.name} is only read now"))
        elif not device.settings.queues and not self._reachable():
            self._clear(Unavailable(self._away()))

    async def stop(self) -> None:
        """Write no more."""
        self._stopped = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._clear(Unavailable(f"{self._device.settings.name} was stopped"))

    # private

    def _checked(self, key: str, value: Value) -> Register:
        """Return the register of a key; raises for what can not be written, before any is sent."""
        device = self._device
        register = device.definition.by_key.get(key)
        if register is None:
            known = ", ".join(item.key for item in device.definition.registers if item.write)
            raise NotFound(
                f"{device.settings.name} has no register {key!r}; it can write {known or 'none'}"
            )
        if register.write is None:
            raise ServiceValidationError(f"{key}: this register is only read")
        self._encode(register, value)
        return register

    def _encode(
        self, register: Register, value: Value, present: tuple[int, ...] | None = None
    ) -> tuple[int, ...]:
        """Return the words to write; without the `present` ones those of others are made up."""
        device = self._device
        slot = device.values.slots[register.key]
        raw = device.values.raw[slot]
        current = present
        if current is None:
            current = (0,) * register.words if raw is None else codec.words(register, raw)
        exponent = device.values.exponent(slot)
        try:
            return codec.encode(register, value, current, exponent=exponent)
        except ValueError as error:
            raise ServiceValidationError(f"{register.key}: {error}") from None

    def _reachable(self) -> bool:
        device = self._device
        breaker = device.breaker
        open_now = breaker.state is BreakerState.OPEN and breaker.retry_in > 0
        return device.line.connected and not open_now

    def _away(self) -> str:
        device = self._device
        if not device.line.connected:
            why = device.line.error or "its link is down"
        else:
            why = f"it is left alone for {device.breaker.retry_in:.0f} s, "
            why += device.breaker.last_error or "it did not answer"
        return f"{device.settings.name} can not be reached: {why}"

    def _supersede(self, key: str) -> None:
        item = self._items.pop(key, None)
        if item is not None:
            self._device.counters.superseded += 1
            self._finish(item, Superseded(f"{key}: a newer value is written in its place"))

    def _clear(self, error: HubError) -> None:
        """Drop all that waits; of what nobody waits for, only the log can tell."""
        items, self._items = self._items, {}
        for key, item in items.items():
            if item.queued:
                _LOGGER.warning("%s: the write that waits is dropped: %s", key, error)
            self._finish(item, error)

    def _finish(self, item: _Item, error: HubError | None = None) -> None:
        """Note that an item is over; tells the caller when it was the last of his."""
        batch = item.batch
        batch.left -= 1
        batch.error = batch.error or error
        if batch.left > 0 or batch.done.done():
            return
        if batch.error is None:
            batch.done.set_result(None)
        else:
            batch.done.set_exception(batch.error)

    def _drop(self, batch: _Batch, error: HubError) -> None:
        """Take back what a caller also wanted and is not begun, for a part of it has failed."""
        for key, item in list(self._items.items()):
            if item.batch is batch:
                del self._items[key]
                self._finish(item, error)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._task = None
        if not task.cancelled() and (error := task.exception()) is not None:
            _LOGGER.error("%s: writing failed", self._device.settings.name, exc_info=error)
        self.wake()  # a caller may have come back with the next before this was called

    async def _run(self) -> None:
        while self._items and self._reachable():
            key = next(iter(self._items))
            item = self._items.pop(key)
            try:
                await self._one(item)
            except asyncio.CancelledError:
                self._finish(item, Unavailable("the write was cut off; its outcome is unknown"))
                raise
            except LinkDown as fault:
                self._away_again(key, item, fault)
            except Exception as error:  # noqa: BLE001 - whatever it was, the caller is told
                self._fail(item, self._told(item, error))
            else:
                self._finish(item)
        if not self._device.settings.queues:
            for item in list(self._items.values()):
                self._drop(item.batch, Unavailable(self._away()))

    def _away_again(self, key: str, item: _Item, fault: LinkDown) -> None:
        """Put back what was not sent, where writes wait; a newer one for the register stays."""
        if not self._device.settings.queues:
            self._fail(item, self._told(item, fault))
        elif key in self._items:
            self._finish(item, Superseded(f"{key}: a newer value is written in its place"))
        else:
            self._items = {key: item, **self._items}

    def _told(self, item: _Item, error: Exception) -> HubError:
        """Return what the caller is told of a write that failed."""
        name, key = self._device.settings.name, item.register.key
        if isinstance(error, HubError):
            return error
        if isinstance(error, LinkDown):
            return Unavailable(f"{key}: {name}: {error}; it was not written")
        if isinstance(error, Refused) and not error.is_transport:
            return ServiceValidationError(f"{key}: {name} refuses it: {error}")
        if isinstance(error, Fault):
            return Unavailable(f"{key}: {name}: {error}; whether it was written is not known")
        _LOGGER.error("%s: writing %s failed", name, key, exc_info=error)
        return HubError(f"{key}: {type(error).__name__}")

    def _fail(self, item: _Item, error: HubError) -> None:
        self._drop(item.batch, error)
        self._finish(item, error)

    async def _one(self, item: _Item) -> None:
        """Write one register and look whether it holds; half-open this is the probe."""
        device, register = self._device, item.register
        rule = register.write or Write()
        if not device.breaker.admit():
            raise Unavailable(self._away())
        device.counters.writes += 1
        line = device.line  # one for all of it, although another one may come meanwhile
        words, shown = await self._sent(line, item, rule)
        if not register.is_read or not rule.verify:
            self._assume(register, words)
        elif shown is not True:
            with self._others(line, register) as others:
                await self._verify(item, rule, words, shown, others)

    async def _sent(
        self, line: "Line", item: _Item, rule: Write
    ) -> tuple[tuple[int, ...], Fault | bool]:
        """Write, look at once where the rule says so, and tell the breaker; returns the words."""
        device, register = self._device, item.register
        shown: Fault | bool = False
        try:
            async with line.alter(device.settings.unit, Priority.WRITE):
                words = await self._send(line, item, rule)
                if register.is_read and rule.verify and not rule.verify_delay:
                    shown = await self._look(line, register, words)  # before anybody else writes
        except Refused as fault:
            device.counters.count(fault)
            if fault.is_transport:
                device.breaker.failure(str(fault))
            else:
                device.breaker.success()
            raise
        except LinkDown:
            device.breaker.release()
            raise
        except Fault as fault:
            device.counters.count(fault)
            device.breaker.failure(str(fault))
            raise
        except BaseException:
            device.breaker.release()
            raise
        device.breaker.success()
        return words, shown

    @contextlib.contextmanager
    def _others(self, line: "Line", register: Register) -> Iterator[list[int]]:
        """Note the first address of each write to a register's words that others send meanwhile."""
        own, table = self._device.settings.unit, register.table
        found: list[int] = []

        def wrote(unit: int, where: Table, first: int, count: int) -> None:
            touched = first - register.words < register.address < first + count
            if not self.is_at_work and unit in {BROADCAST, own} and where is table and touched:
                found.append(first)

        cancel = line.watch(wrote)
        try:
            yield found
        finally:
            cancel()

    async def _send(self, line: "Line", item: _Item, rule: Write) -> tuple[int, ...]:
        """Write; of a word that others share only the own bits."""
        device, register = self._device, item.register
        unit = device.settings.unit
        await device.rest()
        if register.mask is None:
            words = self._encode(register, item.value)
            await line.write(
                unit, register.table, register.address, words, rule.function, Priority.WRITE
            )
            return words
        if rule.function is Function.MASK:
            words = self._encode(register, item.value, (0,) * register.words)
            own = codec.words(register, register.mask)[0]
            masks = (~own & 0xFFFF, words[0] & own)
            await line.write(
                unit, register.table, register.address, masks, Function.MASK, Priority.WRITE
            )
            return words
        present = await line.read(
            unit, register.table, register.address, register.words, Priority.WRITE
        )
        words = self._encode(register, item.value, tuple(map(int, present)))
        await device.rest()
        await line.write(
            unit, register.table, register.address, words, rule.function, Priority.WRITE
        )
        return words

    async def _verify(
        self,
        item: _Item,
        rule: Write,
        words: tuple[int, ...],
        shown: Fault | bool,
        others: list[int],
    ) -> None:
        """Look until the device shows what was written; `shown` is what was seen at once.

        With a delay nobody looked yet. `others` fills with what others write.
        """
        device, register = self._device, item.register
        for attempt in range(max(1, rule.verify_tries)):
            if attempt or rule.verify_delay:
                await device.clock.sleep(rule.verify_delay or VERIFY_PAUSE)
                shown = await self._look(device.line, register, words)
            if shown is True:
                return
            if shown is False and others:
                raise Superseded(f"{register.key}: somebody else wrote it meanwhile")
        device.counters.unconfirmed += 1
        if isinstance(shown, Fault):
            raise NotConfirmed(f"{register.key}: written, but it can not be read back: {shown}")
        value = device.values.value[device.values.slots[register.key]]
        raise NotConfirmed(
            f"{register.key}: wrote {item.value}, {device.settings.name} shows "
            f"{'nothing that has a meaning' if value is None else value}"
        )

    async def _look(self, line: "Line", register: Register, words: tuple[int, ...]) -> Fault | bool:
        """Read a register back while nobody writes; tells whether it shows the words."""
        device = self._device
        unit, table = device.settings.unit, register.table
        try:
            async with line.alter(unit, Priority.WRITE):
                await device.rest()
                data = await line.read(
                    unit, table, register.address, register.words, Priority.WRITE
                )
        except Fault as fault:
            device.counters.count(fault)
            return fault
        window = device.plans.window(Read(table, register.address, register.words))
        stamp = Stamp(device.clock.monotonic(), device.clock.time())
        changed = device.values.take(window, data, stamp)
        device.publish({device.values.slots[register.key], *changed})
        return _same(register, words, data)

    def _assume(self, register: Register, words: tuple[int, ...]) -> None:
        device = self._device
        slot = device.values.slots[register.key]
        read = Read(register.table, register.address, register.words)
        raw = codec.Block([register], read.start, read.count).raws(words)[0]
        stamp = Stamp(device.clock.monotonic(), device.clock.time())
        device.publish(device.values.assume(slot, raw, stamp))


def _same(register: Register, wrote: tuple[int, ...], shows: Any) -> bool:
    """Compare what was written with what is there, only the bits that belong to the register."""
    found = tuple(map(int, shows))
    if register.mask is None:
        return wrote == found
    own = codec.words(register, register.mask)
    return not any((one ^ other) & mask for one, other, mask in zip(wrote, found, own, strict=True))


def _heard(done: "asyncio.Future[None]") -> None:
    """Take note of how a queued write ended: nobody waits for it, it is logged where it fails."""
    if not done.cancelled():
        done.exception()
