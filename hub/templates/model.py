"""What a template needs of the house, and what it gives back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from hub.config.settings import Settings
    from hub.events import EventBus
    from hub.registry import (
        AreaRegistry,
        DeviceRegistry,
        EntityRegistry,
        FloorRegistry,
        LabelRegistry,
    )
    from hub.states import StateMachine
    from hub.templates.errors import TemplateError
    from hub.util.clock import Clock
    from hub.util.tasks import Tasks


class House(Protocol):
    """What templates read; the hub is one, a rehearsal makes its own."""

    settings: "Settings"
    clock: "Clock"
    tasks: "Tasks"
    bus: "EventBus"
    states: "StateMachine"
    areas: "AreaRegistry"
    floors: "FloorRegistry"
    labels: "LabelRegistry"
    devices: "DeviceRegistry"
    entity_registry: "EntityRegistry"


class Reader(Protocol):
    """Whose eyes a template has: an entity that he may not read does not exist for it."""

    def may(self, verb: str, entity_id: str | None = None) -> bool:
        """Tell whether `read` is allowed for an entity."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A result and all that was read to get it."""

    result: Any
    """Native: a number, a boolean, a list, a mapping or a text."""
    entities: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()
    """Whole domains that were walked through."""
    all: bool = False
    """Every state was walked through."""
    time: bool = False
    """`now` or its like was asked: the result may differ in the next minute."""
    registry: bool = False
    """Areas, devices, labels or entities were looked up in their registries."""
    resources: frozenset[str] = frozenset()
    """Resources that were looked up, as `type/key`."""
    warnings: tuple[str, ...] = ()
    """Names that were not there and were shown as nothing."""

    @property
    def listeners(self) -> dict[str, Any]:
        """Return the wire form of `render_template`."""
        return {
            "all": self.all,
            "entities": sorted(self.entities),
            "domains": sorted(self.domains),
            "time": self.time,
        }


class Template(Protocol):
    """A compiled template; rendering never waits and ends within its limits."""

    text: str
    is_static: bool
    """No Jinja in it: the text stands for itself."""

    def render(
        self,
        variables: Mapping[str, Any] | None = None,
        *,
        reader: Reader | None = None,
        native: bool = True,
        strict: bool = False,
        timeout: float | None = None,
    ) -> Any:
        """Return the result (its text, not `native`); raises `TemplateError`."""

    def render_tracked(
        self,
        variables: Mapping[str, Any] | None = None,
        *,
        reader: Reader | None = None,
        native: bool = True,
        strict: bool = False,
        timeout: float | None = None,
    ) -> Rendered:
        """Return the result and what was read; raises `TemplateError`."""


class Tracker(Protocol):
    """A template that is rendered again when something it read has changed, and only then."""

    last: "Rendered | TemplateError | None"

    @property
    def read(self) -> Rendered:
        """Return what the last rendering read, also when it failed or gave the same."""

    def refresh(self) -> None:
        """Render now; tells the listener when the result differs."""

    def stop(self) -> None:
        """Listen no more."""


Told = Callable[["Rendered | TemplateError"], object]
