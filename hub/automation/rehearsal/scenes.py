"""Scenes of a rehearsal: set by the same plans as in a hub, on recorded services."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from hub.automation.rehearsal.calls import ANYTHING
from hub.const import UNKNOWN
from hub.util.text import slugify
from hub.util.times import iso

if TYPE_CHECKING:
    from hub.automation.rehearsal.world import RehearsalWorld
    from hub.automation.scenes.schema import Wishes
    from hub.hub import Hub
    from hub.services import ServiceCall


def load_scenes(world: "RehearsalWorld", specs: Mapping[str, Mapping[str, Any]]) -> None:
    """Offer the services of scenes for those of a configuration."""
    found = _Scenes(world)
    for name, spec in specs.items():
        if name.startswith("hub.scene/"):
            found.add(slugify(str(spec["name"])), spec)
    for service, handler in {
        "turn_on": found.turn_on,
        "apply": found.apply,
        "create": found.create,
    }.items():
        world.calls.register("scene", service, handler, schema=ANYTHING)


class _Scenes:
    """Wishes by entity id."""

    def __init__(self, world: "RehearsalWorld") -> None:
        self._world = world
        self._wishes: dict[str, Wishes] = {}

    def add(self, key: str, spec: Mapping[str, Any]) -> None:
        """Know a scene, and show it."""
        from hub.automation.scenes.schema import wishes

        self._wishes[f"scene.{key}"] = wishes(spec["entities"])
        if self._world.states.get(f"scene.{key}") is None:
            name = {"friendly_name": spec.get("name", key)}
            self._world.states.set(f"scene.{key}", UNKNOWN, dict(name))

    async def turn_on(self, call: "ServiceCall") -> None:
        """Set what the scenes wish."""
        for entity_id in call.target.entity_ids:
            wishes = self._wishes.get(entity_id)
            if wishes is not None:
                await self._apply(wishes, call)
                state = self._world.states.get(entity_id)
                attributes = {} if state is None else state.attributes
                now = iso(self._world.clock.time())
                self._world.states.set(entity_id, now, dict(attributes), call.context)

    async def apply(self, call: "ServiceCall") -> None:
        """Set what the call wishes."""
        from hub.automation.scenes.schema import wishes

        await self._apply(wishes(call.data["entities"]), call)

    async def create(self, call: "ServiceCall") -> None:
        """Keep how entities are, or are to be, under a name."""
        given = dict(call.data.get("entities", {}))
        for name in call.data.get("snapshot_entities", ()):
            state = self._world.states.get(name)
            if state is not None:
                given[name] = {**state.attributes, "state": state.state}
        self.add(call.data["scene_id"], {"entities": given})

    async def _apply(self, wishes: "Wishes", call: "ServiceCall") -> None:
        from hub.automation.scenes.apply import apply

        await apply(cast("Hub", self._world), wishes, call.context)
