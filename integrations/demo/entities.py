"""The virtual things: a zone, a lamp, a bell and their readings."""

from typing import ClassVar, Final

from hub.sdk import (
    BinarySensorEntity,
    ButtonEntity,
    ClimateEntity,
    ClimateFeature,
    Clock,
    DeviceInfo,
    Entity,
    EntityCategory,
    EventEntity,
    HVACAction,
    HVACMode,
    NumberEntity,
    SelectEntity,
    SensorEntity,
    StateClass,
    SwitchEntity,
    UpdateEntity,
    UpdateFeature,
)
from integrations.demo.const import DOMAIN

STEP: Final = 0.5
WARM: Final = 21.0
PHASES: Final = ("dawn", "day", "dusk", "night")
SCENES: Final = ("work", "rest", "party")


class DemoHouse:
    """All demo entities, and the step that moves them."""

    def __init__(self, area: str | None) -> None:
        """Make the entities of one pretended device in `area`."""
        device = DeviceInfo(
            identifiers=frozenset({(DOMAIN, "house")}),
            name="Demo",
            manufacturer="Hub",
            model="Virtual house",
            suggested_area=area,
        )
        self.zone = DemoZone()
        self.temperature = DemoTemperature(self.zone)
        self.warm = DemoWarm(self.zone)
        self.phase = DemoPhase()
        self.rang = DemoRang()
        self.entities: list[Entity] = [
            self.zone,
            self.temperature,
            self.warm,
            self.phase,
            self.rang,
            DemoLamp(),
            DemoScene(),
            DemoLevel(),
            DemoBell(self.rang),
            DemoFirmware(),
        ]
        for entity in self.entities:
            entity.device = device

    async def run(self, clock: Clock, interval: float) -> None:
        """Step for ever, every `interval` seconds."""
        while True:
            await clock.sleep(interval)
            self.step()

    def step(self) -> None:
        """Move the zone's temperature and the phase of the day."""
        self.zone.step()
        self.phase.step()
        for entity in (self.zone, self.temperature, self.warm, self.phase):
            entity.write()


class DemoZone(ClimateEntity):
    """A zone that follows its set point half a degree at a time."""

    unique_id = "zone"
    name = "Zone"
    hvac_modes = (HVACMode.OFF, HVACMode.HEAT, HVACMode.COOL)
    preset_modes = ("normal", "reduced", "party")
    fan_modes = ("auto", "low", "high")
    min_temp, max_temp = 5, 40
    supported_features = (
        ClimateFeature.TARGET_TEMPERATURE
        | ClimateFeature.PRESET_MODE
        | ClimateFeature.FAN_MODE
        | ClimateFeature.TURN_ON
        | ClimateFeature.TURN_OFF
    )
    hvac_mode = HVACMode.HEAT
    preset_mode = "normal"
    fan_mode = "auto"
    current_temperature = 19.0
    current_humidity = 45.0
    target_temperature = 21.0

    @property
    def hvac_action(self) -> HVACAction:
        """Compare the temperature with the set point."""
        distance = self.target_temperature - self.current_temperature
        if self.hvac_mode is HVACMode.HEAT and distance > 0:
            return HVACAction.HEATING
        if self.hvac_mode is HVACMode.COOL and distance < 0:
            return HVACAction.COOLING
        return HVACAction.OFF if self.hvac_mode is HVACMode.OFF else HVACAction.IDLE

    def step(self) -> None:
        """Come half a degree nearer."""
        if self.hvac_action in (HVACAction.HEATING, HVACAction.COOLING):
            distance = self.target_temperature - self.current_temperature
            self.current_temperature += max(-STEP, min(STEP, distance))

    def set_temperature(self, temperature: float) -> None:
        """Take a new set point."""
        self.target_temperature = temperature
        self.write()

    def set_hvac_mode(self, hvac_mode: HVACMode) -> None:
        """Take a new mode."""
        self.hvac_mode = hvac_mode
        self.write()

    def set_preset_mode(self, preset_mode: str) -> None:
        """Take a new preset."""
        self.preset_mode = preset_mode
        self.write()

    def set_fan_mode(self, fan_mode: str) -> None:
        """Take a new fan mode."""
        self.fan_mode = fan_mode
        self.write()


class DemoTemperature(SensorEntity):
    """The zone's temperature."""

    unique_id = "temperature"
    name = "Temperature"
    device_class = "temperature"
    unit = "°C"
    state_class = StateClass.MEASUREMENT
    suggested_display_precision = 1

    def __init__(self, zone: DemoZone) -> None:
        """Read `zone`."""
        self._zone = zone

    @property
    def native_value(self) -> float:
        """Return degrees Celsius."""
        return self._zone.current_temperature


class DemoWarm(BinarySensorEntity):
    """Whether the zone is warm."""

    unique_id = "warm"
    name = "Warm"
    device_class = "heat"

    def __init__(self, zone: DemoZone) -> None:
        """Read `zone`."""
        self._zone = zone

    @property
    def is_on(self) -> bool:
        """Tell whether the zone is above 21 °C."""
        return self._zone.current_temperature > WARM


class DemoPhase(SensorEntity):
    """A text of a list, which moves on."""

    unique_id = "phase"
    name = "Phase"
    device_class = "enum"
    options = PHASES
    _place = 0

    @property
    def native_value(self) -> str:
        """Return the present phase."""
        return PHASES[self._place]

    def step(self) -> None:
        """Move to the next phase."""
        self._place = (self._place + 1) % len(PHASES)


class DemoLamp(SwitchEntity):
    """A switch that keeps what it is told."""

    unique_id = "lamp"
    name = "Lamp"
    is_on = False

    def turn_on(self) -> None:
        """Switch on."""
        self.is_on = True
        self.write()

    def turn_off(self) -> None:
        """Switch off."""
        self.is_on = False
        self.write()


class DemoScene(SelectEntity):
    """A choice that keeps what it is told."""

    unique_id = "scene"
    name = "Scene"
    options = SCENES
    current_option = SCENES[0]

    def select_option(self, option: str) -> None:
        """Choose."""
        self.current_option = option
        self.write()


class DemoLevel(NumberEntity):
    """A number that keeps what it is told."""

    unique_id = "level"
    name = "Level"
    unit = "lx"
    max_value = 100_000
    entity_category = EntityCategory.CONFIG
    native_value: float = 50.0

    def set_value(self, value: float) -> None:
        """Set."""
        self.native_value = value
        self.write()


class DemoRang(EventEntity):
    """Tells that the bell rang."""

    unique_id = "bell_rang"
    name = "Bell rang"
    event_types = ("pressed",)


class DemoBell(ButtonEntity):
    """A bell."""

    unique_id = "bell"
    name = "Bell"

    def __init__(self, rang: DemoRang) -> None:
        """Fire `rang` when pressed."""
        self._rang = rang

    def press(self) -> None:
        """Ring."""
        self._rang.trigger("pressed")


class DemoFirmware(UpdateEntity):
    """A firmware that is one version behind."""

    unique_id = "firmware"
    name = "Firmware"
    title = "Demo firmware"
    supported_features = UpdateFeature.INSTALL | UpdateFeature.SPECIFIC_VERSION
    entity_category = EntityCategory.CONFIG
    installed_version = "1.0"
    latest_version = "1.1"
    parallel_calls: ClassVar[int] = 1

    def install(self, version: str | None, backup: bool) -> None:  # noqa: ARG002 - nothing to save
        """Install at once."""
        self.installed_version = version or self.latest_version
        self.write()
