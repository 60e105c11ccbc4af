"""The rendering that is going on: whose eyes it has, what it read, what it may still take."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from hub.states import State, valid_entity_id
from hub.templates.limits import Meter

if TYPE_CHECKING:
    from hub.templates.model import House, Reader

MAX_ENTITIES: Final = 2_000
"""A template that reads more single entities counts as one that reads all."""

ResourceFacts = Callable[[str, "Reader | None"], Mapping[str, Any] | None]
"""Takes `type/key` and who asks; None = there is no such resource for him."""


class Run(Meter):
    """One rendering."""

    __slots__ = (
        "all",
        "domains",
        "entities",
        "house",
        "reader",
        "registry",
        "resource",
        "resources",
        "strict",
        "time",
        "warnings",
    )

    def __init__(
        self,
        house: "House",
        seconds: float,
        reader: "Reader | None" = None,
        *,
        strict: bool = False,
        resource: ResourceFacts | None = None,
    ) -> None:
        """Read from `house` with the eyes of `reader` (None = the house's own)."""
        super().__init__(seconds)
        self.house = house
        self.reader = reader
        self.strict = strict
        self.resource = resource
        self.entities: set[str] = set()
        self.domains: set[str] = set()
        self.resources: set[str] = set()
        self.all = False
        self.time = False
        self.registry = False
        self.warnings: dict[str, None] = {}

    def state(self, entity_id: str) -> State | None:
        """Return a state and note that it was read; None also for what the reader may not see."""
        entity_id = entity_id.lower()
        if entity_id not in self.entities:
            if not valid_entity_id(entity_id):
                return None
            self.note(entity_id)
        return self.peek(entity_id)

    def note(self, entity_id: str) -> None:
        """Depend on an entity."""
        if len(self.entities) >= MAX_ENTITIES:
            self.all = True
        else:
            self.entities.add(entity_id)

    def peek(self, entity_id: str) -> State | None:
        """Return a state that the reader may see, without a note."""
        state = self.house.states.get(entity_id)
        return state if state is None or self.sees(state.entity_id) else None

    def sees(self, entity_id: str) -> bool:
        """Tell whether the reader may see an entity."""
        return self.reader is None or self.reader.may("read", entity_id)

    def walk(self, domain: str | None = None) -> list[State]:
        """Return all states, or a domain's, by entity id, and note that they were walked."""
        if domain is None:
            self.all = True
        else:
            self.domains.add(domain)
        states = self.house.states
        ids = states.entity_ids(domain)
        if self.reader is not None:
            ids = list(filter(self.sees, ids))
        ids.sort()
        self.tick()
        return [state for entity_id in ids if (state := states.get(entity_id)) is not None]


class _Current:
    """Holds the rendering of this moment; one at a time, on the event loop."""

    __slots__ = ("run",)

    def __init__(self) -> None:
        self.run: Run | None = None

    def get(self) -> Run:
        """Return the rendering that is going on."""
        if self.run is None:
            raise RuntimeError("no template is being rendered")
        return self.run


CURRENT: Final = _Current()
