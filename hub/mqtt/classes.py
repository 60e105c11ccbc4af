"""Device classes and their units, as Home Assistant's MQTT platforms accept them.

Only classes that every consumer since 2025.4 knows: a class that the consumer does not know costs
the entity. An empty set of units means that the class takes none, None that it takes any.
"""

from typing import Final

Units = frozenset[str] | None

_CONCENTRATION = frozenset(("µg/m³", "μg/m³", "mg/m³"))
_PRESSURE = frozenset(
    ("Pa", "hPa", "kPa", "bar", "cbar", "mbar", "mmHg", "inHg", "psi", "mPa", "MPa", "inH₂O")
)
_ENERGY = frozenset(
    ("J", "kJ", "MJ", "GJ", "mWh", "Wh", "kWh", "MWh", "GWh", "TWh", "cal", "kcal", "Mcal", "Gcal")
)
_SPEED = frozenset(("m/s", "km/h", "mph", "ft/s", "kn", "in/s", "mm/s", "m/min", "Beaufort"))
_VOLUME = frozenset(("m³", "L", "mL", "ft³", "CCF", "gal", "fl. oz."))
_NONE: Final[frozenset[str]] = frozenset()

NUMBERS: Final[dict[str, Units]] = {
    "apparent_power": frozenset(("VA", "mVA", "kVA")),
    "aqi": _NONE,
    "area": None,
    "atmospheric_pressure": _PRESSURE,
    "battery": frozenset("%"),
    "blood_glucose_concentration": frozenset(("mg/dL", "mmol/L")),
    "carbon_dioxide": frozenset(("ppm",)),
    "carbon_monoxide": frozenset(("ppm",)),
    "conductivity": None,
    "current": frozenset(("A", "mA")),
    "data_rate": None,
    "data_size": None,
    "distance": frozenset(("mm", "cm", "m", "km", "in", "ft", "yd", "mi")),
    "duration": frozenset(("d", "h", "min", "s", "ms")),
    "energy": _ENERGY,
    "energy_storage": _ENERGY,
    "frequency": frozenset(("Hz", "kHz", "MHz", "GHz")),
    "gas": frozenset(("m³", "ft³", "CCF", "L")),
    "humidity": frozenset("%"),
    "illuminance": frozenset(("lx",)),
    "irradiance": frozenset(("W/m²",)),
    "moisture": frozenset("%"),
    "monetary": None,
    "nitrogen_dioxide": _CONCENTRATION,
    "nitrogen_monoxide": _CONCENTRATION,
    "nitrous_oxide": _CONCENTRATION,
    "ozone": _CONCENTRATION,
    "ph": _NONE,
    "pm1": _CONCENTRATION,
    "pm10": _CONCENTRATION,
    "pm25": _CONCENTRATION,
    "power": frozenset(("mW", "W", "kW", "MW", "GW", "TW")),
    "power_factor": frozenset("%"),
    "precipitation": frozenset(("mm", "cm", "in")),
    "precipitation_intensity": frozenset(("mm/h", "mm/d", "in/h", "in/d")),
    "pressure": _PRESSURE,
    "reactive_power": frozenset(("var", "mvar", "kvar")),
    "signal_strength": frozenset(("dB", "dBm")),
    "sound_pressure": frozenset(("dB", "dBA")),
    "speed": _SPEED,
    "sulphur_dioxide": _CONCENTRATION,
    "temperature": frozenset(("°C", "°F", "K")),
    "volatile_organic_compounds": _CONCENTRATION,
    "volatile_organic_compounds_parts": frozenset(("ppm", "ppb")),
    "voltage": frozenset(("V", "mV", "µV", "μV", "kV", "MV")),
    "volume": _VOLUME,
    "volume_flow_rate": None,
    "volume_storage": _VOLUME,
    "water": _VOLUME,
    "weight": frozenset(("kg", "g", "mg", "µg", "μg", "oz", "lb", "st")),
    "wind_direction": frozenset(("°",)),
    "wind_speed": _SPEED,
}
"""Classes of sensor and number."""

UNITLESS: Final = frozenset(("aqi", "ph", "power_factor"))
"""Classes that may also come without a unit."""

TEXTS: Final = frozenset(("date", "enum", "timestamp"))
"""Classes of sensor alone, without a unit."""

CLASSES: Final[dict[str, frozenset[str]]] = {
    "sensor": frozenset(NUMBERS) | TEXTS,
    "number": frozenset(NUMBERS),
    "binary_sensor": frozenset(
        (
            "battery",
            "battery_charging",
            "carbon_monoxide",
            "cold",
            "connectivity",
            "door",
            "garage_door",
            "gas",
            "heat",
            "light",
            "lock",
            "moisture",
            "motion",
            "moving",
            "occupancy",
            "opening",
            "plug",
            "power",
            "presence",
            "problem",
            "running",
            "safety",
            "smoke",
            "sound",
            "tamper",
            "update",
            "vibration",
            "window",
        )
    ),
    "button": frozenset(("identify", "restart", "update")),
    "climate": frozenset(),
    "event": frozenset(("button", "doorbell", "motion")),
    "select": frozenset(),
    "switch": frozenset(("outlet", "switch")),
    "text": frozenset(),
    "update": frozenset(("firmware",)),
}
"""Device classes by platform."""
