"""A zone as a thermostat: set point, presets of the base, and modes that follow the season."""

from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, Final

from hub.sdk import ClimateEntity, ClimateFeature, HVACMode, ServiceValidationError
from integrations.neasmart.coordinator import Installation
from integrations.neasmart.entity import LineEntity, commands, tidy, timestamp, zone_device
from integrations.neasmart.models import Zone
from integrations.neasmart.registers import (
    MODE,
    SETPOINT_MAX,
    SETPOINT_MIN,
    ZONE_HUMIDITY,
    ZONE_SETPOINT,
    ZONE_STATE,
    ZONE_TEMPERATURE,
    Kind,
    Mode,
    State,
    encode_setpoint,
    label,
)

_SEASONS: Final[dict[int, HVACMode]] = {
    Mode.HEATING: HVACMode.HEAT,
    Mode.MANUAL_HEATING: HVACMode.HEAT,
    Mode.COOLING: HVACMode.COOL,
    Mode.MANUAL_COOLING: HVACMode.COOL,
}
PRESETS: Final = tuple(state.name.lower() for state in State)


class ZoneClimate(LineEntity, ClimateEntity):
    """The zone itself; every attribute updates on its own, whatever the others lack."""

    translation_key = "zone"
    preset_modes = PRESETS
    min_temp = SETPOINT_MIN
    max_temp = SETPOINT_MAX
    target_temp_step = 0.5
    supported_features = (
        ClimateFeature.TARGET_TEMPERATURE
        | ClimateFeature.PRESET_MODE
        | ClimateFeature.TURN_ON
        | ClimateFeature.TURN_OFF
    )

    def __init__(self, installation: Installation, zone: Zone) -> None:
        """Show one zone."""
        first = zone.address
        self._state = first + ZONE_STATE
        self._setpoint = first + ZONE_SETPOINT
        self._temperature = first + ZONE_TEMPERATURE
        self._humidity: int | None = None
        super().__init__(installation, f"{zone.key}-climate", zone_device(installation, zone))
        self.measure(zone)

    def measure(self, zone: Zone) -> None:
        """Show the humidity where the zone has a sensor, and no longer where it has none."""
        addresses = (self._temperature, self._state, self._setpoint, MODE)
        self._humidity = zone.address + ZONE_HUMIDITY if zone.humidity else None
        self.show(addresses if self._humidity is None else (*addresses, self._humidity))

    @property
    def hvac_modes(self) -> Sequence[HVACMode]:  # type: ignore[override] # it follows the season
        """Return off and the mode of the season."""
        return (HVACMode.OFF, self._season)

    @property
    def hvac_mode(self) -> HVACMode:
        """Return off in standby, else the mode of the season."""
        return HVACMode.OFF if self.value(self._state) == State.STANDBY else self._season

    @property
    def current_temperature(self) -> float | None:
        """Return the fresh room temperature."""
        return self._fresh(self._temperature)

    @property
    def current_humidity(self) -> float | None:
        """Return the fresh relative humidity, where there is a sensor."""
        return None if self._humidity is None else self._fresh(self._humidity)

    @property
    def target_temperature(self) -> float | None:
        """Return the wish while it is under way, else the base's set point."""
        return tidy(self.value(self._setpoint))

    @property
    def preset_mode(self) -> str | None:
        """Return the zone's state by name."""
        return label(Kind.STATE, self.value(self._state))

    @property
    def extra_attributes(self) -> Mapping[str, Any]:
        """Return quality, age, an old temperature, and how the newest command fares."""
        reading = self.reading
        found: dict[str, Any] = {"quality": reading.quality, "last_report": timestamp(reading.at)}
        if reading.quality == "stale":
            found["last_temperature"] = tidy(reading.value)
        if reading.reason is not None:
            found["reason"] = reading.reason
        number = self.image.reading(self._state).value
        if number is not None and label(Kind.STATE, number) is None:
            found["unknown_state_number"] = number
        found |= commands(self, {"temperature": self._setpoint, "preset_mode": self._state})
        return found

    def handle_set_temperature(
        self, temperature: float, hvac_mode: str | None = None
    ) -> Awaitable[None] | None:
        """Check the step too before anything is sent."""
        if (temperature / self.target_temp_step) % 1:
            raise ServiceValidationError(
                f"Invalid temperature for {self.entity_id}: {temperature:g} "
                f"(steps of {self.target_temp_step:g})"
            )
        return super().handle_set_temperature(temperature, hvac_mode)

    def set_temperature(self, temperature: float) -> None:
        """Queue a set point in degrees Celsius."""
        raw = encode_setpoint(temperature, fahrenheit=self.image.fahrenheit)
        self.command(self._setpoint, raw)

    def set_preset_mode(self, preset_mode: str) -> None:
        """Queue a state."""
        self.command(self._state, State[preset_mode.upper()])

    def set_hvac_mode(self, hvac_mode: HVACMode) -> None:
        """Queue standby for off; leave standby for normal, keep any other state."""
        if hvac_mode is HVACMode.OFF:
            self.command(self._state, State.STANDBY)
        elif self.value(self._state) in (None, State.STANDBY):
            self.command(self._state, State.NORMAL)

    @property
    def _season(self) -> HVACMode:
        mode = self.value(MODE)
        return HVACMode.AUTO if mode is None else _SEASONS.get(int(mode), HVACMode.AUTO)

    def _fresh(self, address: int) -> float | None:
        reading = self.image.reading(address)
        return tidy(reading.value) if reading.quality == "good" else None
