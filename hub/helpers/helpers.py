"""All helpers of the house, kept equal to their resources."""

import logging
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol

from hub.errors import HubError
from hub.helpers.helper import Helper, HelperKind
from hub.helpers.kinds import KINDS
from hub.resources import Resource
from hub.resources.follower import Follower
from hub.schema import explain
from hub.services import Description, ServiceCall
from hub.storage import Keeper

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hub.hub import Hub

_LOGGER = logging.getLogger(__name__)

NAMESPACE: Final = "helpers"
"""Where the last values lie among the documents."""


class Helpers:
    """Gives every helper resource its entity.

    Entities follow in a task of their own; `settle` waits for it.
    """

    def __init__(self, hub: "Hub") -> None:
        """Wait for `start`."""
        self._hub = hub
        self._keeper = Keeper(hub.database, hub.clock, NAMESPACE)
        self._values: dict[str, Any] = {}
        self._entities: dict[str, Helper] = {}
        types = [kind.resource_type for kind in KINDS.values()]
        self._follower = Follower(hub.resources, hub.tasks, types, self._work)
        self._stops: list[Callable[[], None]] = []

    async def start(self) -> None:
        """Register the services, add the entities with their last values, follow the resources."""
        hub = self._hub
        self._values = await self._keeper.load()
        for kind in KINDS.values():
            hub.entities.load_kind(kind.entity)
            self._stops.append(self._offer_reload(kind))
        for name in [name for name in self._values if hub.resources.store.get(name) is None]:
            self._forget(name)
        await self._follower.start()

    async def stop(self) -> None:
        """Stop timers and keep last values."""
        for stop in self._stops:
            stop()
        self._stops.clear()
        await self._follower.stop()
        for helper in self._entities.values():
            helper.rest()
        await self._keeper.flush()

    async def settle(self) -> None:
        """Wait until every entity is as its resource says."""
        await self._follower.settle()

    def get(self, resource_id: str) -> Helper | None:
        """Return the entity of a resource."""
        return self._entities.get(resource_id)

    async def _work(self, changed: "Sequence[Resource]") -> None:
        added: dict[str, list[Helper]] = {}
        for resource in changed:
            helper = await self._look(resource.id, resource)
            if helper is not None:
                added.setdefault(helper.kind, []).append(helper)
        for domain, helpers in added.items():
            await self._hub.entities.add(domain, helpers)

    async def _look(self, name: str, resource: Resource) -> Helper | None:
        """Make one entity what its resource says; returns it when it is new."""
        present = self._hub.resources.store.get(name)
        kind = KINDS[resource.type.partition(".")[2]]
        helper = self._entities.get(name)
        if present is None:
            await self._remove(name, kind, resource.key)
            return None
        try:
            spec = kind.normal(present.spec)
        except vol.Invalid as error:  # written by an older hub
            _LOGGER.error("%s can not be used: %s", name, explain(error))  # noqa: TRY400
            return None
        if helper is not None:
            helper.editable = present.place is None
            helper.take(spec)
            self._hub.entities.renew(helper)
            self._keep(name, helper.kept())
            return None
        helper = self._entities[name] = kind.entity(present.key, spec)
        helper.editable = present.place is None
        helper.remembered = self._values.pop(name, None)
        helper.keep = partial(self._keep, name)
        return helper

    async def _remove(self, name: str, kind: HelperKind, key: str) -> None:
        """Take an entity and its registry entry out of the house, and forget its value."""
        self._entities.pop(name, None)
        self._forget(name)
        entry = self._hub.entity_registry.by_unique_id(kind.domain, kind.domain, key)
        if entry is not None:
            await self._hub.entities.remove(entry.entity_id)
            self._hub.entity_registry.remove(entry.entity_id)

    def _keep(self, name: str, value: Any) -> None:
        if value is None:
            self._keeper.drop(name)
        else:
            self._keeper.put(name, value)

    def _forget(self, name: str) -> None:
        self._values.pop(name, None)
        self._keeper.drop(name)

    def _offer_reload(self, kind: HelperKind) -> "Callable[[], None]":
        """Register `<domain>.reload`: read the files again."""

        async def reload(_call: ServiceCall) -> None:
            if (files := self._hub.resources.files) is not None:
                await files.apply()
                if files.problems:
                    raise HubError(f"not applied: {files.problems[0]}")
            await self.settle()

        return self._hub.services.register(
            kind.domain,
            "reload",
            reload,
            description=Description("Reload", "Read the configuration files again"),
            admin=True,
        )
