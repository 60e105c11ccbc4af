"""Automations and scripts of a hub: kept equal to their resources, shown as entities."""

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from hub.automation.automation import Automation
from hub.automation.automations import AUTOMATION, SCRIPT, Automations
from hub.automation.entities import AutomationEntity, ScriptEntity
from hub.automation.sun import Sun
from hub.automation.templated import Templated
from hub.errors import HubError
from hub.observe.health import Level

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hub.automation.automations import Item, Items
    from hub.entities import Entity
    from hub.hub import Hub
    from hub.resources import Resource
    from hub.services import ServiceCall
    from hub.templates import Reader

_LOGGER = logging.getLogger(__name__)

_NAMESPACE: Final = "automation"
_SWITCHES: Final = "switches"
SAVE_SECONDS: Final = 1.0
"""How long switches that were just moved wait to be written."""


class HouseAutomations(Automations):
    """Follows the resources of automations and scripts from `start` to `stop`."""

    def __init__(self, hub: "Hub") -> None:
        """Wait for `start`."""
        super().__init__(hub)
        self.hub = hub
        self.stage = _Entities(hub, self._switched)
        self.reader = self._reader
        self._revisions: dict[str, int] = {}
        self._waiting: set[str] = set()
        self._loading = asyncio.Lock()
        self._switches: dict[str, dict[str, bool]] = {}
        self._saving: Callable[[], None] | None = None
        self._stops: list[Callable[[], object]] = []
        self.templated = Templated(hub)

    async def start(self) -> None:
        """Add the entities, attach the triggers, follow the resources."""
        hub = self.hub
        self._switches = await hub.documents.load(_NAMESPACE, _SWITCHES) or {}
        sun = Sun(hub)
        sun.start()
        self._stops.append(sun.stop)
        for kind in (AUTOMATION, SCRIPT):
            self._stops.append(hub.resources.listen(self._changed, kind))
            hub.services.register(kind.partition(".")[2], "reload", self._reload, admin=True)
        hub.health.check("automations", self.health)
        await self.templated.start()
        await self._load([item.id for item in self._resources()])

    async def stop(self) -> None:
        """Detach triggers, end what runs, write what waits."""
        for stop in self._stops:
            stop()
        for item in self.list():
            item.retire()
        await self.templated.stop()
        if self._saving is not None:
            self._saving()
            await self._save()

    async def settle(self) -> None:
        """Wait until what was written to resources so far runs."""
        while self._waiting or self._loading.locked():
            await self._flush()

    def again(self, names: "Iterable[str]") -> None:
        """Load resources anew that did not change themselves: a blueprint of theirs did."""
        for name in names:
            self._revisions.pop(name, None)
            self._soon(name)

    def health(self) -> tuple[Level, str | None] | None:
        """Say what could not be loaded or was stopped; None = there are none."""
        for resource_id, problem in self.problems.items():
            return Level.DEGRADED, f"{resource_id}: {problem}"
        for item in self.list():
            if item.problem is not None:
                return Level.DEGRADED, f"{item.entity_id}: {item.problem}"
        return (Level.OK, None) if self._items else None

    def _resources(self) -> "list[Resource]":
        return [*self.hub.resources.list(AUTOMATION), *self.hub.resources.list(SCRIPT)]

    def _changed(self, action: str, resource: "Resource") -> None:
        if action == "status" or (
            action != "removed" and self._revisions.get(resource.id) == resource.revision
        ):
            return
        self._soon(resource.id)

    def _soon(self, name: str) -> None:
        if not self._waiting:
            self.hub.tasks.spawn(self._flush(), "reload automations")
        self._waiting.add(name)

    async def _flush(self) -> None:
        await asyncio.sleep(0)  # what changes in one go is loaded in one go
        waiting, self._waiting = sorted(self._waiting), set()
        await self._load(waiting)
        if waiting:
            for kind in sorted({name.partition("/")[0] for name in waiting}):
                self.hub.bus.fire(f"{kind.partition('.')[2]}_reloaded")

    async def _load(self, ids: list[str]) -> None:
        """Load some resources anew, and drop those that are gone."""
        async with self._loading:
            found = {item.id: item for item in self._resources()}
            owners: dict[str, str | None] = {}
            for kind in {name.partition("/")[0] for name in ids}:
                owners |= await self.hub.resources.authors(kind)
            for name in ids:
                if name not in found:
                    self._revisions.pop(name, None)
                    await self.drop(name)
            specs = {name: found[name].spec for name in ids if name in found}
            self._revisions |= {name: found[name].revision for name in specs}
            await self.load(specs, owners, self._was_on)

    def _reader(self, user_id: str | None) -> "Reader | None":
        """Return whose eyes templates have: an owner who may read everything needs none."""
        if user_id is None:
            return None
        user = self.hub.auth.users.get(user_id)
        if user is None:
            return _Nobody()
        return None if user.rights.reads_all else user

    async def _reload(self, call: "ServiceCall") -> None:
        """Read the files again."""
        del call
        if self.hub.resources.files is not None:
            await self.hub.resources.files.apply()
        # their files may have changed, and nobody watches those
        self.again(item.id for item in self._resources() if "use_blueprint" in item.spec)
        await self.settle()

    # --- switches that people move

    def _was_on(self, automation: "Automation") -> bool:
        switches = self._switches.get(automation.key, {})
        automation.rehearses = switches.get("dry_run", False)
        return switches.get("on", True)

    def _switched(self, automation: "Automation") -> None:
        """Keep a switch over restarts."""
        switches = {"on": automation.is_on, "dry_run": automation.rehearses}
        if switches == {"on": True, "dry_run": False}:
            self._switches.pop(automation.key, None)
        else:
            self._switches[automation.key] = switches
        if self._saving is None:
            self._saving = self.hub.clock.call_later(SAVE_SECONDS, self._begin_save)

    def _begin_save(self) -> None:
        self.hub.tasks.spawn(self._save(), "save the switches of automations")

    async def _save(self) -> None:
        self._saving = None
        try:
            await self.hub.documents.save(_NAMESPACE, _SWITCHES, self._switches)
        except HubError as error:
            _LOGGER.error("The switches of automations were not kept: %s", error.message)  # noqa: TRY400
            self._saving = self.hub.clock.call_later(60.0, self._begin_save)


class _Nobody:
    """An owner who is gone: his automations see nothing any more."""

    def may(self, verb: str, entity_id: str | None = None) -> bool:
        del verb, entity_id
        return False


class _Entities:
    """Items as entities of the hub."""

    def __init__(self, hub: "Hub", switched: "Callable[[Automation], object]") -> None:
        self._hub = hub
        self._switched = switched
        self._shown: dict[tuple[str, str], AutomationEntity | ScriptEntity] = {}

    async def enter(self, items: "Items") -> None:
        added: dict[str, list[Entity]] = {"automation": [], "script": []}
        for item in items:
            shown = self._shown.get((item.kind, item.key))
            if shown is not None and shown.name == item.name:
                shown.take(item)
                continue
            if shown is not None:
                await self._hub.entities.remove(shown.entity_id)
            entity = self._entity(item)
            self._shown[item.kind, item.key] = entity
            added[item.kind].append(entity)
        for kind, entities in added.items():
            if entities:
                await self._hub.entities.add(kind, entities)

    async def leave(self, items: "Items") -> None:
        for item in items:
            if self._shown.pop((item.kind, item.key), None) is not None:
                await self._hub.entities.remove(item.entity_id)

    def _entity(self, item: "Item") -> AutomationEntity | ScriptEntity:
        if not isinstance(item, Automation):
            return ScriptEntity(item)
        entity = AutomationEntity(item)
        entity.switched = self._switched
        return entity
