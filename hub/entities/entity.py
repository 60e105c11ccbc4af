"""The entity base: identity, availability and the one way a value becomes a state."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Final

from hub.const import UNAVAILABLE, UNKNOWN
from hub.entities.service import EntityService
from hub.events import Context

if TYPE_CHECKING:
    from hub.hub import Hub
    from hub.registry import EntityEntry

CONTEXT_SECONDS: Final = 5.0
"""How long after a service call an entity's writes count as caused by it."""


class EntityCategory(StrEnum):
    """Why an entity is not part of the everyday view."""

    CONFIG = "config"
    DIAGNOSTIC = "diagnostic"


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """What the device registry is told about the thing that an entity belongs to."""

    identifiers: frozenset[tuple[str, str]]
    name: str
    manufacturer: str | None = None
    model: str | None = None
    sw_version: str | None = None
    hw_version: str | None = None
    serial_number: str | None = None
    suggested_area: str | None = None
    via_device: tuple[str, str] | None = None
    configuration_url: str | None = None
    entry_type: str | None = None


class Entity:
    """One value of the house, or one thing that can be told to do something.

    A subclass says what it is (class attributes), what it shows (properties) and calls `write`
    when that changed. `unique_id` never derives from a name.
    """

    kind: ClassVar[str]
    SERVICES: ClassVar[tuple[EntityService, ...]] = ()

    unique_id: str
    name: str | None = None
    """None = the device's main entity, which carries the device's name."""
    device: DeviceInfo | None = None
    device_class: str | None = None
    entity_category: EntityCategory | None = None
    enabled_default: bool = True
    has_entity_name: bool = True
    icon: str | None = None
    suggested_object_id: str | None = None
    supported_features: int = 0
    translation_key: str | None = None
    unit: str | None = None

    parallel_calls: ClassVar[int] = 0
    """How many service calls may run at once over this platform's entities; 0 = any number."""

    _hub: "Hub | None" = None
    _entry: "EntityEntry | None" = None
    _static: dict[str, Any] | None = None
    _context: Context | None = None
    _context_until: float = 0.0

    # --- what a subclass answers

    @property
    def available(self) -> bool:
        """Tell whether the outside is reached and the value is fresh."""
        return True

    @property
    def unavailable_reason(self) -> str | None:
        """Say in a word why the entity is not available."""
        return None

    @property
    def takes_calls(self) -> bool:
        """Tell whether services reach it; one that keeps commands may say so while away."""
        return self.available

    @property
    def state_value(self) -> str | None:
        """Return the state text; None = not known."""
        return None

    @property
    def capability_attributes(self) -> Mapping[str, Any]:
        """Return what the entity can do; shown even while it is unavailable."""
        return {}

    @property
    def registry_options(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the options, by kind, that a new registry entry begins with."""
        return {}

    @property
    def state_attributes(self) -> Mapping[str, Any]:
        """Return the values beside the state; hidden while the entity is unavailable."""
        return {}

    @property
    def extra_attributes(self) -> Mapping[str, Any]:
        """Return what the integration adds, such as the age of a value; always shown."""
        return {}

    async def added(self) -> None:
        """React to having been added, before the first state is written."""

    async def removed(self) -> None:
        """React to having been removed: stop listening."""

    # --- what everyone uses

    @property
    def hub(self) -> "Hub":
        """Return the hub; raises `RuntimeError` before the entity was added."""
        if self._hub is None:
            raise RuntimeError(f"{self!r} has not been added")
        return self._hub

    @property
    def entry(self) -> "EntityEntry":
        """Return the registry entry; raises `RuntimeError` before the entity was added."""
        if self._entry is None:
            raise RuntimeError(f"{self!r} has not been added")
        return self._entry

    @property
    def entity_id(self) -> str:
        """Return the id that the registry gave."""
        return self.entry.entity_id

    def write(self, context: Context | None = None) -> None:
        """Publish the present value; before the entity was added nothing happens."""
        hub, entry = self._hub, self._entry
        if hub is None or entry is None:
            return
        if context is None and self._context is not None:
            context = self._call_context(hub)
        if self.available:
            value = self.state_value
            state = UNKNOWN if value is None else value
            attributes = {
                **self.capability_attributes,
                **self.state_attributes,
                **self.extra_attributes,
            }
        else:
            state = UNAVAILABLE
            attributes = {**self.capability_attributes, **self.extra_attributes}
            if (reason := self.unavailable_reason) is not None:
                attributes["reason"] = reason
        static = self._static
        if static is None:
            static = self._static = self._static_attributes(hub, entry)
        attributes.update(static)
        hub.states.set(entry.entity_id, state, attributes, context)

    def attach(self, hub: "Hub", entry: "EntityEntry") -> None:
        """Take the place in the house; the index calls this, also after a registry change."""
        self._hub = hub
        self._entry = entry
        self._static = None

    def detach(self) -> None:
        """Leave the house; the index calls this."""
        self._hub = None
        self._context = None

    def caused_by(self, context: Context) -> None:
        """Give the writes of the next seconds the context of a service call."""
        self._context = context
        self._context_until = self.hub.clock.monotonic() + CONTEXT_SECONDS

    def _call_context(self, hub: "Hub") -> Context | None:
        if hub.clock.monotonic() > self._context_until:
            self._context = None
        return self._context

    def _static_attributes(self, hub: "Hub", entry: "EntityEntry") -> dict[str, Any]:
        """Return the attributes that only a registry change can move."""
        found: dict[str, Any] = {}
        if (unit := self.unit) is not None:
            found["unit_of_measurement"] = unit
        if (device_class := entry.device_class or self.device_class) is not None:
            found["device_class"] = device_class
        if (icon := entry.icon or self.icon) is not None:
            found["icon"] = icon
        found["friendly_name"] = self._friendly_name(hub, entry)
        if self.supported_features:
            found["supported_features"] = self.supported_features
        return found

    def _friendly_name(self, hub: "Hub", entry: "EntityEntry") -> str:
        """Return the user's name, else device name and entity name."""
        if entry.name is not None:
            return entry.name
        device = hub.devices.get(entry.device_id) if entry.device_id is not None else None
        if device is None or not self.has_entity_name:
            return self.name or self.unique_id
        device_name = device.name_by_user or device.name or self.unique_id
        return device_name if self.name is None else f"{device_name} {self.name}"

    def __repr__(self) -> str:
        """Show the class and the identity."""
        return f"<{type(self).__name__} {getattr(self, 'unique_id', '?')}>"
