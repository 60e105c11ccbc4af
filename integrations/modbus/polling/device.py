"""One device: polls by rates, keeps its values, tells who follows them, and takes writes."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from hub.sdk import Breaker, BreakerState, Unavailable
from integrations.modbus.line.errors import BadAnswer, Fault, NoAnswer, Refused
from integrations.modbus.line.turns import Priority
from integrations.modbus.mapping import codec
from integrations.modbus.mapping.models import Definition, Rate, Register, Value
from integrations.modbus.polling.cycle import Cycle
from integrations.modbus.polling.learned import Key, Learned
from integrations.modbus.polling.planner import Read, plan
from integrations.modbus.polling.readings import Origin, Quality, Reading
from integrations.modbus.polling.settings import DeviceSettings
from integrations.modbus.polling.values import NEVER, Values, Window
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
GAP_ON_BUS: Final = 16
"""Registers: two bytes each, against eight and more with the rests around a request of its own."""
GAP: Final = 100
"""Over a network a request costs the way there and back, however much it brings."""
_WINDOWS: Final = 4096

Told = Callable[[], None]


@dataclass(slots=True)
class Counters:
    """What happened since the start."""

    requests: int = 0
    answers: int = 0
    timeouts: int = 0
    bad_answers: int = 0
    refused: int = 0
    cycles: int = 0
    missed_cycles: int = 0
    """Rounds that did not take place because the one before was not over."""
    late_cycles: int = 0
    """Rounds that left something to the next because their time was over."""
    writes: int = 0
    unconfirmed: int = 0
    superseded: int = 0
    expired: int = 0
    """Queued writes that were dropped because the device stayed away."""

    def count(self, fault: Fault) -> None:
        """Count a request that ended with a fault."""
        if isinstance(fault, NoAnswer):
            self.timeouts += 1
        elif isinstance(fault, BadAnswer):
            self.bad_answers += 1
        elif isinstance(fault, Refused):
            self.refused += 1


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
        self._readable = [item for item in definition.registers if item.is_read]
        self._rates = {item.rate for item in self._readable}
        self._places: dict[Key, set[Rate]] = defaultdict(set)
        for item in self._readable:
            self._places[item.table, item.address, item.words].add(item.rate)
        self._next: dict[Rate, float] = {}
        self._left: list[Register] = []
        self._complete: dict[Rate, float] = {}
        self._quality: list[Quality] = [Quality.NONE] * len(definition.registers)
        self._windows: dict[Read, Window] = {}
        self._plans: dict[frozenset[Rate], list[Read]] = {}
        self._planned_for: tuple[Any, ...] = ()
        self._followers: dict[int, dict[Told, None]] = {}
        self._health: dict[Told, None] = {}
        self._rounds: dict[Told, None] = {}
        self._asked: dict[asyncio.Future[None], frozenset[str] | None] = {}
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._cancels: list[Callable[[], None]] = []
        self._refreshed = clock.monotonic()
        self._was_connected = False

    # --- life

    def start(self) -> None:
        """Begin to poll; everything is read at once."""
        now = self.clock.monotonic()
        self._next = dict.fromkeys(self._rates, now)
        self._complete = dict.fromkeys(self._rates, now)
        self._was_connected = self.line.connected
        self._cancels = [self.line.listen(self._line_changed)]
        self._task = asyncio.create_task(self._run(), name=f"modbus device {self.key}")
        self._tick_later()

    async def stop(self) -> None:
        """Poll no more; who waits for a write or a read is told."""
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
            self._tell(self._health)
        if moved:
            self._begin_anew()
        if before.intervals != settings.intervals:
            now = self.clock.monotonic()
            self._next = {
                rate: min(at, now + settings.intervals[rate]) if rate in settings.intervals else at
                for rate, at in self._next.items()
            }
        self.writing.review()
        self._wake.set()

    def use(self, line: "Line") -> None:
        """Go on with another line; what is begun on the old one ends with it."""
        self.line = line
        self._was_connected = False
        if self._cancels:
            self._cancels[0]()
            self._cancels[0] = line.listen(self._line_changed)
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
        return [self._shown(register) for register in self.definition.registers]

    def reads(self) -> list[Read]:
        """Return the requests that would bring all its registers, as things are now."""
        return self._plan(self._readable)

    def pending(self, key: str) -> Value | None:
        """Return what is to be written to a register and is not yet."""
        return self.writing.pending(key)

    @property
    def is_read(self) -> bool:
        """Tell whether it has registers that are read; else it is only ever written."""
        return bool(self._readable)

    @property
    def available(self) -> bool:
        """Tell whether requests go out: the link is up and the device is not left alone."""
        return self.line.connected and self.breaker.state is not BreakerState.OPEN

    # --- who is told

    def follow(self, keys: Iterable[str], told: Told) -> Callable[[], None]:
        """Call `told()`, once per round, when one of these registers changed in value or worth."""
        slots = [self.values.slots[key] for key in keys]
        for slot in slots:
            self._followers.setdefault(slot, {})[told] = None

        def unfollow() -> None:
            for slot in slots:
                self._followers.get(slot, {}).pop(told, None)

        return unfollow

    def follow_health(self, told: Told) -> Callable[[], None]:
        """Call `told()` when link or breaker changed, and now and then for the counters."""
        return _follow(self._health, told)

    def follow_rounds(self, told: Told) -> Callable[[], None]:
        """Call `told()` after every round and write."""
        return _follow(self._rounds, told)

    # --- what can be asked of it

    async def write(self, values: Mapping[str, Value]) -> None:
        """Write values by register key, in order; returns when the device has confirmed them.

        Raises `ServiceValidationError` for what can not be written, before anything is sent;
        `NotAllowed` for a device that is only read, `Unavailable` when it can not be reached,
        `NotConfirmed` when it shows something else, `Superseded` when a newer write came before.
        """
        await self.writing.write(values)

    async def refresh(self, keys: Iterable[str] | None = None) -> None:
        """Read registers now, before what is due; raises `Unavailable` when that is impossible."""
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
        self._windows.clear()
        self._next = dict.fromkeys(self._rates, self.clock.monotonic())
        self._wake.set()

    # --- for cycle and writing

    def window(self, read: Read) -> Window:
        """Return a read, compiled; plans hardly change, so it is kept."""
        found = self._windows.get(read)
        if found is None:
            if len(self._windows) >= _WINDOWS:
                self._windows.clear()
            found = self._windows[read] = self.values.window(read)
        return found

    async def rest(self) -> None:
        """Let the device rest before a request, if it needs that: it may have answered just now."""
        pause = max(self.settings.limits.pause, self.learned.pause)
        if pause > 0:
            await self.clock.sleep(pause)

    def publish(self, changed: Iterable[int]) -> None:
        """Tell the followers of some slots, each follower once."""
        self.version += 1
        for slot in changed:
            self._quality[slot] = self._judge(slot)[0]
        self._tell({told: None for slot in changed for told in self._followers.get(slot, ())})
        self._tell(self._rounds)

    # private

    @property
    def _gap(self) -> int:
        """Return how many unwanted addresses cost less than another request."""
        return GAP_ON_BUS if self.line.options.is_bus else GAP

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
            due = [rate for rate, at in self._next.items() if at <= now]
            if due or self._asked:
                try:
                    await self._round(due)
                except Exception:
                    _LOGGER.exception("%s: a round of reads failed", self.settings.name)
                    self._let_down("could not be read")
                self._schedule(due, now)
            await self._sleep()

    async def _round(self, due: list[Rate]) -> None:
        """Read what is asked for, what the last round left, what is due; tell who follows."""
        asked = dict(self._asked)
        first = self._wanted(asked.values())
        left, self._left = _without(self._left, first), []
        reads = (self._plan(first), self._oldest_first(left), self._due(due, (*first, *left)))
        priority = Priority.ASKED if asked else Priority.POLL
        cycle = Cycle(self, priority, self.clock.monotonic() + self._patience(due))
        await cycle.run(*reads)
        self.counters.cycles += 1
        unread = frozenset(register.key for register in cycle.left)
        for future, keys in asked.items():
            rest = unread if keys is None else keys & unread
            if rest and future in self._asked:
                self._asked[future] = rest
            elif not future.done():
                future.set_result(None)
        waits = {item.key: item for item in (*left, *cycle.left) if item.key in unread}
        self._left = list(waits.values())
        if cycle.left:
            self.counters.late_cycles += 1
        elif not self.values.missed:
            self._complete |= dict.fromkeys(due, self.clock.monotonic())
        self.publish(cycle.changed)
        if self.values.missed:
            self._settle()
        if self.clock.monotonic() - self._refreshed >= REFRESH:
            self._refreshed = self.clock.monotonic()
            self._tell_all()

    def _let_down(self, why: str) -> None:
        """Tell who waits for a read that there will be none."""
        for future in self._asked:
            if not future.done():
                future.set_exception(Unavailable(f"{self.settings.name} {why}"))
        self._asked.clear()

    def _plan(self, registers: Iterable[Register]) -> list[Read]:
        found = list(registers)
        if not found:
            return []
        limits = self.settings.limits
        return plan(found, limits, self.learned, self._gap, self.clock.time())

    def _oldest_first(self, left: Sequence[Register]) -> list[Read]:
        """Plan what the last round left in its order: what has waited longest is next."""
        places = {
            self.values.slots[item.key]: place for place, item in reversed([*enumerate(left)])
        }
        return sorted(
            self._plan(left),
            key=lambda read: min(places.get(slot, len(left)) for slot in self.window(read).slots),
        )

    def _due(self, rates: list[Rate], others: Sequence[Register]) -> list[Read]:
        """Plan what is due; a plan holds until something is learned or to be tried again."""
        registers = [item for item in self._readable if item.rate in rates]
        if others:
            return self._plan(_without(registers, others))
        due = self._is_probing(rates)
        valid = (self.learned.changes, self.settings.limits, self._gap, due)
        if valid != self._planned_for or due:
            self._plans.clear()
            self._planned_for = valid
        key = frozenset(rates)
        if key not in self._plans:
            self._plans[key] = self._plan(registers)
        return self._plans[key]

    def _is_probing(self, rates: list[Rate]) -> bool:
        """Tell whether registers of these rates that were refused are to be tried again."""
        now = self.clock.time()
        return any(
            dead.is_due(now) and not self._places.get(place, frozenset()).isdisjoint(rates)
            for place, dead in self.learned.dead.items()
        )

    def _wanted(self, asked: Iterable[frozenset[str] | None]) -> list[Register]:
        """Return the registers that somebody waits for."""
        named = list(asked)
        if any(keys is None for keys in named):
            return self._readable
        keys = {key for names in named for key in names or ()}
        return [item for item in self._readable if item.key in keys]

    def _patience(self, due: list[Rate]) -> float:
        """Return how long a round may take: the shortest interval that waits for its end."""
        intervals = self.settings.intervals
        found = [intervals[rate] for rate in self._rates if rate in intervals]
        return max(min(found, default=INTERVAL_ALONE), TICK) if due else ASKED_SECONDS

    def _schedule(self, due: list[Rate], began: float) -> None:
        """Set when each rate is due again; rounds that were missed are counted, not made up."""
        now = self.clock.monotonic()
        for rate in due:
            if self._next[rate] > began:
                continue  # it was set anew meanwhile: the line, or the device, came back
            interval = self.settings.intervals.get(rate)
            if interval is None:
                self._next[rate] = now + self._until_once()
                continue
            following = max(self._next[rate], began - interval) + interval
            if following <= now:
                missed = int((now - following) / interval)
                self.counters.missed_cycles += missed
                following += missed * interval
            self._next[rate] = following
        if self._left:
            soonest = min(self._next, key=self._next.__getitem__)
            self._next[soonest] = min(self._next[soonest], now)

    def _until_once(self) -> float:
        """Return the seconds until what is read once is asked for again; mostly there is no need.

        A lost answer is asked for like any other value, a refused register when its time comes.
        """
        missed, learned = self.values.missed, self.learned
        once = [item for item in self._readable if item.rate is Rate.ONCE]
        if not self.line.connected or any(self.values.slots[item.key] in missed for item in once):
            return max(TICK, self.settings.intervals[Rate.NORMAL])
        now = self.clock.time()
        probes = [learned.probe_in(item, now) for item in once if learned.is_dead(item)]
        return max(TICK, min(probes, default=float("inf")))

    async def _sleep(self) -> None:
        """Wait until something is due or asked for."""
        soonest = min(self._next.values(), default=float("inf"))
        wait = soonest - self.clock.monotonic()
        if wait <= 0:
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
        return Quality.GOOD, None if slot in values.missed else reason

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
            self._tell({told: None for slot in moved for told in self._followers.get(slot, ())})
            self._tell(self._rounds)

    def _tick_later(self) -> None:
        self._cancels[1:] = [self.clock.call_later(TICK, self._tick)]

    def _tick(self) -> None:
        """Notice values that grow old while nothing comes."""
        self._tick_later()
        now = self.clock.monotonic()
        lifetime = self.settings.lifetime
        if any(now - at > lifetime(rate) for rate, at in self._complete.items()):
            self._settle()
        self.writing.tick()

    def _line_changed(self) -> None:
        connected = self.line.connected
        if connected and not self._was_connected:
            self._read_again(once=True)
        self._was_connected = connected
        self._settle()
        self._tell(self._health)

    def _begin_anew(self) -> None:
        """Know nothing: something else is asked from now on."""
        self._left = []
        self.publish(self.values.drop(range(len(self.values.registers)), NEVER))
        self.forget()

    def _read_again(self, *, once: bool) -> None:
        """Read what was missed now: waits for the next round of its rate would be too long."""
        now = self.clock.monotonic()
        self._next = {
            rate: now if self.values.missed or (once and rate is Rate.ONCE) else at
            for rate, at in self._next.items()
        }
        self._wake.set()
        self.writing.wake()

    def _breaker_changed(self) -> None:
        _LOGGER.log(
            logging.WARNING if self.breaker.state is BreakerState.OPEN else logging.INFO,
            "%s: %s",
            self.settings.name,
            f"left alone for {self.breaker.retry_in:.0f} s, {self.breaker.last_error}"
            if self.breaker.state is BreakerState.OPEN
            else "asked again"
            if self.breaker.state is BreakerState.HALF_OPEN
            else "answers again",
        )
        if self.breaker.state is BreakerState.CLOSED:
            self._read_again(once=False)
        asyncio.get_running_loop().call_soon(self._settle)
        asyncio.get_running_loop().call_soon(partial(self._tell, self._health))

    def _tell(self, followers: Mapping[Told, None]) -> None:
        for told in tuple(followers):
            try:
                told()
            except Exception:
                _LOGGER.exception("Who follows %s failed", self.settings.name)

    def _tell_all(self) -> None:
        self._tell({told: None for group in self._followers.values() for told in group})
        self._tell(self._health)

    def _shown(self, register: Register) -> dict[str, Any]:
        reading, rule = self.reading(register.key), register.write
        stamp = self.values.stamp[self.values.slots[register.key]]
        age = None if stamp is None else round(self.clock.monotonic() - stamp.monotonic, 1)
        return {
            "key": register.key,
            "name": register.name or register.key,
            "table": register.table.value,
            "address": register.address,
            "words": register.words,
            "type": register.type.value,
            "raw": None if reading.raw is None else list(reading.raw),
            "value": list(reading.value) if isinstance(reading.value, tuple) else reading.value,
            "unit": register.unit,
            "precision": register.precision,
            "at": reading.at,
            "age": age,
            "quality": reading.quality.value,
            "origin": None if reading.origin is None else reading.origin.value,
            "reason": reading.reason,
            "rate": register.rate.value,
            "access": register.access.value,
            "writable": register.write is not None and not self.settings.read_only,
            "pending": self.pending(register.key),
            "labels": None if register.labels is None else list(register.labels.values()),
            "min": None if rule is None else rule.low,
            "max": None if rule is None else rule.high,
            "step": None if rule is None else rule.step,
        }


INTERVAL_ALONE: Final = 60.0
"""The longest round of a device that is read once only, in seconds."""


def _follow(followers: dict[Told, None], told: Told) -> Callable[[], None]:
    followers[told] = None
    return lambda: (followers.pop(told, None), None)[1]


def _without(registers: Iterable[Register], *others: Iterable[Register]) -> list[Register]:
    """Return the registers that none of the others holds, each once."""
    seen = {item.key for other in others for item in other}
    return list({item.key: item for item in registers if item.key not in seen}.values())
