"""The base of all entities here: identity, device, freshness, and values that are declared."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Generic, TypeVar

from hub.sdk import (
    BinarySensorEntity,
    DeviceInfo,
    Entity,
    EntityCategory,
    Hub,
    SensorEntity,
    StateClass,
)
from integrations.proxy.const import DOMAIN
from integrations.proxy.fleet import Fleet
from integrations.proxy.watch.domains import Domains
from integrations.proxy.watch.told import Told

Shown = str | float | date | datetime | None
T = TypeVar("T", bound=Told)


@dataclass(frozen=True, slots=True)
class Room:
    """What values are read from beside the thing itself."""

    hub: Hub
    fleet: Fleet
    domains: Domains


def _nothing(_room: Room, _source: Any) -> Mapping[str, Any]:
    return {}


def _always(_room: Room, _source: Any) -> str | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure(Generic[T]):
    """One value of a server, host or certificate; shared by all of them."""

    key: str
    name: str
    value: Callable[[Room, T], Any]
    """None = not known."""
    reason: Callable[[Room, T], str | None] = _always
    """Why there is no value to show; None = there may be one."""
    attributes: Callable[[Room, T], Mapping[str, Any]] = _nothing
    flag: bool = False
    """Whether it is on or off, not a value."""
    device_class: str | None = None
    unit: str | None = None
    state_class: StateClass | None = None
    precision: int | None = None
    options: tuple[str, ...] | None = None
    category: EntityCategory | None = None


class Watched(Entity):
    """An entity of one resource; it writes when what it shows tells so."""

    def __init__(self, room: Room, source: Told, device: DeviceInfo, key: str, name: str) -> None:
        """Show a part (`key`) of a resource."""
        self.room, self.source, self.device = room, source, device
        self.unique_id = f"{source.id}:{key}"
        self.name = name
        self.translation_key = key

    async def added(self) -> None:
        """Follow what is shown."""
        self.source.follow(self)

    async def removed(self) -> None:
        """Follow no more."""
        self.source.unfollow(self)


class _Declared(Watched):
    """An entity that shows a figure."""

    def __init__(self, room: Room, source: Told, device: DeviceInfo, figure: Figure[Any]) -> None:
        super().__init__(room, source, device, figure.key, figure.name)
        self.figure = figure
        self.device_class, self.entity_category = figure.device_class, figure.category

    @property
    def available(self) -> bool:
        """Tell whether the outside is reached."""
        return self.figure.reason(self.room, self.source) is None

    @property
    def unavailable_reason(self) -> str | None:
        """Say why there is no value."""
        return self.figure.reason(self.room, self.source)

    @property
    def extra_attributes(self) -> Mapping[str, Any]:
        """Return what is told beside."""
        return self.figure.attributes(self.room, self.source)


class WatchedSensor(_Declared, SensorEntity):
    """A sensor of a figure."""

    def __init__(self, room: Room, source: Told, device: DeviceInfo, figure: Figure[Any]) -> None:
        """Show `figure` of `source`."""
        super().__init__(room, source, device, figure)
        self.unit, self.state_class, self.options = figure.unit, figure.state_class, figure.options
        self.suggested_display_precision = figure.precision

    @property
    def native_value(self) -> Shown:
        """Return the value; None = not known."""
        found: Shown = self.figure.value(self.room, self.source)
        return found


class WatchedFlag(_Declared, BinarySensorEntity):
    """A binary sensor of a figure."""

    @property
    def is_on(self) -> bool | None:
        """Return the value; None = not known."""
        found: bool | None = self.figure.value(self.room, self.source)
        return found


def entities(
    room: Room, source: Told, device: DeviceInfo, figures: Iterable[Figure[Any]]
) -> list[Entity]:
    """Return an entity for each figure."""
    kinds = {True: WatchedFlag, False: WatchedSensor}
    return [kinds[figure.flag](room, source, device, figure) for figure in figures]


def device_of(id: str, name: str, model: str) -> DeviceInfo:
    """Return the device of a resource: the one that carries its phase and its buttons too."""
    return DeviceInfo(
        identifiers=frozenset({("resource", id), (DOMAIN, id)}), name=name, model=model
    )


def moment(at: float | None) -> datetime | None:
    """Return seconds since 1970 as a time, to the second."""
    return None if at is None else datetime.fromtimestamp(int(at), UTC)


def text(at: float | None) -> str | None:
    """Return seconds since 1970 as an ISO text, to the second."""
    found = moment(at)
    return None if found is None else found.isoformat()


def rounded(value: float | None, digits: int = 1) -> float | None:
    """Round what is known."""
    return None if value is None else round(value, digits)
