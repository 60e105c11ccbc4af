"""All template entities of a hub, kept equal to their resources."""

import asyncio
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import voluptuous as vol

from hub.automation.templated.kinds import KINDS
from hub.automation.templated.triggered import Triggered
from hub.automation.templated.validation import Section, section
from hub.errors import HubError
from hub.schema import explain

if TYPE_CHECKING:
    from collections.abc import Callable

    from hub.automation.templated.entity import TemplatedEntity
    from hub.hub import Hub
    from hub.resources import Resource
    from hub.services import ServiceCall

_LOGGER = logging.getLogger("hub.template")

TYPE: Final = "hub.template"
PLATFORM: Final = "template"


@dataclass(slots=True)
class _Loaded:
    """What one resource made."""

    section: Section
    owner: str | None
    entities: list["TemplatedEntity"] = field(default_factory=list)
    triggered: Triggered | None = None


class Templated:
    """Gives every entity of the resources of `hub.template` its place in the house."""

    def __init__(self, hub: "Hub") -> None:
        """Wait for `start`."""
        self._hub = hub
        self._loaded: dict[str, _Loaded] = {}
        self._waiting: set[str] = set()
        self._loading = asyncio.Lock()
        self._stops: list[Callable[[], object]] = []

    async def start(self) -> None:
        """Add the entities and follow the resources."""
        hub = self._hub
        self._stops.append(hub.resources.listen(self._changed, TYPE))
        hub.services.register(PLATFORM, "reload", self._reload, admin=True)
        await self._load(sorted(item.id for item in hub.resources.list(TYPE)))

    async def stop(self) -> None:
        """Follow nothing any more; the entities go with the house."""
        for stop in self._stops:
            stop()
        self._stops.clear()
        for loaded in self._loaded.values():
            if loaded.triggered is not None:
                loaded.triggered.stop()
            for entity in loaded.entities:
                await entity.removed()
        self._loaded.clear()

    async def settle(self) -> None:
        """Wait until what was written to resources so far is shown."""
        while self._waiting or self._loading.locked():
            await self._flush()

    def _changed(self, action: str, resource: "Resource") -> None:
        if action == "status":
            return
        if not self._waiting:
            self._hub.tasks.spawn(self._flush(), "reload template entities")
        self._waiting.add(resource.id)

    async def _flush(self) -> None:
        await asyncio.sleep(0)  # what changes in one go is loaded in one go
        waiting, self._waiting = sorted(self._waiting), set()
        await self._load(waiting)
        if waiting:
            self._hub.bus.fire("event_template_reloaded")

    async def _load(self, ids: list[str]) -> None:
        """Bring the entities of some resources up to date."""
        hub = self._hub
        async with self._loading:
            found = {item.id: item for item in hub.resources.list(TYPE)}
            owners = await hub.resources.authors(TYPE) if ids else {}
            for resource_id in ids:
                resource = found.get(resource_id)
                if resource is None:
                    await self._drop(resource_id)
                    continue
                try:
                    await self._put(resource, owners.get(resource_id))
                except (vol.Invalid, HubError) as error:
                    words = explain(error) if isinstance(error, vol.Invalid) else error.message
                    _LOGGER.error("%s can not be loaded: %s", resource_id, words)  # noqa: TRY400
                    await self._drop(resource_id)

    async def _put(self, resource: "Resource", owner: str | None) -> None:
        """Add what is new, take away what is gone, keep what is as it was."""
        wanted = section(resource.spec, resource.key)
        old = self._loaded.get(resource.id)
        if old is not None and old.section == wanted and old.owner == owner:
            return
        kept: dict[tuple[str, str], TemplatedEntity] = {}
        if old is not None:
            kept = await self._part(old, wanted, owner)
        loaded = self._loaded[resource.id] = _Loaded(wanted, owner)
        hub, reader = self._hub, self._hub.automations.reader(owner)
        added = []
        for definition in wanted.entities:
            entity = kept.get((definition.kind, definition.unique_id))
            if entity is None:
                entity = KINDS[definition.kind](
                    hub,
                    definition,
                    wanted.variables,
                    owner,
                    reader,
                    triggered=bool(wanted.triggers),
                )
                added.append(entity)
            loaded.entities.append(entity)
        await hub.entities.add(PLATFORM, added)
        if wanted.triggers:
            loaded.triggered = Triggered(hub, resource.key, wanted, loaded.entities, owner, reader)
            loaded.triggered.start()

    async def _part(
        self, old: _Loaded, wanted: Section, owner: str | None
    ) -> "dict[tuple[str, str], TemplatedEntity]":
        """End what changed and return the entities that stay."""
        if old.triggered is not None:
            old.triggered.stop()
        same = old.owner == owner and old.section.variables == wanted.variables
        same = same and bool(old.section.triggers) == bool(wanted.triggers)
        staying = {}
        for entity in old.entities:
            if same and entity.definition in wanted.entities and self._lives(entity):
                staying[entity.kind, entity.unique_id] = entity
            else:
                await self._leave(entity)
        return staying

    async def _drop(self, resource_id: str) -> None:
        loaded = self._loaded.pop(resource_id, None)
        if loaded is None:
            return
        if loaded.triggered is not None:
            loaded.triggered.stop()
        for entity in loaded.entities:
            await self._leave(entity)

    async def _leave(self, entity: "TemplatedEntity") -> None:
        if self._lives(entity):
            await self._hub.entities.remove(entity.entity_id)
        else:
            await entity.removed()

    def _lives(self, entity: "TemplatedEntity") -> bool:
        """Tell whether an entity has a place; one that a user disabled has none."""
        return entity.place is not None and self._hub.entities.get(entity.place) is entity

    async def _reload(self, call: "ServiceCall") -> None:
        """Read the files again."""
        del call
        if self._hub.resources.files is not None:
            await self._hub.resources.files.apply()
        await self.settle()
