"""All scenes of the house: those of resources, and those that services make for a while."""

import logging
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol

from hub.automation.scenes.apply import apply
from hub.automation.scenes.entity import TRANSITION, TRANSITION_FIELD, SceneEntity
from hub.automation.scenes.schema import Wishes, wanted, wishes
from hub.errors import HubError, InvalidFormat, ServiceValidationError, Unauthorized
from hub.resources import Resource
from hub.resources.follower import Follower
from hub.schema import described, entity_id, explain, list_of, slug
from hub.services import Description, Field, ServiceCall
from hub.storage import Keeper

if TYPE_CHECKING:
    from collections.abc import Callable

    from hub.hub import Hub

_LOGGER = logging.getLogger(__name__)

TYPE: Final = "hub.scene"
DOMAIN: Final = "scene"
EVENT_RELOADED: Final = "scene_reloaded"
MADE: Final = "made:"
MAX_MADE: Final = 200
"""Scenes that services may make; they end with the hub."""


@described(type="object", item={"type": "any"})
def _wishes(value: Any) -> Any:
    return wishes(value)


class Scenes:
    """Gives every scene its entity, and offers the services of the domain."""

    def __init__(self, hub: "Hub") -> None:
        """Wait for `start`."""
        self._hub = hub
        self._keeper = Keeper(hub.database, hub.clock, "scenes")
        self._activated: dict[str, Any] = {}
        self._scenes: dict[str, SceneEntity] = {}
        self._made: dict[str, SceneEntity] = {}
        self._follower = Follower(hub.resources, hub.tasks, [TYPE], self._work)
        self._stops: list[Callable[[], None]] = []

    async def start(self) -> None:
        """Register the services, add the entities, follow the resources."""
        hub = self._hub
        self._activated = await self._keeper.load()
        hub.entities.load_kind(SceneEntity)
        self._offer()
        for key in [
            key for key in self._activated if hub.resources.store.get(f"{TYPE}/{key}") is None
        ]:
            self._forget(key)
        for entry in hub.entity_registry.all():
            if entry.platform == DOMAIN and entry.unique_id.startswith(MADE):
                hub.entity_registry.remove(entry.entity_id)
        await self._follower.start()

    async def stop(self) -> None:
        """Follow no more and write what waits."""
        for stop in self._stops:
            stop()
        self._stops.clear()
        await self._follower.stop()
        await self._keeper.flush()

    async def settle(self) -> None:
        """Wait until every scene is as its resource says."""
        await self._follower.settle()

    # --- resources

    async def _work(self, changed: Sequence[Resource]) -> None:
        added = []
        for resource in changed:
            present = self._hub.resources.store.get(resource.id)
            if present is None:
                await self._remove(resource.key)
            elif (scene := self._take(present)) is not None:
                added.append(scene)
        await self._hub.entities.add(DOMAIN, added)

    def _take(self, resource: Resource) -> SceneEntity | None:
        """Make a scene what its resource says; returns it when it is new."""
        spec, key = resource.spec, resource.key
        try:
            found = wishes(spec["entities"])
        except vol.Invalid as error:  # written by an older hub
            _LOGGER.error("%s can not be used: %s", resource.id, explain(error))  # noqa: TRY400
            return None
        own_id = str(spec.get("id", key))
        scene = self._scenes.get(key)
        if scene is not None:
            scene.take(spec["name"], spec.get("icon"), found, own_id)
            self._hub.entities.renew(scene)
            return None
        scene = SceneEntity(key, spec["name"], spec.get("icon"), found, own_id)
        scene.activated = self._activated.pop(key, None)
        scene.keep = partial(self._keeper.put, key)
        self._scenes[key] = scene
        return scene

    async def _remove(self, key: str) -> None:
        self._forget(key)
        if (scene := self._scenes.pop(key, None)) is not None:
            await self._take_out(scene)

    async def _take_out(self, scene: SceneEntity) -> None:
        """Take a scene and its registry entry out of the house."""
        entry = self._hub.entity_registry.by_unique_id(DOMAIN, DOMAIN, scene.unique_id)
        if entry is not None:
            await self._hub.entities.remove(entry.entity_id)
            self._hub.entity_registry.remove(entry.entity_id)

    def _forget(self, key: str) -> None:
        self._activated.pop(key, None)
        self._keeper.drop(key)

    # --- services

    def _offer(self) -> None:
        """Register the services that are not about one scene."""
        register = partial(self._hub.services.register, DOMAIN)
        states = Field({"object": {}}, required=True, name="Entities")
        self._stops += [
            register(
                "apply",
                self._apply,
                schema=vol.Schema(
                    {vol.Required("entities"): _wishes, vol.Optional("transition"): TRANSITION}
                ),
                description=Description(
                    "Apply",
                    "Set entities at once, without making a scene of it",
                    {"entities": states, "transition": TRANSITION_FIELD},
                ),
            ),
            register(
                "create",
                self._create,
                schema=vol.Schema(
                    {
                        vol.Required("scene_id"): slug,
                        vol.Optional("entities"): _wishes,
                        vol.Optional("snapshot_entities"): list_of(entity_id),
                    }
                ),
                description=Description(
                    "Create",
                    "Make a scene that lasts until the hub ends",
                    {
                        "scene_id": Field({"text": None}, required=True, example="before_movie"),
                        "entities": Field({"object": {}}, name="Entities"),
                        "snapshot_entities": Field(
                            {"entity": {"multiple": True}}, name="Entities as they are now"
                        ),
                    },
                ),
            ),
            register(
                "delete",
                self._delete,
                description=Description(
                    "Delete",
                    "Delete scenes that were made by scene.create",
                    target={"entity": [{"domain": [DOMAIN]}]},
                ),
                needs_target=True,
            ),
            register(
                "reload",
                self._reload,
                description=Description("Reload", "Read the configuration files again"),
                admin=True,
            ),
        ]

    async def _apply(self, call: ServiceCall) -> None:
        await apply(self._hub, call.data["entities"], call.context, "scene.apply")

    async def _create(self, call: ServiceCall) -> None:
        data = call.data
        found: Wishes = dict(data.get("entities", {}))
        if not found and not data.get("snapshot_entities"):
            raise InvalidFormat("scene.create: give entities or snapshot_entities")
        asked = [*found, *data.get("snapshot_entities", ())]
        if set(self._hub.services.controllable(asked, call.context)) != set(asked):
            raise Unauthorized
        for name in data.get("snapshot_entities", ()):
            found[name] = self._as_it_is(name)
        await self._make(data["scene_id"], found)

    def _as_it_is(self, name: str) -> Any:
        """Return what makes an entity as it is now; raises `ServiceValidationError`."""
        state = self._hub.states.get(name)
        if state is None or state.state in ("unknown", "unavailable"):
            now = "does not exist" if state is None else f"is {state.state}"
            raise ServiceValidationError(f"snapshot_entities: {name} {now}")
        try:
            return wanted(name, {**state.attributes, "state": state.state})
        except vol.Invalid as error:
            raise ServiceValidationError(f"snapshot_entities: {explain(error)}") from None

    async def _make(self, scene_id: str, found: Wishes) -> None:
        """Add a scene for a while, or change one that was made so; raises `HubError`s."""
        scene = self._made.get(scene_id)
        if scene is not None:
            scene.take(scene_id, None, found)
            self._hub.entities.renew(scene)
            return
        if self._hub.states.get(f"{DOMAIN}.{scene_id}") is not None:
            raise ServiceValidationError(
                f"The scene {DOMAIN}.{scene_id} exists already; choose another scene_id"
            )
        if len(self._made) >= MAX_MADE:
            raise ServiceValidationError(
                f"There are {MAX_MADE} scenes made by scene.create: delete some first"
            )
        scene = self._made[scene_id] = SceneEntity(f"{MADE}{scene_id}", scene_id, None, found)
        await self._hub.entities.add(DOMAIN, [scene])

    async def _delete(self, call: ServiceCall) -> None:
        from hub.entities.targets import resolve

        names = list(resolve(self._hub, call.target, DOMAIN))
        for name in self._hub.services.controllable(names, call.context):
            made = {scene.entity_id: key for key, scene in self._made.items()}
            if name not in made:
                raise ServiceValidationError(
                    f"The scene {name} was not made by scene.create"
                    if self._hub.states.get(name) is not None
                    else f"There is no scene {name}"
                )
            await self._take_out(self._made.pop(made[name]))

    async def _reload(self, call: ServiceCall) -> None:
        if (files := self._hub.resources.files) is not None:
            await files.apply()
            if files.problems:
                raise HubError(f"not applied: {files.problems[0]}")
        await self.settle()
        self._hub.bus.fire(EVENT_RELOADED, None, call.context)
