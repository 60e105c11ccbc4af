"""Keeps every `modbus.device` polled as its resource says."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hub.sdk import (
    BreakerState,
    Condition,
    Controller,
    Desired,
    Hub,
    NotProved,
    Progress,
    Resource,
    Step,
    Unavailable,
    Unfinished,
)
from integrations.modbus import plan
from integrations.modbus.const import DEFINITION, DEVICE
from integrations.modbus.park import park_of
from integrations.modbus.polling.device import Device
from integrations.modbus.running import Running

_THING: Final = "the device"
_FIRST_SECONDS: Final = 15.0
"""How long an apply waits for the first answer before it says that there is none."""


@dataclass(frozen=True, slots=True)
class Observed:
    """The device that runs, if one does, and which text of its definition is the newest."""

    running: Running | None = None
    definition: str = ""
    known: bool = False


class Devices(Controller[Observed]):
    """Starts, changes and stops devices; who does not answer stays and is asked again."""

    def __init__(self, hub: Hub) -> None:
        """Begin with nothing running."""
        super().__init__(hub)
        self.park = park_of(hub)
        self.running: dict[str, Running] = {}
        self._undo: list[Callable[[], None]] = []
        self._busy: dict[str, asyncio.Lock] = {}

    async def start(self) -> None:
        """Follow the definitions: a device changes with the map it is made of."""
        self._undo = [self.hub.resources.listen(self._definition_changed, DEFINITION)]

    async def stop(self) -> None:
        """Stop every device; the registries keep its entities."""
        for undo in self._undo:
            undo()
        running = list(self.running.values())
        self.running.clear()
        self.park.devices.clear()
        await asyncio.gather(*(item.stop() for item in running))

    async def observe(self, desired: Desired) -> Observed:
        """Look into this process."""
        running = self.running.get(desired.key)
        known = running is not None or Running.owned(self.hub, desired.key).is_known
        definition = "" if desired.deleting else self._mark(desired.spec)
        return Observed(running, definition, known)

    def plan(self, desired: Desired, observed: Observed) -> Sequence[Step]:
        """Compare; raises `Unavailable` when all is as it should be but it does not answer."""
        running = observed.running
        wanted = None if desired.deleting else {**desired.spec, "definition": observed.definition}
        parts = None if running is None else running.parts
        found = plan.steps(wanted, parts, _THING, known=observed.known)
        if not found and running is not None and (why := _trouble(running.device)) is not None:
            raise Unavailable(why)
        return found

    async def apply(self, desired: Desired, step: Step, progress: Progress) -> None:
        """Do one step; raises `Unavailable` while the link does not run."""
        key = desired.key
        async with self._lock(key):
            running = self.running.get(key)
            if step.action == plan.STOP:
                await self._remove(key)
            elif running is None:
                await self._start(desired, progress)
            else:
                fields = {
                    **running.spec,
                    step.target: desired.spec.get(step.target),
                }
                spec = {name: value for name, value in fields.items() if value is not None}
                await self.park.wait_for(spec["link"])
                await running.become(spec, self._mark(spec))
                self._shows(running)

    async def prove(self, desired: Desired, progress: Progress) -> None:
        """Wait for the first answer; a device that gives none stays and is asked again."""
        observed = await self.observe(desired)
        running = observed.running
        wanted = None if desired.deleting else {**desired.spec, "definition": observed.definition}
        left = plan.steps(wanted, None if running is None else running.parts, _THING)
        if left:
            raise NotProved(f"still to do after the apply: {left[0].summary}")
        if running is None:
            return
        device = running.device
        await _answered(device)
        why = _trouble(device)
        if why is not None:
            raise Unfinished(f"{why}; it is tried again")
        answers = (
            f"answers: {device.counters.answers} reads" if device.is_read else "is only written"
        )
        registers = len(device.definition.registers)
        progress.log(f"{device.settings.name} {answers}, {registers} registers")

    async def undo(self, desired: Desired, step: Step, progress: Progress) -> None:
        """Nothing here is ever half done: what was cut off is done by the next apply."""
        del desired, step, progress

    def conditions(self, desired: Desired, observed: Observed) -> Sequence[Condition]:
        """Tell whether it answers, and whether it has all registers."""
        del desired
        return () if observed.running is None else tuple(_conditions(observed.running.device))

    def facts(self, desired: Desired, observed: Observed) -> Mapping[str, Any]:
        """Tell what it is and how it fares."""
        del desired
        if observed.running is None:
            return {}
        device = observed.running.device
        counters = device.counters
        return {
            "manufacturer": device.definition.manufacturer,
            "model": device.definition.model or device.definition.name,
            "registers": len(device.definition.registers),
            "entities": len(device.definition.entities),
            "breaker": device.breaker.state.value,
            "requests": counters.requests,
            "timeouts": counters.timeouts,
            "refused": counters.refused,
            "missed_cycles": counters.missed_cycles,
        }

    async def forget(self, key: str) -> None:
        """Stop what still runs, and drop what was learned."""
        async with self._lock(key):
            await self._remove(key)
            await Running.erase(self.hub, key)
        self._busy.pop(key, None)

    # private

    def _lock(self, key: str) -> asyncio.Lock:
        return self._busy.setdefault(key, asyncio.Lock())

    def _mark(self, spec: Mapping[str, Any]) -> str:
        """Return the name of a definition and which text of it: the revision, when it has one."""
        name = spec["definition"]
        resource = self.hub.resources.store.get(f"{DEFINITION}/{name}")
        return name if resource is None else f"{name} (revision {resource.revision})"

    async def _start(self, desired: Desired, progress: Progress) -> None:
        await self.park.wait_for(desired.spec["link"])
        running = Running(self.hub, self.park, desired.key, desired.spec, self._mark(desired.spec))
        try:
            gone = await running.start()
        except BaseException:
            await running.stop()
            raise
        self.running[desired.key] = running
        self._shows(running)
        if gone:
            progress.log(f"Removed what is not defined any more: {', '.join(gone)}")

    def _shows(self, running: Running) -> None:
        """Let others find a device; its link may have got another line while it began."""
        self.park.devices[running.key] = running.device
        self.park.lead(running.spec["link"])

    async def _remove(self, key: str) -> None:
        running = self.running.pop(key, None)
        self.park.devices.pop(key, None)
        if running is not None:
            await running.stop()
        await Running.owned(self.hub, key).sweep()

    def _definition_changed(self, action: str, resource: Resource) -> None:
        if action != "status":
            for user in self.park.users_of(resource.key):
                self.hub.resources.look(DEVICE, user.key)


async def _answered(device: Device) -> None:
    """Wait until the device has answered, or is known not to."""
    told = asyncio.Event()
    unfollow = (device.follow_rounds(told.set), device.follow_health(told.set))
    try:
        async with asyncio.timeout(_FIRST_SECONDS):
            while device.is_read and _trouble(device) is None and not device.counters.cycles:
                told.clear()
                await told.wait()
    except TimeoutError:
        return
    finally:
        for cancel in unfollow:
            cancel()


def _trouble(device: Device) -> str | None:
    """Return why a device does not do what it should; None = it does, or nothing is known yet."""
    counters = device.counters
    if not device.line.connected:
        return device.line.error or "its link is not connected yet"
    if device.breaker.state is not BreakerState.CLOSED:
        return f"it does not answer: {device.breaker.last_error}"
    if counters.cycles and not counters.answers and not counters.refused:
        return f"it does not answer: {device.breaker.last_error or 'no request was sent'}"
    return None


def _conditions(device: Device) -> Iterator[Condition]:
    why = _trouble(device)
    heard = bool(device.counters.answers or device.counters.refused)
    yield Condition(
        "answers", why is None if heard or why else None, "" if why is None else "away", why or ""
    )
    refused = [
        item.key
        for item, reason in zip(device.definition.registers, device.values.reason, strict=True)
        if reason == "illegal_address"
    ]
    message = f"it does not have {', '.join(refused[:10])}" if refused else ""
    yield Condition("complete", not refused, "illegal_address" if refused else "", message)
