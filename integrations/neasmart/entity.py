"""The base of all entities here: identity, device, freshness and the state of commands."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from hub.sdk import DeviceInfo, Entity, ServiceValidationError
from integrations.neasmart.command import Phase
from integrations.neasmart.const import BASE_MODEL, DOMAIN, LINE_MODEL, MANUFACTURER, ZONE_MODEL
from integrations.neasmart.coordinator import Installation
from integrations.neasmart.image import Reading
from integrations.neasmart.models import Base, Zone
from integrations.neasmart.registers import KINDS, Kind, decode, label


class LineEntity(Entity):
    """An entity that shows registers; without registers it shows the line itself."""

    def __init__(
        self,
        installation: Installation,
        key: str,
        device: DeviceInfo,
        name: str | None = None,
        addresses: tuple[int, ...] = (),
    ) -> None:
        """Show `addresses`; the first one gives the quality."""
        self.installation = installation
        self.image = installation.image
        self.addresses = addresses
        self.unique_id = f"{installation.settings.id}-{key}"
        self.device = device
        self.name = name
        self._unfollow: Callable[[], None] | None = None

    async def added(self) -> None:
        """Follow the registers."""
        self._unfollow = self.installation.follow(self.addresses, self.write)

    def show(self, addresses: tuple[int, ...]) -> None:
        """Show other registers from now on."""
        if addresses == self.addresses:
            return
        self.addresses = addresses
        if self._unfollow is not None:
            self._unfollow()
            self._unfollow = self.installation.follow(addresses, self.write)
            self.write()

    async def removed(self) -> None:
        """Follow no more."""
        if self._unfollow is not None:
            self._unfollow()
            self._unfollow = None

    @property
    def available(self) -> bool:
        """Tell whether the base reports this part of the house in time."""
        if not self.addresses:
            return True
        return self.image.fresh(self.addresses[0] // 100)

    @property
    def unavailable_reason(self) -> str | None:
        """Return link_down, never_received or not_reported_in_time."""
        if not self.installation.server.connected:
            return "link_down"
        if self.image.age(self.addresses[0] // 100) is None:
            return "never_received"
        return "not_reported_in_time"

    @property
    def reading(self) -> Reading:
        """Return the base's newest report of the first register."""
        return self.image.reading(self.addresses[0])

    def command(self, address: int, raw: int) -> None:
        """Queue a command; ServiceValidationError for what is no command."""
        try:
            self.installation.command(address, raw)
        except ValueError as error:
            raise ServiceValidationError(str(error)) from error

    def value(self, address: int) -> float | None:
        """Return the wish while the base has not answered it, else the base's own value."""
        command = self.image.open.get(address)
        if command is None:
            return self.image.reading(address).value
        return decode(KINDS[address], command.raw, fahrenheit=self.image.fahrenheit).value


class MeasuredEntity(LineEntity):
    """An entity of one measured register."""

    @property
    def available(self) -> bool:
        """Tell whether the value is fresh; a restored or old one is shown as an attribute."""
        return super().available and self.reading.quality != "stale"

    @property
    def unavailable_reason(self) -> str | None:
        """Say why there is no fresh value."""
        if super().available:
            return self.reading.reason
        return super().unavailable_reason

    @property
    def extra_attributes(self) -> Mapping[str, Any]:
        """Return quality and time of the report, and an old value as what it is."""
        reading = self.reading
        found: dict[str, Any] = {"quality": reading.quality, "last_report": timestamp(reading.at)}
        if reading.quality == "stale":
            found["last_value"] = tidy(reading.value)
        if reading.reason is not None:
            found["reason"] = reading.reason
        return found


def commands(entity: LineEntity, addresses: Mapping[str, int]) -> dict[str, Any]:
    """Return the attributes that tell how the newest command of some registers fares."""
    last = entity.image.last
    named = {name: last[address] for name, address in addresses.items() if address in last}
    if not named:
        return {"command_state": None}
    newest = max(named.values(), key=lambda command: command.queued_at)
    found: dict[str, Any] = {"command_state": newest.phase.value}
    if newest.reason is not None:
        found["reason"] = newest.reason
    for name, command in named.items():
        found[f"{name}_command"] = command.phase.value
        if command.phase is not Phase.CONFIRMED:
            kind = KINDS[command.address]
            wish = decode(kind, command.raw, fahrenheit=entity.image.fahrenheit).value
            found[f"requested_{name}"] = tidy(wish) if kind is Kind.SETPOINT else label(kind, wish)
    return found


def timestamp(at: float | None) -> str | None:
    """Return a wall time as an ISO text, to the second."""
    return None if at is None else datetime.fromtimestamp(int(at), UTC).isoformat()


def tidy(value: float | None) -> float | None:
    """Round to a tenth, as the thermostats show it; whole percents stay whole."""
    return round(value, 1) if isinstance(value, float) else value


def line_device(installation: Installation) -> DeviceInfo:
    """Return the device of the line, which carries the global registers."""
    settings = installation.settings
    return DeviceInfo(
        identifiers=frozenset({(DOMAIN, settings.id)}),
        name=settings.name,
        manufacturer=MANUFACTURER,
        model=LINE_MODEL,
    )


def base_device(installation: Installation, base: Base) -> DeviceInfo:
    """Return the device of a base station."""
    return DeviceInfo(
        identifiers=frozenset({(DOMAIN, f"{installation.settings.id}-{base.number}")}),
        name=base.name,
        manufacturer=MANUFACTURER,
        model=BASE_MODEL,
        via_device=(DOMAIN, installation.settings.id),
    )


def zone_device(installation: Installation, zone: Zone) -> DeviceInfo:
    """Return the device of a zone."""
    return DeviceInfo(
        identifiers=frozenset({(DOMAIN, f"{installation.settings.id}-{zone.key}")}),
        name=zone.name,
        manufacturer=MANUFACTURER,
        model=ZONE_MODEL,
        suggested_area=zone.area or zone.name,
        via_device=(DOMAIN, f"{installation.settings.id}-{zone.base}"),
    )
