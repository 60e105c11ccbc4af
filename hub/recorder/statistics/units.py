"""Units of statistics: which class a unit belongs to, and how its numbers turn into another's.

The names of the classes are those that clients know (`unit_class`).
"""

from collections.abc import Callable, Mapping
from typing import Final

_RATIO: Final[Mapping[str, Mapping[str | None, float]]] = {
    "apparent_power": {"mVA": 1e-3, "VA": 1.0, "kVA": 1e3},
    "area": {
        "mm²": 1e-6,
        "cm²": 1e-4,
        "m²": 1.0,
        "km²": 1e6,
        "ha": 1e4,
        "in²": 0.0254**2,
        "ft²": 0.3048**2,
        "yd²": 0.9144**2,
        "mi²": 1609.344**2,
        "ac": 4046.8564224,
    },
    "conductivity": {"µS/cm": 1.0, "mS/cm": 1e3, "S/cm": 1e6},
    "data_rate": {
        "bit/s": 1.0,
        "kbit/s": 1e3,
        "Mbit/s": 1e6,
        "Gbit/s": 1e9,
        "B/s": 8.0,
        "kB/s": 8e3,
        "MB/s": 8e6,
        "GB/s": 8e9,
        "KiB/s": 8.0 * 2**10,
        "MiB/s": 8.0 * 2**20,
        "GiB/s": 8.0 * 2**30,
    },
    "distance": {
        "mm": 1e-3,
        "cm": 1e-2,
        "m": 1.0,
        "km": 1e3,
        "in": 0.0254,
        "ft": 0.3048,
        "yd": 0.9144,
        "mi": 1609.344,
        "nmi": 1852.0,
    },
    "duration": {
        "µs": 1e-6,
        "ms": 1e-3,
        "s": 1.0,
        "min": 60.0,
        "h": 3600.0,
        "d": 86400.0,
        "w": 604800.0,
    },
    "electric_current": {"mA": 1e-3, "A": 1.0},
    "energy": {
        "J": 1.0,
        "kJ": 1e3,
        "MJ": 1e6,
        "GJ": 1e9,
        "mWh": 3.6,
        "Wh": 3.6e3,
        "kWh": 3.6e6,
        "MWh": 3.6e9,
        "GWh": 3.6e12,
        "TWh": 3.6e15,
        "cal": 4.184,
        "kcal": 4.184e3,
        "Mcal": 4.184e6,
        "Gcal": 4.184e9,
    },
    "information": {
        "bit": 1.0,
        "kbit": 1e3,
        "Mbit": 1e6,
        "Gbit": 1e9,
        "B": 8.0,
        "kB": 8e3,
        "MB": 8e6,
        "GB": 8e9,
        "TB": 8e12,
        "PB": 8e15,
        "KiB": 8.0 * 2**10,
        "MiB": 8.0 * 2**20,
        "GiB": 8.0 * 2**30,
        "TiB": 8.0 * 2**40,
        "PiB": 8.0 * 2**50,
    },
    "mass": {
        "µg": 1e-9,
        "mg": 1e-6,
        "g": 1e-3,
        "kg": 1.0,
        "oz": 0.028349523125,
        "lb": 0.45359237,
        "st": 6.35029318,
    },
    "power": {
        "mW": 1e-3,
        "W": 1.0,
        "kW": 1e3,
        "MW": 1e6,
        "GW": 1e9,
        "TW": 1e12,
        "BTU/h": 0.29307107017222,
    },
    "pressure": {
        "mPa": 1e-3,
        "Pa": 1.0,
        "hPa": 1e2,
        "mbar": 1e2,
        "kPa": 1e3,
        "cbar": 1e3,
        "bar": 1e5,
        "mmHg": 133.322387415,
        "inHg": 3386.388640341,
        "inH₂O": 249.08891,
        "psi": 6894.757293168,
    },
    "reactive_energy": {"varh": 1.0, "kvarh": 1e3},
    "reactive_power": {"mvar": 1e-3, "var": 1.0, "kvar": 1e3},
    "speed": {
        "mm/d": 1e-3 / 86400,
        "mm/h": 1e-3 / 3600,
        "mm/s": 1e-3,
        "m/min": 1 / 60,
        "m/s": 1.0,
        "km/h": 1 / 3.6,
        "in/d": 0.0254 / 86400,
        "in/h": 0.0254 / 3600,
        "in/s": 0.0254,
        "ft/s": 0.3048,
        "mph": 0.44704,
        "kn": 1852 / 3600,
    },
    "unitless": {None: 1.0, "%": 1e-2, "‰": 1e-3, "ppm": 1e-6, "ppb": 1e-9},
    "voltage": {"µV": 1e-6, "mV": 1e-3, "V": 1.0, "kV": 1e3, "MV": 1e6},
    "volume": {
        "mL": 1e-6,
        "L": 1e-3,
        "m³": 1.0,
        "fl. oz.": 29.5735295625e-6,
        "gal": 3.785411784e-3,
        "ft³": 0.028316846592,
        "CCF": 2.8316846592,
        "MCF": 28.316846592,
    },
    "volume_flow_rate": {
        "mL/s": 1e-6,
        "L/s": 1e-3,
        "L/min": 1e-3 / 60,
        "L/h": 1e-3 / 3600,
        "m³/s": 1.0,
        "m³/min": 1 / 60,
        "m³/h": 1 / 3600,
        "ft³/min": 0.028316846592 / 60,
        "gal/min": 3.785411784e-3 / 60,
        "gal/h": 3.785411784e-3 / 3600,
        "gal/d": 3.785411784e-3 / 86400,
    },
}
_TEMPERATURE: Final[Mapping[str | None, tuple[float, float]]] = {
    "°C": (1.0, 0.0),
    "°F": (5 / 9, -160 / 9),
    "K": (1.0, -273.15),
}
"""Factor and offset to degrees Celsius."""

_CLASSES: Final[dict[str | None, str]] = {
    **{unit: name for name, units in _RATIO.items() for unit in units},
    **dict.fromkeys(_TEMPERATURE, "temperature"),
}


def class_of(unit: str | None) -> str | None:
    """Return the class of a unit, None for one whose numbers can not be turned into others."""
    return _CLASSES.get(unit)


def units_of(unit_class: str) -> list[str | None]:
    """Return the units of a class; empty for a class that does not exist."""
    return [unit for unit, name in _CLASSES.items() if name == unit_class]


def converter(
    unit: str | None, wanted: str | None, *, difference: bool = False
) -> Callable[[float], float] | None:
    """Return what turns numbers of a unit into those of another, None where that is impossible.

    `difference` = the numbers are differences (20 K are 36 °F, not -423).
    """
    kind = _CLASSES.get(unit)
    if kind is None or _CLASSES.get(wanted) != kind:
        return None
    if unit == wanted:
        return lambda value: value
    if kind == "temperature":
        factor, offset = _TEMPERATURE[unit]
        theirs, shift = _TEMPERATURE[wanted]
        if difference:
            offset = shift = 0.0
        return lambda value: (value * factor + offset - shift) / theirs
    ratio = _RATIO[kind][unit] / _RATIO[kind][wanted]
    return lambda value: value * ratio
