"""Keeps every `neasmart.installation` running in this process as its resource says."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from hub.sdk import (
    Condition,
    Controller,
    Desired,
    Hub,
    NotAllowed,
    NotProved,
    Owned,
    Progress,
    Step,
    Unavailable,
)
from integrations.neasmart import plan
from integrations.neasmart.const import DOMAIN
from integrations.neasmart.entity import timestamp
from integrations.neasmart.models import Parts, options, owns
from integrations.neasmart.resources import TYPE
from integrations.neasmart.running import Running
from integrations.neasmart.services import register


@dataclass(frozen=True, slots=True)
class Observed:
    """What a look found: what the installation was told when it runs, and how its line fares."""

    parts: Parts | None = None
    known: bool = False
    """Whether the hub has devices of it."""
    running: Running | None = None


class Installations(Controller[Observed]):
    """Starts, changes and stops installations; what runs is what was asked for last."""

    def __init__(self, hub: Hub) -> None:
        """Begin with nothing running."""
        super().__init__(hub)
        self.running: dict[str, Running] = {}
        self._busy: dict[str, asyncio.Lock] = {}

    async def start(self) -> None:
        """Offer the services."""
        self._unregister = register(self.hub, self.running)

    async def stop(self) -> None:
        """Stop every installation; the registries keep its entities."""
        self._unregister()
        running = list(self.running.values())
        self.running.clear()
        await asyncio.gather(*(item.stop() for item in running))
        await self.hub.entities.remove_platform(DOMAIN)

    async def observe(self, desired: Desired) -> Observed:
        """Look into this process; raises `NotAllowed` when another installation has the line."""
        if not desired.deleting:
            self._refuse_rivals(desired)
        running = self.running.get(desired.key)
        if running is not None:
            return Observed(running.parts, known=True, running=running)
        return Observed(known=self._owned(desired.key).is_known)

    def plan(self, desired: Desired, observed: Observed) -> Sequence[Step]:
        """Compare; raises `Unavailable` when all is as it should be but the line does not open."""
        steps = plan.steps(_wanted(desired), observed.parts, known=observed.known)
        if not steps and observed.running is not None:
            error = observed.running.installation.server.error
            if error is not None:
                raise Unavailable(error)
        return steps

    async def apply(self, desired: Desired, step: Step, progress: Progress) -> None:
        """Do one step; a line that can not be opened at the start goes on trying."""
        async with self._lock(desired.key):
            match step.action:
                case plan.START:
                    await self._start(desired.key, plan.apart(desired.spec), progress)
                case plan.STOP:
                    await self._remove(desired.key)
                case _:
                    running = self._require(desired.key)
                    await running.become(plan.done(running.parts, step))
        if step.action == plan.RESTART:
            self._wake_others(desired.key)

    async def prove(self, desired: Desired, progress: Progress) -> None:
        """Ask for what is left, and knock at a line that was opened."""
        left = plan.steps(_wanted(desired), (await self.observe(desired)).parts)
        if left:
            raise NotProved(f"still to do after the apply: {left[0].summary}")
        running = self.running.get(desired.key)
        if running is None or running.proved:
            return
        server = running.installation.server
        await server.tried.wait()
        if server.error is not None:
            raise Unavailable(server.error)
        if server.listening:
            try:
                await server.knock()
            except (OSError, TimeoutError) as error:
                place = f"{server.options.host}:{server.port}"
                raise NotProved(f"{place} does not let anybody in: {error}") from error
            progress.log(f"{server.options.host}:{server.port} answers")
        running.proved = True

    async def undo(self, desired: Desired, step: Step, progress: Progress) -> None:
        """Go back to the former settings; an installation that waits for its line stays."""
        async with self._lock(desired.key):
            running = self.running.get(desired.key)
            match step.action:
                case plan.START:
                    if running is not None and running.installation.server.error is not None:
                        progress.log("It stays and goes on trying; its entities say why")
                    elif running is not None:
                        del self.running[desired.key]
                        await running.stop()
                case plan.STOP:
                    if running is None and "parts" in step.data:
                        await self._start(desired.key, step.data["parts"], progress)
                case _:
                    if running is not None:
                        await running.become(plan.undone(running.parts, step))

    def conditions(self, desired: Desired, observed: Observed) -> Sequence[Condition]:
        """Tell whether the line is open, and which bases were heard."""
        del desired
        return () if observed.running is None else tuple(_conditions(observed.running))

    def facts(self, desired: Desired, observed: Observed) -> Mapping[str, Any]:
        """Tell port, version and a few counters."""
        del desired
        if observed.running is None:
            return {}
        server = observed.running.installation.server
        counters = server.counters()
        loaded = self.hub.integrations.get(DOMAIN)
        return {
            "port": server.port if server.listening else None,
            "version": None if loaded is None else loaded.manifest.get("version"),
            "adapters": len(server.peers),
            "frames": counters.frames,
            "damaged_frames": counters.crc_errors,
        }

    async def forget(self, key: str) -> None:
        """Stop what still runs, and drop the stored measurements."""
        async with self._lock(key):
            await self._remove(key)
            await self.hub.documents.delete(DOMAIN, key)
        self._wake_others(key)

    # private

    def _lock(self, key: str) -> asyncio.Lock:
        return self._busy.setdefault(key, asyncio.Lock())

    def _owned(self, key: str) -> Owned:
        return Owned(self.hub, DOMAIN, partial(owns, key))

    def _require(self, key: str) -> Running:
        running = self.running.get(key)
        if running is None:
            raise Unavailable(f"{TYPE}/{key} does not run any more")
        return running

    async def _start(self, key: str, parts: Parts, progress: Progress) -> None:
        if key in self.running:
            return
        running = Running(self.hub, key, parts, partial(self._look, key))
        try:
            gone = await running.start()
        except BaseException:
            await running.stop()
            raise
        self.running[key] = running
        if gone:
            progress.log(f"Removed what is not configured any more: {', '.join(gone)}")
        error = running.installation.server.error
        if error is not None:
            progress.log(error)

    async def _remove(self, key: str) -> None:
        running = self.running.pop(key, None)
        if running is not None:
            await running.remove()
        else:
            await self._owned(key).sweep()

    def _refuse_rivals(self, desired: Desired) -> None:
        """Let one installation have a line: the one that runs there, else the older one."""
        line = options(desired.spec["transport"])
        own = self.running.get(desired.key)
        if own is not None and own.installation.server.options.collides(line):
            return
        for other in self._others(desired.key):
            running = self.running.get(other.key)
            if running is not None:
                taken = running.installation.server.options.collides(line)
            else:
                taken = options(other.spec["transport"]).collides(line) and self._is_older(
                    other.created_at, desired.key
                )
            if taken:
                place = plan.where(desired.spec["transport"])
                raise NotAllowed(f"transport: {place} belongs to {other.id}, choose another place")

    def _is_older(self, created_at: float, key: str) -> bool:
        present = next((item for item in self.hub.resources.list(TYPE) if item.key == key), None)
        return present is None or created_at < present.created_at

    def _others(self, key: str) -> Iterator[Any]:
        for resource in self.hub.resources.list(TYPE):
            if resource.key != key and not resource.deleting:
                yield resource

    def _look(self, key: str) -> None:
        """Let the engine see that a line or base has changed."""
        self.hub.resources.look(TYPE, key)

    def _wake_others(self, key: str) -> None:
        """Let those look again that may have waited for a line to become free."""
        for other in self._others(key):
            if self.hub.resources.status(TYPE, other.key).phase != "in_sync":
                self._look(other.key)


def _wanted(desired: Desired) -> Parts | None:
    return None if desired.deleting else plan.apart(desired.spec)


def _conditions(running: Running) -> Iterator[Condition]:
    installation = running.installation
    server, image = installation.server, installation.image
    reason = "" if server.open else "not_open"
    yield Condition("listening", server.open, reason, server.error or "")
    for base in installation.settings.bases:
        groups = [zone.address // 100 for zone in base.zones]
        ages = [age for group in groups if (age := image.age(group)) is not None]
        fresh = any(map(image.fresh, groups))
        reason = "" if fresh else "silent" if ages else "never_heard"
        heard = timestamp(installation.hub.clock.time() - min(ages)) if ages else None
        message = f"last heard {heard}" if heard else ""
        yield Condition(f"base_{base.number}_seen", fresh if ages else None, reason, message)
