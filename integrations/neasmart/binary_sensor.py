"""Messages, pumps and dehumidifiers of the base, and whether base and adapter are there."""

from collections.abc import Iterator, Mapping
from typing import Any

from hub.sdk import BinarySensorEntity, Entity, EntityCategory
from integrations.neasmart import registers
from integrations.neasmart.coordinator import Installation
from integrations.neasmart.entity import LineEntity, MeasuredEntity, base_device, line_device
from integrations.neasmart.models import Base


class Flag(MeasuredEntity, BinarySensorEntity):
    """One flag register of the line."""

    def __init__(
        self, installation: Installation, key: str, name: str, address: int, device_class: str
    ) -> None:
        """Show bit 0 of the register at `address`."""
        super().__init__(installation, key, line_device(installation), name, (address,))
        self.translation_key = name.lower().replace(" ", "_")
        self.device_class = device_class

    @property
    def is_on(self) -> bool | None:
        """Tell whether the flag is set."""
        value = self.reading.value
        return None if value is None else bool(value)


class Link(LineEntity, BinarySensorEntity):
    """Whether an adapter is connected; the reason says what to do when none is."""

    device_class = "connectivity"
    entity_category = EntityCategory.DIAGNOSTIC
    translation_key = "link"

    def __init__(self, installation: Installation) -> None:
        """Show the state of the line."""
        super().__init__(installation, "link", line_device(installation), "Link")

    @property
    def is_on(self) -> bool:
        """Tell whether an adapter is connected or the serial device open."""
        return self.installation.server.connected

    @property
    def extra_attributes(self) -> Mapping[str, Any]:
        """Return the reason for no link, the peers and the counters of damaged traffic."""
        server, image = self.installation.server, self.image
        counters = server.counters()
        found: dict[str, Any] = {
            "transport": server.options.transport,
            "listening": server.listening,
            "peers": sorted(peer.name for peer in server.peers),
            "foreign_frames": counters.foreign,
            "damaged_frames": counters.crc_errors,
            "noise_bytes": counters.noise_bytes,
            "exceptions": counters.exceptions,
            "refused_connections": server.refused,
            "undocumented_writes": image.undocumented_writes,
            "expired_commands": image.expired,
            "store_failures": self.installation.store.failures,
        }
        if server.listening:
            found["port"] = server.port
        if server.error is not None:
            found["reason"] = server.error
        elif not server.connected:
            found["reason"] = "no_adapter_connected"
        return found


class Reporting(LineEntity, BinarySensorEntity):
    """Whether any zone of a base station reported in time."""

    device_class = "connectivity"
    entity_category = EntityCategory.DIAGNOSTIC
    translation_key = "reporting"

    def __init__(self, installation: Installation, base: Base) -> None:
        """Show one base station."""
        device = base_device(installation, base)
        super().__init__(installation, f"{base.number}-reporting", device, "Reporting")
        self.listen_to(base)

    def listen_to(self, base: Base) -> None:
        """Follow the zones that a base has now."""
        self.show(tuple(zone.address + registers.ZONE_TEMPERATURE for zone in base.zones))

    @property
    def available(self) -> bool:
        """Return True: silence is this entity's message."""
        return True

    @property
    def is_on(self) -> bool:
        """Tell whether a zone reported in time."""
        return any(self.image.fresh(address // 100) for address in self.addresses)


def line_flags(installation: Installation) -> Iterator[Entity]:
    """Yield the flags of the line, and its link."""
    yield Link(installation)
    for name, address in (
        ("Error", registers.ERROR),
        ("Warning", registers.WARNING),
        ("Hint", registers.HINT),
    ):
        yield Flag(installation, name.lower(), name, address, "problem")


def running(installation: Installation, noun: str, number: int) -> Flag:
    """Return whether the pump of a mixed group, a dehumidifier or an extra pump runs."""
    if noun == "mixed group":
        address = registers.mixed_group(number)[1]
        name = f"Mixed group {number} pump"
        return Flag(installation, f"mixed-{number}-pump", name, address, "running")
    address = (registers.pump if noun == "pump" else registers.dehumidifier)(number)
    name = f"{noun.capitalize()} {number}"
    return Flag(installation, f"{noun}-{number}", name, address, "running")
