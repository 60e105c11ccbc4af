"""Which entities stand for which part of an installation."""

from hub.sdk import Entity
from integrations.neasmart import binary_sensor, sensor
from integrations.neasmart.climate import ZoneClimate
from integrations.neasmart.coordinator import Installation
from integrations.neasmart.models import Base, Settings, Zone
from integrations.neasmart.select import selects
from integrations.neasmart.switch import SuppressNoise

LINE = "line"
"""The part that every installation has."""


def entities(installation: Installation, part: str) -> list[Entity]:
    """Return the entities of `line`, `base 1`, `zone 1-2`, `mixed group 1`, `pump 3` ..."""
    noun, _, number = part.rpartition(" ")
    match noun:
        case "":
            return [
                *binary_sensor.line_flags(installation),
                *sensor.line_sensors(installation),
                *selects(installation),
                SuppressNoise(installation),
            ]
        case "base":
            base = base_of(installation.settings, part)
            return [binary_sensor.Reporting(installation, base)]
        case "zone":
            zone = zone_of(installation.settings, part)
            measured = [sensor.temperature(installation, zone)]
            if zone.humidity:
                measured.append(sensor.humidity(installation, zone))
            return [ZoneClimate(installation, zone), *measured]
        case _:
            flag = binary_sensor.running(installation, noun, int(number))
            if noun == "mixed group":
                return [flag, *sensor.group_sensors(installation, int(number))]
            return [flag]


def base_of(settings: Settings, part: str) -> Base:
    """Return the base that a part's name stands for."""
    return next(base for base in settings.bases if part == f"base {base.number}")


def zone_of(settings: Settings, part: str) -> Zone:
    """Return the zone that a part's name stands for."""
    zones = (zone for base in settings.bases for zone in base.zones)
    return next(zone for zone in zones if part == f"zone {zone.key}")
