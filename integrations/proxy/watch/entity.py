"""The base of all entities here: identity, device, freshness."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from hub.sdk import BinarySensorEntity, DeviceInfo, Entity, SensorEntity
from integrations.proxy.const import DOMAIN
from integrations.proxy.watch.told import Told

Shown = str | float | date | datetime | None


class Watched(Entity):
    """An entity of one resource; it writes when what it shows tells so."""

    def __init__(self, source: Told, id: str, device: DeviceInfo, key: str, name: str) -> None:
        """Show a part (`key`) of the resource `id`."""
        self.source = source
        self.unique_id = f"{id}:{key}"
        self.device = device
        self.name = name
        self.translation_key = key
        self._unfollow: Callable[[], None] | None = None

    async def added(self) -> None:
        """Follow what is shown."""
        self._unfollow = self.source.follow(self.write)

    async def removed(self) -> None:
        """Follow no more."""
        if self._unfollow is not None:
            self._unfollow()
            self._unfollow = None

    @property
    def available(self) -> bool:
        """Tell whether the outside is reached."""
        return self.unavailable_reason is None


class WatchedSensor(Watched, SensorEntity):
    """A sensor whose value and attributes are given as functions."""

    def __init__(
        self,
        source: Told,
        id: str,
        device: DeviceInfo,
        key: str,
        name: str,
        value: Callable[[], Shown],
        *,
        reason: Callable[[], str | None] = lambda: None,
        attributes: Callable[[], Mapping[str, Any]] = dict,
    ) -> None:
        """Show `value()` unless there is a reason not to."""
        super().__init__(source, id, device, key, name)
        self._value, self._reason, self._attributes = value, reason, attributes

    @property
    def native_value(self) -> Shown:
        """Return the value; None = not known."""
        return self._value()

    @property
    def unavailable_reason(self) -> str | None:
        """Say why there is no value."""
        return self._reason()

    @property
    def extra_attributes(self) -> Mapping[str, Any]:
        """Return what is told beside."""
        return self._attributes()


class WatchedFlag(Watched, BinarySensorEntity):
    """A binary sensor whose value and attributes are given as functions."""

    def __init__(
        self,
        source: Told,
        id: str,
        device: DeviceInfo,
        key: str,
        name: str,
        value: Callable[[], bool | None],
        device_class: str,
        *,
        reason: Callable[[], str | None] = lambda: None,
        attributes: Callable[[], Mapping[str, Any]] = dict,
    ) -> None:
        """Show `value()` unless there is a reason not to."""
        super().__init__(source, id, device, key, name)
        self.device_class = device_class
        self._value, self._reason, self._attributes = value, reason, attributes

    @property
    def is_on(self) -> bool | None:
        """Return the value; None = not known."""
        return self._value()

    @property
    def unavailable_reason(self) -> str | None:
        """Say why there is no value."""
        return self._reason()

    @property
    def extra_attributes(self) -> Mapping[str, Any]:
        """Return what is told beside."""
        return self._attributes()


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
