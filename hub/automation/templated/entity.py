"""What all template entities share: fields that are templates, and what became of them."""

import asyncio
import logging
from collections.abc import Awaitable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from hub.automation.templated import values
from hub.automation.templated.sequence import Sequence
from hub.const import UNKNOWN
from hub.entities import Entity
from hub.events import Context
from hub.states import State
from hub.templates import Rendered, TemplateError

if TYPE_CHECKING:
    from hub.automation.actions.run import Run
    from hub.automation.templated.validation import Definition
    from hub.hub import Hub
    from hub.templates import Reader, Tracker

_LOGGER = logging.getLogger("hub.template")

_ATTRIBUTE: Final = "attributes."


class Known(Mapping[str, Any]):
    """The variables of a template entity, with its present state as `this`."""

    def __init__(self, entity: "TemplatedEntity", given: Mapping[str, Any]) -> None:
        """Look `this` up when it is asked for."""
        self._entity = entity
        self._given = given

    def __getitem__(self, name: str) -> Any:
        """Return a variable."""
        return self._entity.this if name == "this" else self._given[name]

    def __iter__(self) -> Iterator[str]:
        """Go through the names."""
        yield "this"
        yield from self._given

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._given) + 1


class TemplatedEntity(Entity):
    """An entity whose values come from templates; a kind says what they mean."""

    has_entity_name = False
    FIELDS: tuple[str, ...] = ("state",)
    """Fields beside the common ones that are templates."""

    def __init__(
        self,
        hub: "Hub",
        definition: "Definition",
        variables: Mapping[str, Any],
        owner: str | None = None,
        reader: "Reader | None" = None,
        *,
        triggered: bool = False,
    ) -> None:
        """`triggered`: values come only through `take`; `reader` is whose eyes templates have."""
        self.definition = definition
        self.config = config = definition.config
        self.owner = owner
        self.triggered = triggered
        self.results: dict[str, Any] = {}
        self._house = hub
        self._reader = reader
        self._variables = {**variables, **config["variables"]}
        self._known: dict[str, Any] = {}
        self._templates = dict(self._texts())
        self._failed: dict[str, str] = {}
        self._trackers: list[Tracker] = []
        self._writing = False
        self._gone = False
        self._sequences: dict[str, Sequence] = {}
        self.unique_id = definition.unique_id
        self.device_class = config.get("device_class")
        self.unit = config.get("unit_of_measurement")
        self.name = self._name()
        wanted = config.get("default_entity_id", "")
        self.suggested_object_id = wanted.partition(".")[2] or self.name

    # --- what it shows

    @property
    def place(self) -> str | None:
        """Return the entity id, None before the registry gave one."""
        return None if self._entry is None else self._entry.entity_id

    @property
    def this(self) -> Any:
        """Return the entity's own state; an unknown one before there is any."""
        if (place := self.place) is None:
            return None
        now = self._house.clock.time()
        found = self._house.states.get(place)
        return found or State(place, UNKNOWN, {}, now, now, Context())

    @property
    def available(self) -> bool:
        """Tell what the template of availability says; without one it is."""
        if "availability" not in self._templates:
            return True
        return self._value("availability", values.truth) is not False

    @property
    def unavailable_reason(self) -> str | None:
        """Say that the template said so."""
        return "the template of availability says so"

    @property
    def extra_attributes(self) -> Mapping[str, Any]:
        """Return the attributes whose templates did not fail."""
        return {
            name.removeprefix(_ATTRIBUTE): value
            for name, value in self.results.items()
            if name.startswith(_ATTRIBUTE)
        }

    # --- rendering

    async def added(self) -> None:
        """Follow the templates, or wait for the first trigger."""
        self._gone = False
        if self.triggered:
            return
        templates = self._house.templates
        self._known = self._rendered()
        known = Known(self, self._known)
        for name, text in self._templates.items():
            tracker = templates.track(
                templates.compile(text), partial(self._told, name), known, reader=self._reader
            )
            self._trackers.append(tracker)
            if tracker.last is not None:
                self._store(name, tracker.last)
        self.settle()

    async def removed(self) -> None:
        """Follow nothing any more and end what runs."""
        for tracker in self._trackers:
            tracker.stop()
        self._trackers.clear()
        self._gone = True
        for sequence in self._sequences.values():
            sequence.retire()

    def take(self, variables: Mapping[str, Any], context: "Context | None") -> None:
        """Render every field once with the variables of a trigger, and show the results."""
        templates = self._house.templates
        known: dict[str, Any] = {**variables, "this": self.this}
        for name, value in self.config["variables"].items():
            self._add(known, name, value)
        self._known = known
        for name, text in self._templates.items():
            try:
                result = Rendered(templates.compile(text).render(known, reader=self._reader))
            except TemplateError as error:
                self._store(name, error)
            else:
                self._store(name, result)
        self.settle()
        self.write(context)

    def settle(self) -> None:
        """React to new results before they are shown."""

    def _rendered(self) -> dict[str, Any]:
        """Return the variables, their templates rendered once."""
        found: dict[str, Any] = {}
        for name, value in self._variables.items():
            self._add(found, name, value)
        return found

    def _add(self, known: dict[str, Any], name: str, value: Any) -> None:
        """Render a variable with those before it; one that fails is left out."""
        try:
            known[name] = self._house.templates.render(value, known, self._reader)
        except TemplateError as error:
            self._failing(f"variables.{name}", error.message)

    def _told(self, name: str, found: Rendered | TemplateError) -> None:
        self._store(name, found)
        if not self._writing:
            self._writing = True
            asyncio.get_running_loop().call_soon(self._publish)

    def _publish(self) -> None:
        """Show what changed in this turn of the loop, once."""
        self._writing = False
        if not self._gone:
            self.settle()
            self.write()

    def _store(self, name: str, found: Rendered | TemplateError) -> None:
        if isinstance(found, TemplateError):
            self.results.pop(name, None)
            self._failing(name, found.message)
        else:
            self.results[name] = found.result
            if name == "icon" or name.startswith(_ATTRIBUTE):
                self._failed.pop(name, None)
        if name == "icon":
            icon = self.results.get("icon")
            self.icon = icon if isinstance(icon, str) and ":" in icon else None
            self._static = None

    def _failing(self, field: str, words: str) -> None:
        """Log a failure once, until the field works again."""
        if field not in self._failed:
            self._failed[field] = words
            _LOGGER.warning("%s: %s: %s", self._shown_name(), field, words)

    def _value(self, field: str, read: Any, *more: Any) -> Any:
        """Return a field's result as its kind reads it; None and a log line when it can not."""
        if field not in self.results:
            return None
        try:
            found = read(self.results[field], *more)
        except ValueError as error:
            self._failing(field, str(error))
            return None
        self._failed.pop(field, None)
        return found

    def _texts(self) -> Iterator[tuple[str, str]]:
        """Go through the templates by field."""
        for name in (*self.FIELDS, "icon", "availability"):
            if isinstance(text := self.config.get(name), str):
                yield name, text
        for name, text in self.config["attributes"].items():
            yield _ATTRIBUTE + name, text

    def _name(self) -> str:
        """Return the name; one that is a template is rendered once."""
        text = self.config.get("name")
        if text is None:
            return self.definition.unique_id.replace("_", " ").replace("-", " ")
        try:
            return str(self._house.templates.compile(text).render(native=False))
        except TemplateError as error:
            self._failed["name"] = error.message
            _LOGGER.warning("Template entity %s: name: %s", self.unique_id, error.message)
            return self.definition.unique_id

    def _shown_name(self) -> str:
        return self.place or f"Template entity {self.name}"

    # --- doing

    def act(
        self, field: str, variables: Mapping[str, Any], value: Any = None
    ) -> Awaitable[None] | None:
        """Run the actions of a field; then show `value` when the state is only assumed."""
        sequence = self._sequences.get(field)
        if sequence is None:
            name = f"{self.entity_id} {field}"
            sequence = self._sequences[field] = Sequence(
                self._house, name, self.config[field], self.owner, self._reader
            )
        known = {**self._known, **variables, "this": self.this}
        run = sequence.call(self.entity_id, self._call_context(self._house), known)
        if run is not None and not run.is_over:
            return self._wait(run, value)
        if run is not None:
            self._acted(value)
        return None

    async def _wait(self, run: "Run", value: Any) -> None:
        await run.ended()
        self._acted(value)

    def _acted(self, value: Any) -> None:
        """Show what was asked for, where no template says what became of it."""
        if value is not None and self.assumes:
            self.results["state"] = value
            self.write()

    @property
    def assumes(self) -> bool:
        """Tell whether what was asked for is shown without being read back."""
        return "state" not in self.config or bool(self.config.get("optimistic"))
