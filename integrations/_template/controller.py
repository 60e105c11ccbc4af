"""Makes the hub ask exactly the thermometers that are resources."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.sdk import Controller, Coordinator, Desired, Hub, Progress, Step
from integrations._template import plan
from integrations._template.client import Thermometer
from integrations._template.const import DOMAIN
from integrations._template.models import Reading
from integrations._template.sensor import TemperatureSensor


@dataclass(frozen=True, slots=True)
class Running:
    """A thermometer that is asked: by which spec, by whom, shown by what."""

    spec: Mapping[str, Any]
    coordinator: Coordinator[Reading]
    sensor: TemperatureSensor


class Thermometers(Controller[Mapping[str, Any] | None]):
    """What is observed is the spec that a thermometer runs with; None = it is not asked."""

    def __init__(self, hub: Hub) -> None:
        """Begin with nothing running."""
        super().__init__(hub)
        self._running: dict[str, Running] = {}

    async def stop(self) -> None:
        """Ask nobody any more."""
        await asyncio.gather(*(self._become(key, None) for key in [*self._running]))

    async def observe(self, desired: Desired) -> Mapping[str, Any] | None:
        """Return the spec that runs; a thing outside would be looked at here."""
        running = self._running.get(desired.key)
        return None if running is None else running.spec

    def plan(self, desired: Desired, observed: Mapping[str, Any] | None) -> Sequence[Step]:
        """Compare; see plan.py."""
        return plan.steps(None if desired.deleting else desired.spec, observed)

    async def apply(self, desired: Desired, step: Step, progress: Progress) -> None:
        """Go over to the new spec; raises `Unavailable` when the thermometer does not answer."""
        del progress
        await self._become(desired.key, step.after)

    async def undo(self, desired: Desired, step: Step, progress: Progress) -> None:
        """Go back to the old spec."""
        del progress
        await self._become(desired.key, step.before)

    async def forget(self, key: str) -> None:
        """Remove what the registries know of a thermometer that is gone."""
        await self._become(key, None)
        device = self.hub.devices.by_identifier((DOMAIN, key))
        if device is not None:
            self.hub.devices.remove(device.id)

    async def _become(self, key: str, spec: Mapping[str, Any] | None) -> None:
        before = self._running.get(key)
        if before is not None and before.spec == spec:
            return
        started = None if spec is None else await self._start(key, spec)
        if before is not None:
            del self._running[key]
            await before.coordinator.stop()
            await self.hub.entities.remove(before.sensor.entity_id)
        if started is not None:
            self._running[key] = started
            await self.hub.entities.add(DOMAIN, [started.sensor])

    async def _start(self, key: str, spec: Mapping[str, Any]) -> Running:
        """Ask once before anything is changed, then go on asking."""
        client = Thermometer(spec["host"], spec["port"])
        name = spec.get("name") or key
        coordinator = Coordinator(self.hub, f"thermometer {name}", client.read, spec["interval"])
        await coordinator.start()
        return Running(spec, coordinator, TemperatureSensor(coordinator, key, name))
