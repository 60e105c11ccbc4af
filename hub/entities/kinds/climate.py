"""A heating or cooling zone."""

from collections.abc import Awaitable, Mapping, Sequence
from enum import IntFlag, StrEnum
from typing import Any, ClassVar

import voluptuous as vol

from hub.entities.entity import Entity
from hub.entities.kinds.values import check_option, check_range
from hub.entities.service import EntityService
from hub.errors import NotSupported
from hub.schema import finite_float, text
from hub.services import Field


class HVACMode(StrEnum):
    """What a zone is told to do; the state of a climate entity."""

    OFF = "off"
    HEAT = "heat"
    COOL = "cool"
    HEAT_COOL = "heat_cool"
    AUTO = "auto"
    DRY = "dry"
    FAN_ONLY = "fan_only"


class HVACAction(StrEnum):
    """What a zone is doing."""

    OFF = "off"
    HEATING = "heating"
    COOLING = "cooling"
    IDLE = "idle"
    DRYING = "drying"
    FAN = "fan"


class ClimateFeature(IntFlag):
    """Feature bits of climate entities (Home Assistant's ClimateEntityFeature)."""

    TARGET_TEMPERATURE = 1
    TARGET_TEMPERATURE_RANGE = 2
    TARGET_HUMIDITY = 4
    FAN_MODE = 8
    PRESET_MODE = 16
    SWING_MODE = 32
    TURN_OFF = 128
    TURN_ON = 256


class ClimateEntity(Entity):
    """A zone with a temperature, a set point, modes, presets and a fan; degrees Celsius."""

    kind = "climate"
    SERVICES: ClassVar = (
        EntityService(
            "set_temperature",
            "handle_set_temperature",
            {vol.Required("temperature"): finite_float, vol.Optional("hvac_mode"): text},
            {
                "temperature": Field(
                    {"number": {"min": 0, "max": 250, "step": 0.1, "mode": "box"}},
                    required=True,
                    name="Temperature",
                ),
                "hvac_mode": Field(
                    {"select": {"options": [mode.value for mode in HVACMode]}}, name="Mode"
                ),
            },
            title="Set temperature",
            features=ClimateFeature.TARGET_TEMPERATURE,
        ),
        EntityService(
            "set_hvac_mode",
            "handle_set_hvac_mode",
            {vol.Required("hvac_mode"): text},
            {
                "hvac_mode": Field(
                    {"select": {"options": [mode.value for mode in HVACMode]}},
                    required=True,
                    name="Mode",
                )
            },
            title="Set mode",
        ),
        EntityService(
            "set_preset_mode",
            "handle_set_preset_mode",
            {vol.Required("preset_mode"): text},
            {"preset_mode": Field({"text": None}, required=True, name="Preset")},
            title="Set preset",
            features=ClimateFeature.PRESET_MODE,
        ),
        EntityService(
            "set_fan_mode",
            "handle_set_fan_mode",
            {vol.Required("fan_mode"): text},
            {"fan_mode": Field({"text": None}, required=True, name="Fan")},
            title="Set fan mode",
            features=ClimateFeature.FAN_MODE,
        ),
        EntityService("turn_on", "turn_on", title="Turn on", features=ClimateFeature.TURN_ON),
        EntityService("turn_off", "turn_off", title="Turn off", features=ClimateFeature.TURN_OFF),
    )
    hvac_modes: Sequence[HVACMode] = ()
    preset_modes: Sequence[str] = ()
    fan_modes: Sequence[str] = ()
    min_temp: float = 7
    max_temp: float = 35
    target_temp_step: float = 0.5

    @property
    def hvac_mode(self) -> HVACMode | None:
        """Return the present mode; None = not known."""
        return None

    @property
    def hvac_action(self) -> HVACAction | None:
        """Return what the zone is doing; None = not known."""
        return None

    @property
    def current_temperature(self) -> float | None:
        """Return the measured temperature; None = not known."""
        return None

    @property
    def current_humidity(self) -> float | None:
        """Return the measured relative humidity in percent; None = not known."""
        return None

    @property
    def target_temperature(self) -> float | None:
        """Return the set point; None = none or not known."""
        return None

    @property
    def preset_mode(self) -> str | None:
        """Return the present preset; None = not known."""
        return None

    @property
    def fan_mode(self) -> str | None:
        """Return how the fan runs; None = not known."""
        return None

    @property
    def state_value(self) -> str | None:
        """Return the mode."""
        mode = self.hvac_mode
        return None if mode is None else mode.value

    @property
    def capability_attributes(self) -> Mapping[str, Any]:
        """Return modes, limits, presets and fan modes."""
        found: dict[str, Any] = {
            "hvac_modes": [mode.value for mode in self.hvac_modes],
            "min_temp": self.min_temp,
            "max_temp": self.max_temp,
            "target_temp_step": self.target_temp_step,
        }
        if self.preset_modes:
            found["preset_modes"] = list(self.preset_modes)
        if self.fan_modes:
            found["fan_modes"] = list(self.fan_modes)
        return found

    @property
    def state_attributes(self) -> Mapping[str, Any]:
        """Return temperatures, humidity, action, preset and fan mode."""
        action = self.hvac_action
        found: dict[str, Any] = {
            "current_temperature": self.current_temperature,
            "temperature": self.target_temperature,
        }
        if (humidity := self.current_humidity) is not None:
            found["current_humidity"] = humidity
        if action is not None:
            found["hvac_action"] = action.value
        if self.preset_modes:
            found["preset_mode"] = self.preset_mode
        if self.fan_modes:
            found["fan_mode"] = self.fan_mode
        return found

    def set_temperature(self, temperature: float) -> Awaitable[None] | None:
        """Set a temperature that is inside the limits."""
        raise NotImplementedError

    def set_hvac_mode(self, hvac_mode: HVACMode) -> Awaitable[None] | None:
        """Set one of `hvac_modes`."""
        raise NotImplementedError

    async def set_both(self, temperature: float, hvac_mode: HVACMode) -> None:
        """Set the mode, and the temperature once that is done."""
        if (result := self.set_hvac_mode(hvac_mode)) is not None:
            await result
        if (result := self.set_temperature(temperature)) is not None:
            await result

    def set_preset_mode(self, preset_mode: str) -> Awaitable[None] | None:
        """Set one of `preset_modes`."""
        raise NotImplementedError

    def set_fan_mode(self, fan_mode: str) -> Awaitable[None] | None:
        """Set one of `fan_modes`."""
        raise NotImplementedError

    def turn_on(self) -> Awaitable[None] | None:
        """Leave `off` for the first other mode."""
        for mode in self.hvac_modes:
            if mode is not HVACMode.OFF:
                return self.set_hvac_mode(mode)
        raise NotSupported(f"{self.entity_id} has no mode but off")

    def turn_off(self) -> Awaitable[None] | None:
        """Set the mode `off`."""
        return self.handle_set_hvac_mode(HVACMode.OFF)

    def handle_set_hvac_mode(self, hvac_mode: str) -> Awaitable[None] | None:
        """Check the mode, then set it."""
        check_option(self.entity_id, "hvac_mode", hvac_mode, self.hvac_modes)
        return self.set_hvac_mode(HVACMode(hvac_mode))

    def handle_set_preset_mode(self, preset_mode: str) -> Awaitable[None] | None:
        """Check the preset, then set it."""
        check_option(self.entity_id, "preset_mode", preset_mode, self.preset_modes)
        return self.set_preset_mode(preset_mode)

    def handle_set_fan_mode(self, fan_mode: str) -> Awaitable[None] | None:
        """Check the fan mode, then set it."""
        check_option(self.entity_id, "fan_mode", fan_mode, self.fan_modes)
        return self.set_fan_mode(fan_mode)

    def handle_set_temperature(
        self, temperature: float, hvac_mode: str | None = None
    ) -> Awaitable[None] | None:
        """Check both values before either is set: the mode first, then the temperature."""
        check_range(self.entity_id, "temperature", temperature, self.min_temp, self.max_temp)
        if hvac_mode is None:
            return self.set_temperature(temperature)
        check_option(self.entity_id, "hvac_mode", hvac_mode, self.hvac_modes)
        return self.set_both(temperature, HVACMode(hvac_mode))
