"""A started installation with its entities, changed part by part while the line stays open."""

from collections.abc import Callable
from functools import partial
from typing import Any

from hub.sdk import DeviceInfo, Entity, Hub, Owned
from integrations.neasmart import sensor
from integrations.neasmart.binary_sensor import Reporting
from integrations.neasmart.climate import ZoneClimate
from integrations.neasmart.const import DOMAIN
from integrations.neasmart.coordinator import Installation
from integrations.neasmart.entity import base_device, line_device, zone_device
from integrations.neasmart.models import Parts, Settings, options, owns
from integrations.neasmart.parts import LINE, base_of, entities, zone_of
from integrations.neasmart.plan import is_thing


class Running:
    """What lives in this process for one resource."""

    def __init__(self, hub: Hub, key: str, parts: Parts, tell: Callable[[], None]) -> None:
        """Prepare what `parts` describe; `tell` is called when the line or a base changes."""
        self.hub = hub
        self.key = key
        self.parts = dict(parts)
        self.proved = False
        """Whether the line was seen to work since it was opened."""
        self.installation = Installation(hub, Settings.of(key, parts))
        self.installation.on_health = tell
        self._owned = Owned(hub, DOMAIN, partial(owns, key))
        self._entities: dict[str, list[Entity]] = {}

    async def start(self) -> list[str]:
        """Open the line and add the entities; a line that can not be opened is tried again.

        Returns the names of what the registries still had and nobody configures any more.
        """
        await self.installation.start()
        names = [LINE, *(part for part in self.parts if is_thing(part))]
        for part in sorted(names, key=_order):
            self._entities[part] = entities(self.installation, part)
        await self.hub.entities.add(DOMAIN, self._all())
        return await self._owned.sweep(self._all())

    async def stop(self) -> None:
        """Close the line and take the entities out of the house; the registries keep them."""
        await self.installation.stop()
        for entity in self._all():
            await self._owned.silence(entity)
        self._entities.clear()

    async def remove(self) -> None:
        """Close the line; entities and devices go for good."""
        await self.stop()
        await self._owned.sweep()

    async def become(self, parts: Parts) -> None:
        """Change what differs; raises `Unavailable` when another line can not be opened.

        Then nothing has changed. The line stays open unless the transport is another one.
        """
        installation, before = self.installation, self.parts
        if parts["transport"] != before["transport"]:
            await installation.move(options(parts["transport"]))
            self.proved = False
        installation.adopt(Settings.of(self.key, parts))
        self.parts = dict(parts)
        if parts["name"] != before["name"]:
            self._tell(line_device(installation))
        await self._follow(before, parts)
        for base in installation.settings.bases:
            for entity in self._entities[f"base {base.number}"]:
                if isinstance(entity, Reporting):
                    entity.listen_to(base)

    async def _follow(self, before: Parts, after: Parts) -> None:
        """Let entities and devices come, go and change with the parts they stand for."""
        things = sorted((part for part in {**before, **after} if is_thing(part)), key=_order)
        for part in reversed(things):
            if part not in after:
                await self._remove(part)
        for part in things:
            if part not in before:
                self._entities[part] = entities(self.installation, part)
                await self.hub.entities.add(DOMAIN, self._entities[part])
            elif part in after and after[part] != before[part]:
                await self._change(part, before[part], after[part])

    async def _change(self, part: str, before: Any, after: Any) -> None:
        """Rename, move or complete a base or zone."""
        settings = self.installation.settings
        if part.startswith("base "):
            self._tell(base_device(self.installation, base_of(settings, part)), part)
            return
        zone = zone_of(settings, part)
        device = zone_device(self.installation, zone)
        if before["name"] != after["name"]:
            self._tell(device, part)
        if before["area"] != after["area"] and zone.area is not None:
            self._move(device, before["area"] or before["name"], zone.area)
        if before["humidity"] != after["humidity"]:
            await self._measure_humidity(part)

    async def _measure_humidity(self, part: str) -> None:
        zone = zone_of(self.installation.settings, part)
        present = self._entities[part]
        for entity in present:
            if isinstance(entity, ZoneClimate):
                entity.measure(zone)
        fresh = sensor.humidity(self.installation, zone)
        if zone.humidity:
            present.append(fresh)
            await self.hub.entities.add(DOMAIN, [fresh])
        else:
            for entity in [item for item in present if item.unique_id == fresh.unique_id]:
                present.remove(entity)
                await self._owned.forget(entity)

    def _tell(self, device: DeviceInfo, part: str = LINE) -> None:
        """Give a device its new name; the names of its entities follow."""
        for entity in self._entities[part]:
            entity.device = device
        self._owned.rename(device)

    def _move(self, device: DeviceInfo, old: str, new: str) -> None:
        """Put a device into another area, unless a person has put it somewhere else."""
        hub = self.hub
        (identifier,) = device.identifiers
        entry, area = hub.devices.by_identifier(identifier), hub.areas.by_name(old)
        if entry is not None and entry.area_id == (None if area is None else area.area_id):
            target = hub.areas.by_name(new) or hub.areas.create(new)
            hub.devices.update(entry.id, area_id=target.area_id)

    async def _remove(self, part: str) -> None:
        """Take a part's entities out of house and registries; its device too, if it has one."""
        gone = self._entities.pop(part)
        for entity in gone:
            await self._owned.forget(entity)
        if part.startswith(("base ", "zone ")):
            self._owned.drop(self._owned.devices_of(gone))

    def _all(self) -> list[Entity]:
        return [entity for group in self._entities.values() for entity in group]


def _order(part: str) -> int:
    """Order the line before its bases, and bases before what hangs on them."""
    return 0 if part == LINE else 1 if part.startswith("base ") else 2
