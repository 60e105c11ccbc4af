"""A house to rehearse in: automations, scripts, scenes and helpers of a configuration, running."""

import difflib
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hub.automation.automation import Automation
from hub.automation.automations import AUTOMATION, SCRIPT, Automations
from hub.automation.rehearsal import starting
from hub.automation.rehearsal.calls import ANYTHING
from hub.automation.rehearsal.effects import Effects
from hub.automation.rehearsal.world import RehearsalWorld
from hub.config import documents, house
from hub.errors import NotFound, Problem
from hub.events import Context
from hub.util import packages
from hub.util.clock import FakeClock
from hub.util.text import slugify

if TYPE_CHECKING:
    from hub.config.settings import Settings
    from hub.services import ServiceCall

Specs = Mapping[str, Mapping[str, Any]]
"""What somebody wrote, by resource id (`hub.automation/night`)."""

MAX_TRACES: Final = 500
"""Traces that are kept of each automation of a test."""


class Written:
    """What a configuration says of automations and what they use."""

    def __init__(self, config_dir: Path) -> None:
        """Read hub.yaml and resources/; mistakes are in `problems`."""
        found, self.problems, _files = house.read(config_dir)
        folder = config_dir / "resources"
        if folder.is_dir():
            more, trouble = documents.read([folder], config_dir)
            found, self.problems = [*found, *more], [*self.problems, *trouble]
        self.documents = {item.id: item for item in found if _type(item.id).startswith("hub.")}
        self.specs: dict[str, Mapping[str, Any]] = {
            item.id: item.spec for item in self.documents.values()
        }
        self.folder = config_dir

    def blueprint(self, domain: str, path: str) -> str:
        """Return the text of a blueprint; raises `NotFound`."""
        base = self.folder / "blueprints" / domain
        for folder in (base, *(place / domain for place in packages.shipped("blueprints"))):
            file = (folder / path).resolve()
            if file.is_relative_to(folder.resolve()) and file.is_file():
                return file.read_text(encoding="utf-8")
        raise NotFound(f"There is no {domain} blueprint {path} in {base}")


def _type(id: str) -> str:
    return id.partition("/")[0]


class House:
    """One rehearsal: a world, and what lives in it."""

    def __init__(self, settings: "Settings", start: float, *, effects: bool = True) -> None:
        """Begin at `start` epoch seconds."""
        self.clock = FakeClock(start)
        self.world = RehearsalWorld(settings, self.clock)
        self.automations = Automations(self.world)
        self.events: list[tuple[float, str, dict[str, Any]]] = []
        if effects:
            self.world.calls.effect = Effects(self.world).apply

    @property
    def problems(self) -> list[Problem]:
        """Return what could not be loaded."""
        return [Problem(name, None, told) for name, told in self.automations.problems.items()]

    def set(self, entity_id: str, given: Mapping[str, Any], context: Context | None = None) -> None:
        """Write a state as a test file gives it: state, attributes, and how long it has held."""
        world = self.world
        world.past = self.clock.time() - given["for"] if given["for"] else None
        try:
            world.states.set(entity_id, given["state"], dict(given["attributes"]), context)
        finally:
            world.past = None

    async def load(
        self, specs: Specs, *, only: Iterable[str] = (), off: Iterable[str] = ()
    ) -> None:
        """Bring helpers, scenes, scripts and automations to life.

        `only` names the automations that run (by id, key or alias), `off` those that are switched
        off at first.
        """
        from hub.automation.rehearsal.scenes import load_scenes

        for entity_id, state in starting.helpers(specs).items():
            if self.world.states.get(entity_id) is None:
                self.set(entity_id, state)
        if "sun.sun" in str(specs) and self.world.states.get("sun.sun") is None:
            from hub.automation.sun import Sun

            Sun(self.world).start()
        self._register()
        load_scenes(self.world, specs)
        wanted = set(only)
        asleep = {name for name, spec in specs.items() if set(off) & names(name, spec)}
        runnable = {
            name: spec
            for name, spec in specs.items()
            if _type(name) == SCRIPT
            or (_type(name) == AUTOMATION and (not wanted or wanted & names(name, spec)))
        }
        self.world.bus.listen("*", self._hear)
        await self.automations.load(
            runnable,
            enabled=lambda item: f"{AUTOMATION}/{item.key}" not in asleep,
        )
        for item in self.automations.list():
            item.traces = deque(item.traces, maxlen=MAX_TRACES)
        await self.clock.settle()

    async def close(self) -> None:
        """End all that runs."""
        await self.automations.clear()
        await self.world.close()

    def _hear(self, event: Any) -> None:
        if event.type not in ("state_changed", "call_service"):
            self.events.append((event.time, event.type, event.data))

    def _register(self) -> None:
        """Offer what the entities of automations and scripts offer in a hub."""
        for domain, services in {
            "automation": {
                "turn_on": self._turn_on,
                "turn_off": self._turn_off,
                "toggle": self._toggle,
                "trigger": self._trigger,
            },
            "script": {"turn_on": self._script_on, "turn_off": self._script_off},
        }.items():
            for name, handler in services.items():
                self.world.calls.register(domain, name, handler, schema=ANYTHING)

    def _targets(self, call: "ServiceCall") -> list[Any]:
        ids = call.target.entity_ids
        return [
            item
            for item in self.automations.list(call.domain)
            if call.target.all or item.entity_id in ids
        ]

    def _turn_on(self, call: "ServiceCall") -> None:
        for item in self._targets(call):
            item.enable()

    def _turn_off(self, call: "ServiceCall") -> None:
        for item in self._targets(call):
            item.disable(stop_actions=call.data.get("stop_actions", True))

    def _toggle(self, call: "ServiceCall") -> None:
        for item in self._targets(call):
            (item.disable if item.is_on else item.enable)()

    def _trigger(self, call: "ServiceCall") -> None:
        for item in self._targets(call):
            if isinstance(item, Automation):
                skip = call.data.get("skip_condition", True)
                item.trigger(call.context, call.data.get("variables"), skip_conditions=skip)

    def _script_on(self, call: "ServiceCall") -> None:
        for item in self._targets(call):
            item.call(call.context, call.data.get("variables", {}))

    def _script_off(self, call: "ServiceCall") -> None:
        for item in self._targets(call):
            item.stop()


def names(id: str, spec: Mapping[str, Any]) -> set[str]:
    """Return what an automation may be called in a test: key, id, alias or entity id."""
    key = id.partition("/")[2]
    alias = str(spec.get("alias", key))
    entity_ids = {f"automation.{key}", f"automation.{slugify(alias)}"}
    return {key, str(spec.get("id", key)), alias} | entity_ids


def unknown(specs: Specs, wanted: Iterable[str]) -> Iterator[str]:
    """Yield, in words, each name that no automation has."""
    known: set[str] = set()
    for name, spec in specs.items():
        if _type(name) == AUTOMATION:
            known |= names(name, spec)
    for name in wanted:
        if name not in known:
            near = difflib.get_close_matches(name, sorted(known), n=1)
            hint = f": did you mean {near[0]}?" if near else ""
            yield f"there is no automation {name}{hint}"
