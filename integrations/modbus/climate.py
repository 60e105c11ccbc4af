"""A thermostat, fan coil or heat pump: several registers that each may be unknown by itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hub.sdk import ClimateEntity, ClimateFeature, HVACAction, HVACMode
from integrations.modbus.entity import ControlEntity
from integrations.modbus.mapping.models import EntitySpec, Value
from integrations.modbus.mapping.units import wanted
from integrations.modbus.polling.readings import Origin, Quality

if TYPE_CHECKING:
    from integrations.modbus.polling.device import Device


@dataclass(frozen=True, slots=True)
class Choice:
    """A register and what its values mean."""

    register: str
    names: Mapping[Value, str]

    @classmethod
    def of(cls, fields: Mapping[str, Any] | None, values: str = "modes") -> "Choice | None":
        """Return the choice that a definition's fields describe."""
        return None if fields is None else cls(fields["register"], fields[values])

    def name(self, value: Value | None) -> str | None:
        """Return what a value means; None = nothing."""
        return None if value is None else self.names.get(value)

    def value(self, name: str) -> Value:
        """Return the first value of a meaning."""
        return next(value for value, meaning in self.names.items() if meaning == name)

    @property
    def options(self) -> tuple[str, ...]:
        """Return every meaning once."""
        return tuple(dict.fromkeys(self.names.values()))


@dataclass(frozen=True, slots=True)
class OnOff:
    """A register that turns the whole on and off."""

    register: str
    on: Value
    off: Value


class RegisterClimate(ControlEntity, ClimateEntity):
    """A zone; it is there while any of its registers can be trusted."""

    def __init__(self, source: "Device", spec: EntitySpec) -> None:
        """Show and set what a definition says; its temperatures are degrees Celsius."""
        super().__init__(source, spec)
        fields = spec.fields
        self._measured: str | None = fields["current_temperature"]
        self._humidity: str | None = fields["current_humidity"]
        self._target: str | None = fields["target_temperature"]
        self._mode = Choice.of(fields["hvac_mode"])
        self._fan = Choice.of(fields["fan_mode"])
        self._preset = Choice.of(fields["preset_mode"])
        self._action = Choice.of(fields["hvac_action"], "actions")
        outputs = {HVACAction.HEATING: fields["heating"], HVACAction.COOLING: fields["cooling"]}
        self._outputs = {action: key for action, key in outputs.items() if key is not None}
        on_off = fields["on_off"]
        self._on_off = None if on_off is None else OnOff(**on_off)
        self._fixed = HVACMode(fields["fixed_mode"])
        self.min_temp, self.max_temp = fields["min_temp"], fields["max_temp"]
        self.target_temp_step = fields["step"]
        self.fan_modes = () if self._fan is None else self._fan.options
        self.preset_modes = () if self._preset is None else self._preset.options
        self.hvac_modes = self._modes()
        self.supported_features = self._features()

    @property
    def available(self) -> bool:
        """Tell whether anything of it can be trusted."""
        by_key = self.source.definition.by_key
        read = [key for key in self.registers if by_key[key].is_read]
        if not read:
            return self.source.available
        return any(self.source.reading(key).quality is Quality.GOOD for key in read)

    @property
    def hvac_mode(self) -> HVACMode | None:
        """Return off while it is turned off, else what the register of the mode shows."""
        if self._on_off is not None:
            value = self.value(self._on_off.register)
            if value == self._on_off.off:
                return HVACMode.OFF
            if value != self._on_off.on:
                return None
        if self._mode is None:
            return self._fixed
        name = self._mode.name(self.value(self._mode.register))
        return None if name is None else HVACMode(name)

    @property
    def hvac_action(self) -> HVACAction | None:
        """Return what it is doing."""
        if self._action is not None or not self._outputs:
            name = self._shown(self._action)
            return None if name is None else HVACAction(name)
        values = {action: self.value(key) for action, key in self._outputs.items()}
        for action, value in values.items():
            if value:
                return action
        if None in values.values():
            return None
        return HVACAction.OFF if self.hvac_mode is HVACMode.OFF else HVACAction.IDLE

    @property
    def current_temperature(self) -> float | None:
        """Return the measured temperature."""
        return None if self._measured is None else self.number(self._measured)

    @property
    def current_humidity(self) -> float | None:
        """Return the measured humidity."""
        return None if self._humidity is None else self.number(self._humidity)

    @property
    def target_temperature(self) -> float | None:
        """Return the set point."""
        return None if self._target is None else self.number(self._target)

    @property
    def preset_mode(self) -> str | None:
        """Return the preset."""
        return self._shown(self._preset)

    @property
    def fan_mode(self) -> str | None:
        """Return the fan's stage."""
        return self._shown(self._fan)

    @property
    def extra_attributes(self) -> Mapping[str, Any]:
        """Say of any part whether it is assumed, and why the mode is not known."""
        found = dict(super().extra_attributes)
        readings = [self.source.reading(key) for key in self.registers]
        if any(reading.origin is Origin.ASSUMED for reading in readings):
            found["assumed_state"] = True
        if self.available and self.hvac_mode is None:
            found["reason"] = self._why()
        return found

    async def set_temperature(self, temperature: float) -> None:
        """Write the set point."""
        await self.send(self._set_point(temperature))

    async def set_hvac_mode(self, hvac_mode: HVACMode) -> None:
        """Write the mode; leaving off turns it on first."""
        await self.send(self._to(hvac_mode))

    async def set_both(self, temperature: float, hvac_mode: HVACMode) -> None:
        """Write mode and set point as one."""
        await self.send({**self._to(hvac_mode), **self._set_point(temperature)})

    async def set_preset_mode(self, preset_mode: str) -> None:
        """Write the preset."""
        await self._choose(self._preset, preset_mode)

    async def set_fan_mode(self, fan_mode: str) -> None:
        """Write the fan's stage."""
        await self._choose(self._fan, fan_mode)

    async def turn_on(self) -> None:
        """Turn it on in the mode that it had; without such a register, in its first mode."""
        if self._on_off is not None:
            await self.send({self._on_off.register: self._on_off.on})
        else:
            await self.set_hvac_mode(next(mode for mode in self.hvac_modes if mode != "off"))

    # private

    def _modes(self) -> tuple[HVACMode, ...]:
        names = [str(self._fixed)] if self._mode is None else list(self._mode.options)
        first = [] if self._on_off is None else [HVACMode.OFF]
        return tuple(dict.fromkeys([*first, *map(HVACMode, names)]))

    def _features(self) -> ClimateFeature:
        found = ClimateFeature(0)
        if self._target is not None:
            found |= ClimateFeature.TARGET_TEMPERATURE
        if self._fan is not None:
            found |= ClimateFeature.FAN_MODE
        if self._preset is not None:
            found |= ClimateFeature.PRESET_MODE
        if HVACMode.OFF in self.hvac_modes and len(self.hvac_modes) > 1:
            found |= ClimateFeature.TURN_ON | ClimateFeature.TURN_OFF
        return found

    def _shown(self, choice: Choice | None) -> str | None:
        return None if choice is None else choice.name(self.value(choice.register))

    def _why(self) -> str:
        """Return why the mode is not known."""
        keys = [part.register for part in (self._on_off, self._mode) if part is not None]
        for key in keys:
            reading = self.source.reading(key)
            if reading.quality is not Quality.GOOD or reading.value is None:
                return reading.reason or "never_received"
        return "not_mapped"

    def _to(self, mode: HVACMode) -> dict[str, Value]:
        """Return what to write for a mode, in order."""
        on_off, found = self._on_off, dict[str, Value]()
        if on_off is not None:
            if mode is HVACMode.OFF:
                return {on_off.register: on_off.off}
            waits = self.source.pending(on_off.register) is not None
            if waits or self.value(on_off.register) != on_off.on:
                found[on_off.register] = on_off.on
        if self._mode is not None:
            found[self._mode.register] = self._mode.value(mode)
        return found

    def _set_point(self, temperature: float) -> dict[str, Value]:
        if self._target is None:
            return {}
        register = self.source.definition.by_key[self._target]
        return {self._target: wanted(register, temperature)}

    async def _choose(self, choice: Choice | None, name: str) -> None:
        if choice is not None:
            await self.send({choice.register: choice.value(name)})
