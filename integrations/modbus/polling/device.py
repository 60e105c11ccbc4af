"""One device: polls by rates, keeps its values, tells who follows them, and takes writes."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from hub.sdk import Breaker, BreakerState, Unavailable
from integrations.modbus.const import BROADCAST
from integrations.modbus.line.turns import Priority
from integrations.modbus.mapping import codec
from integrations.modbus.mapping.models import Definition, Rate, Register, Table, Value
from integrations.modbus.polling.counters import Counters
from integrations.modbus.polling.cycle import Cycle
from integrations.modbus.polling.followers import Followers, Told, listed, tell
from integrations.modbus.polling.learned import Learned
from integrations.modbus.polling.listing import row
from integrations.modbus.polling.plans import Plans, without
from integrations.modbus.polling.readings import Origin, Quality, Reading
from integrations.modbus.polling.reads import Read
from integrations.modbus.polling.schedule import Schedule
from integrations.modbus.polling.settings import DeviceSettings
from integrations.modbus.polling.values import NEVER, Values
from integrations.modbus.polling.writing import Writing

if TYPE_CHECKING:
    from hub.sdk import Clock
    from integrations.modbus.line.client import Line

_LOGGER = logging.getLogger(__name__)

TICK: Final = 1.0
REFRESH: Final = 60.0
"""How often ages are published although nothing else changed, in seconds."""
ASKED_SECONDS: Final = 30.0
"""The longest that somebody waits who asks for a read now."""


class Device:
    """A device at work on its line."""

    def __init__(
        self,
        key: str,
        settings: DeviceSettings,
        definition: Definition,
        line: "Line",
        clock: "Clock",
    ) -> None:
        """Prepare; nothing is asked before `start`."""
        self.key = key
        self.settings = settings
        self.definition = definition
        self.line = line
        self.clock = clock
        self.learned = Learned()
        self.counters = Counters()
        self.values = Values(definition.registers)
        self.version = 0
        """Moves with every round and write that brought something."""
        self.breaker = self._new_breaker()
        self.writing = Writing(self)
        self.plans = Plans(self)
        self.schedule = Schedule(self, self.plans.readable)
        self.followers = Followers()
        self._left: list[Register] = []
        self._quality: list[Quality] = [Quality.NONE] * len(definition.registers)
        self._asked: dict[asyncio.Future[None], frozenset[str] | None] = {}
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._cancels: list[Callable[[], None]] = []
        self._refreshed = clock.monotonic()
        self.is_stopped = False
        """Whether it is no more: the next one of its key is another object."""
        self._was_connected = False
        self._was_told = False
        """Whether the present outage stands in the log."""

    # --- life

    def start(self) -> None:
        """Begin to poll; everything is read at once."""
        self.schedule.begin()
        self._was_connected = self.line.connected
        self._cancels = [self._attached()]
        self._task = asyncio.create_task(self._run(), name=f"modbus device {self.key}")
        self._tick_later()

    async def stop(self) -> None:
        """Poll no more; who waits for a write or a read is told."""
        self.is_stopped = True
        for cancel in self._cancels:
            cancel()
        self._cancels = []
        await self.writing.stop()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        self._let_down("was stopped")

    def adopt(self, settings: DeviceSettings) -> None:
        """Follow other settings at once: intervals, limits, patience."""
        before, self.settings = self.settings, settings
        moved = (before.link, before.unit) != (settings.link, settings.unit)
        if moved or before.patience != settings.patience:
            self.breaker = self._new_breaker()
            tell(self.followers.health)
        if moved:
            self._begin_anew()
        if before.intervals != settings.intervals:
            self.schedule.adopt()
        self.writing.review()
        self._wake.set()

    def use(self, line: "Line") -> None:
        """Go on with another line; what is begun on the old one ends with it."""
        self.line = line
        self._was_connected = False
        if self._cancels:
            self._cancels[0]()
            self._cancels[0] = self._attached()
        self._line_changed()

    # --- what is known

    def reading(self, key: str) -> Reading:
        """Return what is known of a register; raises `KeyError` for one that there is not."""
        slot = self.values.slots[key]
        values = self.values
        stamp, raw = values.stamp[slot], values.raw[slot]
        quality, reason = self._judge(slot)
        return Reading(
            value=values.value[slot],
            raw=None if raw is None else codec.words(values.registers[slot], raw),
            at=None if stamp is None else stamp.wall,
            quality=quality,
            origin=values.origin[slot],
            reason=reason,
        )

    def registers(self) -> list[dict[str, Any]]:
        """Return everything that is known of every register, as JSON."""
        return [row(self, register) for register in self.definition.registers]

    def reads(self) -> list[Read]:
        """Return the requests that would bring all its registers, as things are now."""
        return self.plans.of(self.plans.readable)

    def pending(self, key: str) -> Value | None:
        """Return what is to be written to a register and is not yet."""
        return self.writing.pending(key)

    @property
    def is_read(self) -> bool:
        """Tell whether it has registers that are read; else it is only ever written."""
        return bool(self.plans.readable)

    @property
    def available(self) -> bool:
        """Tell whether requests go out: the link is up and the device is not left alone."""
        return self.line.connected and self.breaker.state is not BreakerState.OPEN

    # --- who is told

    def follow(self, keys: Iterable[str], told: Told) -> Callable[[], None]:
        """Call `told()`, once per round, when one of these registers changed in value or worth."""
        return self.followers.follow([self.values.slots[key] for key in keys], told)

    def follow_health(self, told: Told) -> Callable[[], None]:
        """Call `told()` when link or breaker changed, and now and then for the counters."""
        return listed(self.followers.health, told)

    def follow_rounds(self, told: Told) -> Callable[[], None]:
        """Call `told()` after every round and write."""
        return listed(self.followers.rounds, told)

    # --- what can be asked of it

    async def write(self, values: Mapping[str, Value]) -> None:
        """Write values by register key, in order; returns when the device has confirmed them.

        Raises `ServiceValidationError` for what can not be written, before anything is sent;
        `NotAllowed` for a device that is only read, `Unavailable` when it can not be reached,
        `NotConfirmed` when it shows something else, `Superseded` when a newer write came before it
        or over it.
        """
        await self.writing.write(values)

    async def refresh(self, keys: Iterable[str] | None = None) -> None:
        """Read registers now, before what is due; returns when it was tried.

        Their readings tell what came of it. Raises `Unavailable` for a device that does not run,
        or when the line was taken by others for too long.
        """
        if self._task is None:
            raise Unavailable(f"{self.settings.name} does not run")
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._asked[future] = None if keys is None else frozenset(keys)
        self._wake.set()
        try:
            async with asyncio.timeout(ASKED_SECONDS):
                await future
        except TimeoutError:
            raise Unavailable(f"{self.settings.name} was not read in time") from None
        finally:
            self._asked.pop(future, None)

    def forget(self) -> None:
        """Forget what was learned of it; refused registers are tried again."""
        self.learned.reset()
        self.schedule.again()
        self._wake.set()

    # --- for cycle and writing

    async def rest(self) -> None:
        """Let the device rest before a request, if it needs that: it may have answered just now."""
        pause = max(self.settings.limits.pause, self.learned.pause)
        if pause > 0:
            await self.clock.sleep(pause)

    def publish(self, changed: Iterable[int]) -> None:
        """Tell the followers of some slots, each follower once."""
        self.version += 1
        found = list(changed)
        for slot in found:
            self._quality[slot] = self._judge(slot)[0]
        self.followers.tell_slots(found)
        tell(self.followers.rounds)

    # private

    def _attached(self) -> Callable[[], None]:
        """Hear of the line; returns what ends it."""
        cancels = (self.line.listen(self._line_changed), self.line.watch(self._written))

        def detach() -> None:
            for cancel in cancels:
                cancel()

        return detach

    def _new_breaker(self) -> Breaker:
        patience = self.settings.patience
        breaker = Breaker(
            self.clock.monotonic,
            failures=patience.failures,
            wait=patience.wait,
            longest=patience.longest,
        )
        breaker.on_change = self._breaker_changed
        return breaker

    async def _run(self) -> None:
        while True:
            now = self.clock.monotonic()
            due = self.schedule.due(now)
            if due or self._asked or self._left:
                try:
                    await self._round(due)
                except Exception:
                    _LOGGER.exception("%s: a round of reads failed", self.settings.name)
                    self._let_down("could not be read")
                    self._left.clear()
                self.schedule.done(due, now)
            await self._sleep()

    async def _round(self, due: list[Rate]) -> None:
        """Read what is asked for, what the last round left, what is due; tell who follows."""
        asked = dict(self._asked)
        plans = self.plans
        first = plans.wanted(asked.values())
        left, self._left = without(self._left, first), []
        reads = (plans.of(first), plans.oldest_first(left), plans.due(due, (*first, *left)))
        priority = Priority.ASKED if asked else Priority.POLL
        seconds = self.schedule.patience() if due or left else ASKED_SECONDS
        cycle = Cycle(self, priority, self.clock.monotonic() + seconds)
        await cycle.run(*reads)
        self.counters.cycles += 1
        unread = frozenset(register.key for register in cycle.left)
        for future, keys in asked.items():
            rest = unread if keys is None else keys & unread
            if rest and future in self._asked:
                self._asked[future] = rest
            elif not future.done():
                future.set_result(None)
        waits = [item for item in (*left, *cycle.left) if item.key in unread]
        self._left = without([*waits, *self._left])
        if cycle.left:
            self.counters.late_cycles += 1
        elif not self.values.missed:
            self.schedule.completed(due)
        self.publish(cycle.changed)
        if self.values.missed:
            self._settle()
        if self.clock.monotonic() - self._refreshed >= REFRESH:
            self._refreshed = self.clock.monotonic()
            self.followers.tell_all()

    def _let_down(self, why: str) -> None:
        """Tell who waits for a read that there will be none."""
        for future in self._asked:
            if not future.done():
                future.set_exception(Unavailable(f"{self.settings.name} {why}"))
        self._asked.clear()

    async def _sleep(self) -> None:
        """Wait until something is due or asked for."""
        wait = self.schedule.soonest - self.clock.monotonic()
        if wait <= 0 or self._left:
            await asyncio.sleep(0)
            return
        cancel = None if wait == float("inf") else self.clock.call_later(wait, self._wake.set)
        try:
            await self._wake.wait()
        finally:
            self._wake.clear()
            if cancel is not None:
                cancel()

    def _judge(self, slot: int) -> tuple[Quality, str | None]:
        """Return how far a value can be trusted, and what is to be said about it."""
        values = self.values
        stamp, reason = values.stamp[slot], values.reason[slot]
        register = values.registers[slot]
        if stamp is None:
            return Quality.NONE, reason or NEVER
        if values.origin[slot] is Origin.ASSUMED and not register.is_read:
            return Quality.GOOD, reason
        age = self.clock.monotonic() - stamp.monotonic
        if self.breaker.state is BreakerState.OPEN:
            return Quality.STALE, "breaker_open"
        began = self.breaker.opened_at
        if began is not None and stamp.monotonic < began:
            return Quality.STALE, "breaker_open"
        if age > self.settings.lifetime(register.rate):
            fallback = "not_read_in_time" if self.line.connected else "link_down"
            return Quality.STALE, reason if slot in values.missed and reason else fallback
        return Quality.GOOD, values.meaning[slot] if slot in values.missed else reason

    def _settle(self) -> None:
        """Tell the followers of what has become old or good again by itself."""
        moved = []
        for slot in range(len(self._quality)):
            quality = self._judge(slot)[0]
            if quality is not self._quality[slot]:
                self._quality[slot] = quality
                moved.append(slot)
        if moved:
            self.version += 1
            self.followers.tell_slots(moved)
            tell(self.followers.rounds)

    def _tick_later(self) -> None:
        self._cancels[1:] = [self.clock.call_later(TICK, self._tick)]

    def _tick(self) -> None:
        """Notice values that grow old while nothing comes."""
        self._tick_later()
        if self.schedule.is_overdue:
            self._settle()
        self.writing.tick()

    def _line_changed(self) -> None:
        connected = self.line.connected
        if connected and not self._was_connected:
            self._read_again(once=True)
        self._was_connected = connected
        self._settle()
        tell(self.followers.health)

    def _written(self, unit: int, table: Table, first: int, count: int) -> None:
        """Read soon what somebody else has written: a gateway's client, a service, a neighbour."""
        if unit not in {BROADCAST, self.settings.unit} or self.writing.is_at_work:
            return
        touched = [
            item
            for item in self.plans.readable
            if item.table is table and first - item.words < item.address < first + count
        ]
        self._left = without([*self._left, *touched])
        self._wake.set()

    def _begin_anew(self) -> None:
        """Know nothing: something else is asked from now on."""
        self._left = []
        self.publish(self.values.drop(range(len(self.values.registers)), NEVER))
        self.forget()

    def _read_again(self, *, once: bool) -> None:
        """Read what was missed now: waits for the next round of its rate would be too long."""
        self.schedule.catch_up(once=once)
        self._wake.set()
        self.writing.wake()

    def _breaker_changed(self) -> None:
        """Tell of it: one line when it is left alone, one when it answers again."""
        state, name = self.breaker.state, self.settings.name
        if state is BreakerState.CLOSED:
            _LOGGER.info("%s answers again", name)
            self._read_again(once=False)
        elif state is BreakerState.OPEN and not self._was_told:
            wait = self.breaker.retry_in
            _LOGGER.warning("%s is left alone for %.0f s: %s", name, wait, self.breaker.last_error)
        self._was_told = state is not BreakerState.CLOSED
        asyncio.get_running_loop().call_soon(self._settle)
        asyncio.get_running_loop().call_soon(tell, self.followers.health)
