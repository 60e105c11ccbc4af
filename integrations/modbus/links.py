"""Keeps every `modbus.link` open as its resource says."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.sdk import (
    Condition,
    Controller,
    Desired,
    Entity,
    Hub,
    NotProved,
    Owned,
    Progress,
    Step,
    Unavailable,
    Unfinished,
)
from integrations.modbus import plan
from integrations.modbus.connection import link_entities
from integrations.modbus.const import DEVICE, DOMAIN, LINK
from integrations.modbus.link import Link
from integrations.modbus.metrics import families
from integrations.modbus.park import park_of
from integrations.modbus.services import register

_THING = "the link"
_FIRST_SECONDS = 15.0
"""How long an apply waits for the first connection before it says that there is none."""


@dataclass(frozen=True, slots=True)
class Observed:
    """The link that runs, if one does."""

    link: Link | None = None
    known: bool = False


class Links(Controller[Observed]):
    """Opens, changes and closes links; what is away is tried again by the link itself."""

    def __init__(self, hub: Hub) -> None:
        """Begin with nothing open."""
        super().__init__(hub)
        self.park = park_of(hub)
        self._entities: dict[str, list[Entity]] = {}
        self._undo: list[Callable[[], None]] = []
        self._busy: dict[str, asyncio.Lock] = {}

    async def start(self) -> None:
        """Offer the services and the metrics."""
        self._undo = [
            register(self.hub, self.park),
            self.hub.metrics.source(lambda: families(self.park)),
        ]

    async def stop(self) -> None:
        """Close every link; the registries keep its entities."""
        for undo in self._undo:
            undo()
        links = list(self.park.links.values())
        await asyncio.gather(*(link.stop() for link in links))
        for link in links:
            await self._silence(link.key)
        self.park.links.clear()

    async def observe(self, desired: Desired) -> Observed:
        """Look into this process."""
        link = self.park.links.get(desired.key)
        if link is not None:
            return Observed(link, known=True)
        return Observed(known=self._owned(desired.key).is_known)

    def plan(self, desired: Desired, observed: Observed) -> Sequence[Step]:
        """Compare; raises `Unavailable` when all is as it should be but the line is not open."""
        link = observed.link
        wanted = None if desired.deleting else desired.spec
        parts = None if link is None else link.parts
        found = plan.steps(wanted, parts, _THING, known=observed.known)
        if not found and link is not None and (why := _trouble(link)) is not None:
            raise Unavailable(why)
        return found

    async def apply(self, desired: Desired, step: Step, progress: Progress) -> None:
        """Do one step."""
        key = desired.key
        async with self._lock(key):
            link = self.park.links.get(key)
            if step.action == plan.STOP:
                await self._remove(key)
            elif link is None:
                await self._start(key, desired.spec)
            else:
                fields = {**link.spec, step.target: desired.spec.get(step.target)}
                spec = {name: value for name, value in fields.items() if value is not None}
                progress.log(step.summary)
                await self._become(link, spec)
        for device in self.hub.resources.used_by(LINK, key):
            self.hub.resources.look(DEVICE, device.partition("/")[2])

    async def prove(self, desired: Desired, progress: Progress) -> None:
        """Wait for the first connection; a link that is away stays and goes on trying."""
        observed = await self.observe(desired)
        link = observed.link
        wanted = None if desired.deleting else desired.spec
        left = plan.steps(wanted, None if link is None else link.parts, _THING)
        if left:
            raise NotProved(f"still to do after the apply: {left[0].summary}")
        if link is None:
            return
        await _connected(link)
        why = _trouble(link)
        if why is not None:
            raise Unfinished(f"{why}; it is tried again")
        progress.log(f"{link.line.options.transport.place} is connected")

    async def undo(self, desired: Desired, step: Step, progress: Progress) -> None:
        """Nothing here is ever half done: what was cut off is done by the next apply."""
        del desired, progress, step

    def conditions(self, desired: Desired, observed: Observed) -> Sequence[Condition]:
        """Tell whether the line and the gateway are open."""
        del desired
        return () if observed.link is None else tuple(_conditions(observed.link))

    def facts(self, desired: Desired, observed: Observed) -> Mapping[str, Any]:
        """Tell place and counters."""
        link = observed.link
        if link is None:
            return {}
        counters = link.line.counters
        found: dict[str, Any] = {
            "place": link.line.options.transport.place,
            "devices": len(list(self.park.on_link(desired.key))),
            "requests": counters.requests,
            "timeouts": counters.timeouts,
            "reconnects": counters.reconnects,
        }
        if link.gateway is not None:
            found |= {"gateway_port": link.gateway.port, "gateway_clients": link.gateway.clients}
        if link.capture is not None:
            found["capture"] = link.capture.path.name
        return found

    async def forget(self, key: str) -> None:
        """Close what is still open."""
        async with self._lock(key):
            await self._remove(key)
        self._busy.pop(key, None)

    # private

    def _lock(self, key: str) -> asyncio.Lock:
        return self._busy.setdefault(key, asyncio.Lock())

    def _owned(self, key: str) -> Owned:
        prefix = f"link:{key}"
        return Owned(self.hub, DOMAIN, lambda name: name == prefix or name.startswith(f"{prefix}|"))

    async def _start(self, key: str, spec: Mapping[str, Any]) -> None:
        link = Link(self.hub, key, spec)
        try:
            await link.start()
        except BaseException:
            await link.stop()
            raise
        self.park.opened(link)
        link.listen(lambda: self.hub.resources.look(LINK, key))
        entities = self._entities[key] = link_entities(link)
        await self.hub.entities.add(DOMAIN, entities)
        await self._owned(key).sweep(entities)

    async def _become(self, link: Link, spec: Mapping[str, Any]) -> None:
        name = link.name
        try:
            await link.become(spec)
        finally:
            self.park.lead(link.key)
        if link.name != name:
            owned = self._owned(link.key)
            for entity, fresh in zip(self._entities[link.key], link_entities(link), strict=True):
                entity.device = fresh.device
                if fresh.device is not None:
                    owned.rename(fresh.device)

    async def _remove(self, key: str) -> None:
        link = self.park.links.pop(key, None)
        if link is not None:
            await link.stop()
        self._entities.pop(key, None)
        await self._owned(key).sweep()

    async def _silence(self, key: str) -> None:
        for entity in self._entities.pop(key, ()):
            await self._owned(key).silence(entity)


async def _connected(link: Link) -> None:
    """Wait until the line has connected or could not."""
    told = asyncio.Event()
    unlisten = link.listen(told.set)
    try:
        async with asyncio.timeout(_FIRST_SECONDS):
            while not link.line.connected and link.line.error is None:
                told.clear()
                await told.wait()
    except TimeoutError:
        return
    finally:
        unlisten()


def _trouble(link: Link) -> str | None:
    """Return why a link does not do what it should, None = it does."""
    if not link.line.connected:
        return f"{link.line.options.transport.place}: {link.line.error or 'not connected yet'}"
    if link.gateway is not None and link.gateway.error is not None:
        return f"gateway: {link.gateway.error}"
    return None


def _conditions(link: Link) -> Iterator[Condition]:
    line = link.line
    reason = "" if line.connected else "link_down"
    yield Condition("connected", line.connected, reason, line.error or "")
    if link.gateway is not None:
        error = link.gateway.error
        yield Condition("gateway", error is None, "" if error is None else "not_open", error or "")
