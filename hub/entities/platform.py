"""The index of all entities: adding, removing, following the registries, calling methods."""

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from hub.const import (
    EVENT_COMPONENT_LOADED,
    EVENT_DEVICE_REGISTRY_UPDATED,
    EVENT_ENTITY_REGISTRY_UPDATED,
)
from hub.entities.entity import Entity
from hub.entities.service import EntityService
from hub.entities.targets import resolve
from hub.errors import NotSupported, Unavailable
from hub.services import Description, Response, ServiceCall

if TYPE_CHECKING:
    from hub.events import Event
    from hub.hub import Hub
    from hub.registry import EntityEntry

_LOGGER = logging.getLogger(__name__)


class EntityIndex:
    """Every living entity by id, and the services of their kinds."""

    def __init__(self) -> None:
        """Wait for `start`, which needs the hub."""
        self._hub: Hub | None = None
        self._entities: dict[str, Entity] = {}
        self._disabled: dict[str, Entity] = {}
        self._platforms: dict[str, set[str]] = {}
        self._kinds: set[str] = set()
        self._limits: dict[tuple[str, int], asyncio.Semaphore] = {}

    def start(self, hub: "Hub") -> None:
        """Follow the registries of `hub` from now on."""
        self._hub = hub
        hub.bus.listen(EVENT_ENTITY_REGISTRY_UPDATED, self._entity_updated)
        hub.bus.listen(EVENT_DEVICE_REGISTRY_UPDATED, self._device_updated)

    @property
    def hub(self) -> "Hub":
        """Return the hub; raises `RuntimeError` before `start`."""
        if self._hub is None:
            raise RuntimeError("the entity index has not been started")
        return self._hub

    def __len__(self) -> int:
        """Return how many entities live."""
        return len(self._entities)

    def get(self, entity_id: str) -> Entity | None:
        """Return the entity with this id."""
        return self._entities.get(entity_id)

    def all(self) -> list[Entity]:
        """Return every living entity."""
        return list(self._entities.values())

    def kinds(self) -> list[str]:
        """Return the kinds that have been used."""
        return sorted(self._kinds)

    def components(self) -> set[str]:
        """Return kinds, platforms and `kind.platform` pairs, as `get_config.components` wants."""
        found = set(self._kinds) | set(self._platforms)
        for platform, unique in self._platforms.items():
            found |= {f"{entity_id.partition('.')[0]}.{platform}" for entity_id in unique}
        return found

    async def add(self, platform: str, entities: Iterable[Entity]) -> None:
        """Register entities of an integration, persist their ids, then publish them.

        An entity that can not be added (no unique id, used twice) is left out with a log line.
        """
        taken: set[str] = set()
        prepared = [entity for entity in entities if self._prepare(platform, entity, taken)]
        await self.hub.entity_registry.flush()
        for entity in prepared:
            entry = entity.entry
            if entry.disabled_by is not None:
                self._disabled[entry.id] = entity
            else:
                await self._activate(entity)

    async def remove(self, entity_id: str) -> None:
        """Take an entity out of the house; its registry entry stays."""
        entity = self._entities.pop(entity_id, None)
        if entity is None:
            return
        self._platforms.get(entity.entry.platform, set()).discard(entity_id)
        try:
            await entity.removed()
        except Exception:
            _LOGGER.exception("%r failed while it was removed", entity)
        entity.detach()
        self.hub.states.remove(entity_id)

    async def remove_platform(self, platform: str) -> None:
        """Take all entities of an integration out of the house."""
        for entity_id in list(self._platforms.get(platform, ())):
            await self.remove(entity_id)
        self._disabled = {
            key: entity
            for key, entity in self._disabled.items()
            if entity.entry.platform != platform
        }
        self._platforms.pop(platform, None)

    def renew(self, entity: Entity) -> None:
        """Tell the registry what an entity says of itself now; publish that while it lives."""
        entity.attach(self.hub, self._register(entity.entry.platform, entity))
        if self._entities.get(entity.entity_id) is entity:
            entity.write()

    def load_kind(self, entity: type[Entity]) -> None:
        """Register the services of a kind; done by its first entity where nobody did before."""
        kind = entity.kind
        if kind in self._kinds:
            return
        self._kinds.add(kind)
        for service in entity.SERVICES:
            features = {"supported_features": [service.features]} if service.features else {}
            self.hub.services.register(
                kind,
                service.name,
                partial(self._call, service),
                schema=service.voluptuous(),
                description=Description(
                    service.title,
                    service.description,
                    service.fields,
                    {"entity": [{"domain": [kind], **features}]},
                ),
                response=service.response,
                needs_target=True,
            )
        self.hub.bus.fire(EVENT_COMPONENT_LOADED, {"component": kind})

    def _prepare(self, platform: str, entity: Entity, taken: set[str]) -> bool:
        """Give the entity its registry entry and its kind its services; note its id as taken."""
        hub = self.hub
        try:
            entry = self._register(platform, entity)
        except (AttributeError, ValueError) as error:
            _LOGGER.error("%r of %s was left out: %s", entity, platform, error)  # noqa: TRY400
            return False
        if entry.entity_id in self._entities or entry.entity_id in taken:
            _LOGGER.error(
                "%r of %s was left out: unique id %s is in use", entity, platform, entity.unique_id
            )
            return False
        taken.add(entry.entity_id)
        entity.attach(hub, entry)
        self.load_kind(type(entity))
        return True

    def _register(self, platform: str, entity: Entity) -> "EntityEntry":
        """Find or make the device and the registry entry."""
        hub = self.hub
        device = None
        if (info := entity.device) is not None:
            device = hub.devices.get_or_create(
                platform=platform,
                identifiers=set(info.identifiers),
                name=info.name,
                manufacturer=info.manufacturer,
                model=info.model,
                sw_version=info.sw_version,
                hw_version=info.hw_version,
                serial_number=info.serial_number,
                suggested_area=info.suggested_area,
                via_device=info.via_device,
                configuration_url=info.configuration_url,
                entry_type=info.entry_type,
            )
        suggested = entity.suggested_object_id
        if suggested is None:
            words = [device.name_by_user or device.name or ""] if device is not None else []
            words += [entity.name] if entity.name is not None else []
            suggested = " ".join(word for word in words if word) or entity.unique_id
        return hub.entity_registry.get_or_create(
            entity.kind,
            platform,
            entity.unique_id,
            suggested_object_id=suggested,
            device_id=None if device is None else device.id,
            original_name=entity.name,
            has_entity_name=entity.has_entity_name,
            original_icon=entity.icon,
            original_device_class=entity.device_class,
            unit_of_measurement=entity.unit,
            entity_category=entity.entity_category,
            translation_key=entity.translation_key,
            capabilities=dict(entity.capability_attributes),
            supported_features=entity.supported_features,
            options=entity.registry_options,
            disabled_by=None if entity.enabled_default else "integration",
        )

    async def _activate(self, entity: Entity) -> None:
        """Let an entity live and publish its first state."""
        entry = entity.entry
        self._entities[entry.entity_id] = entity
        self._platforms.setdefault(entry.platform, set()).add(entry.entity_id)
        try:
            await entity.added()
            entity.write()
        except Exception:
            _LOGGER.exception("%r failed while it was added", entity)

    # --- service calls

    def _call(
        self, service: EntityService, call: ServiceCall
    ) -> Awaitable[dict[str, Any] | None] | dict[str, Any] | None:
        """Call the method of every targeted entity; finished at once when none of them waits."""
        target = call.target
        if len(target.entity_ids) == 1 and not (target.device_ids or target.area_ids):
            entity = self._entities.get(target.entity_ids[0])
            entities = [entity] if entity is not None and entity.kind == call.domain else []
        else:
            entities = self._targeted(call)
        ready = [entity for entity in entities if entity.takes_calls]
        if entities and not ready:
            raise _unavailable(entities[0])
        responses: dict[str, Any] = {}
        waiting: list[tuple[Entity, Awaitable[Any]]] = []
        for entity in ready:
            if service.features & ~entity.supported_features:
                raise NotSupported(
                    f"{entity.entity_id} does not support {call.domain}.{call.service}"
                )
        for entity in ready:
            entity.caused_by(call.context)
            result = getattr(entity, service.method)(**call.data)
            if result is not None and inspect.isawaitable(result):
                waiting.append((entity, result))
            elif service.response is not Response.NONE:
                responses[entity.entity_id] = result
        if waiting:
            return self._finish(service, waiting, responses)
        return responses if service.response is not Response.NONE else None

    def _targeted(self, call: ServiceCall) -> list[Entity]:
        """Return the living entities of the call's kind; a missing one is one log line."""
        found = []
        wanted = resolve(self.hub, call.target, call.domain)
        for entity_id in self.hub.services.controllable(wanted, call.context):
            entity = self._entities.get(entity_id)
            if entity is not None and entity.kind == call.domain:
                found.append(entity)
            elif entity_id in call.target.entity_ids:
                _LOGGER.info("%s.%s: no entity %s", call.domain, call.service, entity_id)
        return found

    async def _finish(
        self,
        service: EntityService,
        waiting: list[tuple[Entity, Awaitable[Any]]],
        responses: dict[str, Any],
    ) -> dict[str, Any] | None:
        """Wait for the methods that wait; the first failure is the call's, after all ended."""
        results = await asyncio.gather(
            *(self._limited(entity, result) for entity, result in waiting), return_exceptions=True
        )
        for (entity, _), result in zip(waiting, results, strict=True):
            if isinstance(result, BaseException):
                raise result
            responses[entity.entity_id] = result
        return responses if service.response is not Response.NONE else None

    async def _limited(self, entity: Entity, result: Awaitable[Any]) -> Any:
        """Keep to the platform's number of calls at once."""
        limit = entity.parallel_calls
        if not limit:
            return await result
        key = (entity.entry.platform, limit)
        if (semaphore := self._limits.get(key)) is None:
            semaphore = self._limits[key] = asyncio.Semaphore(limit)
        async with semaphore:
            return await result

    # --- registries

    def _entity_updated(self, event: "Event") -> None:
        """Follow a rename, a new name, and being disabled or enabled."""
        data = event.data
        new_id = data["entity_id"]
        old_id = data.get("old_entity_id", new_id)
        entity = self._entities.get(old_id)
        if data["action"] == "remove":
            if entity is not None:
                self.hub.tasks.spawn(self.remove(old_id), f"remove {old_id}")
            return
        entry = self.hub.entity_registry.get(new_id)
        if entry is None:
            return
        if entity is None:
            self._maybe_enable(entry)
        elif entry.disabled_by is not None:
            self._disabled[entry.id] = entity
            self.hub.tasks.spawn(self._disable(old_id, entity, entry), f"disable {old_id}")
        else:
            if new_id != old_id:
                self._rename(entity, old_id, new_id)
            entity.attach(self.hub, entry)
            entity.write()

    def _maybe_enable(self, entry: "EntityEntry") -> None:
        entity = self._disabled.get(entry.id)
        if entity is None:
            return
        entity.attach(self.hub, entry)
        if entry.disabled_by is None:
            del self._disabled[entry.id]
            self.hub.tasks.spawn(self._activate(entity), f"enable {entry.entity_id}")

    async def _disable(self, entity_id: str, entity: Entity, entry: "EntityEntry") -> None:
        await self.remove(entity_id)
        entity.attach(self.hub, entry)

    def _rename(self, entity: Entity, old_id: str, new_id: str) -> None:
        del self._entities[old_id]
        self._entities[new_id] = entity
        ids = self._platforms.setdefault(entity.entry.platform, set())
        ids.discard(old_id)
        ids.add(new_id)
        self.hub.states.remove(old_id)

    def _device_updated(self, event: "Event") -> None:
        """Give a renamed device's entities their new friendly names."""
        if event.data["action"] != "update":
            return
        for entry in self.hub.entity_registry.by_device(event.data["device_id"]):
            entity = self._entities.get(entry.entity_id)
            if entity is not None:
                entity.attach(self.hub, entry)
                entity.write()


def _unavailable(entity: Entity) -> Unavailable:
    reason = entity.unavailable_reason
    why = "" if reason is None else f": {reason}"
    return Unavailable(f"{entity.entity_id} is unavailable{why}")
