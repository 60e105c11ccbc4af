"""Four entities for every resource that a controller looks after; no integration writes them."""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from hub.entities import DeviceInfo, Entity, EntityCategory
from hub.entities.kinds import BinarySensorEntity, ButtonEntity, SensorEntity
from hub.errors import NotFound
from hub.resources.model import Phase, Resource, Status

if TYPE_CHECKING:
    from hub.hub import Hub
    from hub.resources.resources import Resources

PLATFORM: Final = "hub"


class _OfResource(Entity):
    """What the four have in common: the device that stands for the resource."""

    suffix: str
    entity_category = EntityCategory.DIAGNOSTIC

    def __init__(self, resources: "Resources", resource: Resource) -> None:
        """Stand for one resource."""
        self.resources = resources
        self.type = resource.type
        self.key = resource.key
        self.unique_id = f"{resource.id}:{self.suffix}"
        self.suggested_object_id = f"{resource.type} {resource.key} {self.suffix}".replace(".", " ")
        try:
            model = resources.types.get(resource.type).title or resource.type
        except NotFound:
            model = resource.type
        self.device = DeviceInfo(
            identifiers=frozenset({("resource", resource.id)}),
            name=resources.title(resource),
            model=model,
            entry_type="service",
        )

    @property
    def status(self) -> Status:
        """Return what was observed last."""
        return self.resources.status(self.type, self.key)


class PhaseSensor(_OfResource, SensorEntity):
    """How far the world is from what is desired."""

    suffix = "phase"
    name = "Phase"
    device_class = "enum"
    options = tuple(phase.value for phase in Phase)

    @property
    def native_value(self) -> str:
        """Return the phase's word."""
        return self.status.phase.value

    @property
    def extra_attributes(self) -> Mapping[str, Any]:
        """Return why, and which revision is live."""
        status = self.status
        return {
            "message": status.message,
            "observed_revision": status.observed_revision,
            "outcome": status.outcome,
        }


class DriftSensor(_OfResource, BinarySensorEntity):
    """On when the outside was changed behind the hub's back."""

    suffix = "drift"
    name = "Drift"
    device_class = "problem"

    @property
    def is_on(self) -> bool | None:
        """Tell whether something differs; None while nobody could look."""
        status = self.status
        if status.phase in {Phase.UNKNOWN, Phase.PENDING}:
            return None
        return bool(status.drift)

    @property
    def extra_attributes(self) -> Mapping[str, Any]:
        """Return what would have to be done."""
        return {"steps": [step.summary for step in self.status.drift[:10]]}


class ApplyButton(_OfResource, ButtonEntity):
    """Try again now, instead of when the waiting time is over."""

    suffix = "apply"
    name = "Apply"
    entity_category = EntityCategory.CONFIG
    repair = False

    async def press(self) -> None:
        """Look, and do what is left of the present revision."""
        await self.resources.apply(self.type, self.key, self._context, repair=self.repair)


class RepairButton(ApplyButton):
    """Make the outside what it should be, whatever the drift policy says."""

    suffix = "repair"
    name = "Repair"
    repair = True


KINDS: Final[tuple[type[_OfResource], ...]] = (PhaseSensor, DriftSensor, ApplyButton, RepairButton)


class ResourceEntities:
    """Adds and removes the four as resources come and go."""

    def __init__(self, hub: "Hub", resources: "Resources") -> None:
        """Follow `resources`."""
        self._hub = hub
        self._resources = resources
        self._entities: dict[str, list[_OfResource]] = {}
        self._lock = asyncio.Lock()

    async def start(self) -> None:
        """Add the entities of every resource, and follow changes from now on."""
        self._resources.listen(self._changed)
        wanted = [item for item in self._resources.list() if self._wanted(item)]
        await self._add(*wanted)

    def _wanted(self, resource: Resource) -> bool:
        try:
            kind = self._resources.types.get(resource.type)
        except NotFound:
            return False
        return kind.entities and kind.controller is not None

    def _changed(self, action: str, resource: Resource) -> None:
        """Add, remove or write."""
        if action == "removed":
            self._hub.tasks.spawn(self._remove(resource), f"remove entities of {resource.id}")
        elif resource.id in self._entities:
            for entity in self._entities[resource.id]:
                entity.write()
        elif action == "added" and self._wanted(resource):
            self._hub.tasks.spawn(self._add(resource), f"add entities of {resource.id}")

    async def _add(self, *resources: Resource) -> None:
        async with self._lock:
            fresh: list[_OfResource] = []
            for resource in resources:
                if resource.id not in self._entities:
                    made: list[_OfResource] = [kind(self._resources, resource) for kind in KINDS]
                    self._entities[resource.id] = made
                    fresh += made
            await self._hub.entities.add(PLATFORM, fresh)

    async def _remove(self, resource: Resource) -> None:
        async with self._lock:
            entities = self._entities.pop(resource.id, [])
            device_id = None
            for entity in entities:
                entry = entity.entry
                device_id = entry.device_id
                await self._hub.entities.remove(entry.entity_id)
                self._hub.entity_registry.remove(entry.entity_id)
            if device_id is not None:
                self._hub.devices.remove(device_id)
