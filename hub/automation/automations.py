"""Automations and scripts behind one object, in the house and in rehearsals alike."""

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol

import voluptuous as vol

from hub.automation import validation
from hub.errors import HubError, InvalidFormat, NotFound
from hub.events import Context
from hub.schema import explain

if TYPE_CHECKING:
    from hub.automation.actions.run import Run
    from hub.automation.automation import Automation
    from hub.automation.script import Script
    from hub.automation.trace import Trace
    from hub.automation.world import World
    from hub.templates import Reader

    Item = Automation | Script
    Items = list[Item]
    Traces = list[Trace]

_LOGGER = logging.getLogger(__name__)

AUTOMATION: Final = "hub.automation"
SCRIPT: Final = "hub.script"


class Stage(Protocol):
    """Where items become visible: the entities of a hub, or plain states in a rehearsal."""

    async def enter(self, items: "Items") -> None:
        """Show items, in the places of those that had their kind and key."""

    async def leave(self, items: "Items") -> None:
        """Take them away."""


class Automations:
    """Runs what automations and scripts say, in a hub or in a rehearsal."""

    def __init__(self, world: "World") -> None:
        """Act upon `world`; nothing runs before `load`."""
        self.world = world
        self.stage: Stage = _Plain(world)
        self.blueprint: Callable[[str, str], str] = _no_blueprint
        """Returns the text of a blueprint by domain and path; raises `NotFound`."""
        self.reader: Callable[[str | None], Reader | None] = lambda _user_id: None
        """Finds whose eyes an owner's templates have; None = they see everything."""
        self.problems: dict[str, str] = {}
        """Why a resource could not be loaded, by its id."""
        self._items: dict[str, Item] = {}
        self._by_entity: dict[str, Item] = {}
        self._services: dict[str, list[Callable[[], None]]] = {}

    # --- what there is

    def list(self, kind: str | None = None) -> "Items":
        """Return automations and scripts, or those of one kind."""
        return [item for item in self._items.values() if kind in (None, item.kind)]

    def get(self, name: str) -> "Item":
        """Return an item by entity id, resource id, or an automation's own id or key.

        Raises `NotFound`.
        """
        for item in self._items.values():
            if item.entity_id == name:
                return item
        found = self._items.get(name) or self._items.get(f"{AUTOMATION}/{name}")
        found = found or self._items.get(f"{SCRIPT}/{name}")
        if found is None:
            found = next((item for item in self._items.values() if item.id == name), None)
        if found is None:
            raise NotFound(f"There is no automation or script {name}")
        return found

    def traces(self, domain: str, item_id: str | None = None) -> "Traces":
        """Return kept traces, oldest first."""
        found = [
            trace
            for item in self.list(domain)
            if item_id in (None, item.id)
            for trace in item.traces
        ]
        return sorted(found, key=lambda trace: trace.start)

    # --- coming and going

    async def load(
        self,
        specs: Mapping[str, Mapping[str, Any]],
        owners: Mapping[str, str | None] | None = None,
        enabled: Callable[["Automation"], bool] | None = None,
    ) -> None:
        """Make items of specs by resource id, in place of those of the same id.

        One that can not be loaded is told in `problems` and takes no other with it.
        """
        from hub.automation.automation import Automation

        made: list[Item] = []
        for resource_id, spec in specs.items():
            item = self._make(resource_id, spec)
            if item is None:
                await self._leave(resource_id)
                continue
            if (before := self._retire(resource_id)) is not None:
                item.succeed(before)
            item.owner = (owners or {}).get(resource_id)
            item.reader = self.reader(item.owner)
            self._items[resource_id] = item
            made.append(item)
            if isinstance(item, Automation):
                item.is_on = self._is_wanted(item, enabled)
        await self.stage.enter(made)
        for item in made:
            self._offer(item)
        for item in made:
            self._attach(item)

    async def drop(self, resource_id: str) -> None:
        """Take an item away; what it runs ends."""
        self.problems.pop(resource_id, None)
        await self._leave(resource_id)

    async def _leave(self, resource_id: str) -> None:
        item = self._retire(resource_id)
        if item is not None:
            await self.stage.leave([item])

    def _retire(self, resource_id: str) -> "Item | None":
        """End an item; its place on the stage is its successor's, or has to be left."""
        item = self._items.pop(resource_id, None)
        if item is not None:
            for remove in self._services.pop(resource_id, ()):
                remove()
            item.retire()
        return item

    async def clear(self) -> None:
        """Take everything away."""
        for resource_id in tuple(self._items):
            await self.drop(resource_id)

    def _make(self, resource_id: str, spec: Mapping[str, Any]) -> "Item | None":
        self.problems.pop(resource_id, None)
        kind, _, key = resource_id.partition("/")
        try:
            return self._compiled(kind, key, spec)
        except vol.Invalid as error:
            message = explain(error)
        except HubError as error:
            message = error.message
        self.problems[resource_id] = message
        _LOGGER.error("%s can not be loaded: %s", resource_id, message)
        return None

    def _compiled(self, kind: str, key: str, spec: Mapping[str, Any]) -> "Item":
        from hub.automation.automation import Automation
        from hub.automation.script import Script

        domain = kind.partition(".")[2]
        given = spec
        if "use_blueprint" in spec:
            from hub.automation.blueprints import substitute

            given = substitute(spec, domain, lambda path: self.blueprint(domain, path))
        if kind == AUTOMATION:
            return Automation(self.world, key, spec, validation.automation(given))
        return Script(self.world, key, spec, validation.script(given))

    @staticmethod
    def _is_wanted(
        automation: "Automation", enabled: Callable[["Automation"], bool] | None
    ) -> bool:
        """Tell whether an automation begins switched on."""
        was_on = True if enabled is None else enabled(automation)
        return bool(automation.config.get("initial_state", was_on))

    @staticmethod
    def _attach(item: "Item") -> None:
        """Let the triggers of an automation that is on listen."""
        from hub.automation.automation import Automation

        if not isinstance(item, Automation) or not item.is_on:
            return
        try:
            item.enable()
        except HubError as error:
            item.problem = error.message
            item.changed()
            _LOGGER.error("%s does not listen: %s", item.name, error.message)  # noqa: TRY400

    def _offer(self, item: "Item") -> None:
        """Register a script as the service that carries its name."""
        from hub.automation.script import Script
        from hub.automation.services import script_service

        if isinstance(item, Script):
            remove = script_service(self.world, item)
            self._services.setdefault(f"{SCRIPT}/{item.key}", []).append(remove)

    # --- doing

    def trigger(
        self,
        name: str,
        variables: Mapping[str, Any] | None = None,
        context: Context | None = None,
        *,
        skip_condition: bool = True,
    ) -> "Run | None":
        """Run an automation by hand; None when conditions or the mode forbid it."""
        from hub.automation.automation import Automation

        item = self.get(name)
        if not isinstance(item, Automation):
            raise InvalidFormat(f"{name} is a script: call script.{item.key}")
        return item.trigger(context or Context(), variables, skip_conditions=skip_condition)

    async def execute(
        self,
        sequence: Any,
        variables: Mapping[str, Any] | None = None,
        context: Context | None = None,
        *,
        name: str = "sequence",
    ) -> Any:
        """Run actions that belong to nobody and return their response.

        Acts with the rights of the context's user. Raises `InvalidFormat` and what fails in it.
        """
        from hub.automation.script import Script

        try:
            config = validation.script({"sequence": sequence, "mode": "parallel", "alias": name})
        except vol.Invalid as error:
            raise InvalidFormat(explain(error)) from None
        context = context or Context()
        script = Script(self.world, name, {"sequence": sequence}, config)
        script.owner = context.user_id
        script.reader = self.reader(context.user_id)
        run = script.call(context, variables or {})
        return None if run is None else await run.ended()


class _Plain:
    """Items as plain states, where there are no entities."""

    def __init__(self, world: "World") -> None:
        self._world = world

    async def enter(self, items: "Items") -> None:
        for item in items:
            item.changed = lambda item=item: self._show(item)  # type: ignore[misc]
            self._show(item)

    async def leave(self, items: "Items") -> None:
        for item in items:
            self._world.states.remove(item.entity_id)

    def _show(self, item: "Item") -> None:
        attributes = {**item.attributes, "friendly_name": item.name}
        self._world.states.set(item.entity_id, "on" if item.is_active else "off", attributes)


def _no_blueprint(domain: str, path: str) -> str:
    raise NotFound(f"There is no {domain} blueprint {path}")
