"""A hub of real parts, without API and integrations, for the tests of the MQTT room."""

from collections.abc import Awaitable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from hub.audit import Audit
from hub.automation.webhooks import Webhooks
from hub.config.settings import MqttSettings
from hub.entities import DeviceInfo, Entity, EntityIndex
from hub.entities.kinds import (
    BinarySensorEntity,
    ButtonEntity,
    ClimateEntity,
    ClimateFeature,
    EventEntity,
    HVACMode,
    NumberEntity,
    SelectEntity,
    SensorEntity,
    SwitchEntity,
    UpdateEntity,
    UpdateFeature,
)
from hub.events import EventBus
from hub.hub import Hub
from hub.mqtt import Mqtt
from hub.observe.diagnostics import Diagnostics
from hub.observe.health import Health
from hub.observe.loop import LoopProbe
from hub.observe.metrics import Metrics
from hub.observe.syslog import SystemLog
from hub.registry import (
    AreaRegistry,
    DeviceRegistry,
    EntityRegistry,
    FloorRegistry,
    LabelRegistry,
)
from hub.services import ServiceRegistry
from hub.states import StateMachine
from hub.storage import Database, Documents
from hub.util.clock import SystemClock
from hub.util.tasks import Tasks

ZONE = DeviceInfo(frozenset({("test", "z1")}), "Living", "Rehau", "Zone")
BOX = DeviceInfo(frozenset({("test", "box")}), "Box")


class Here:
    """Availability that a test switches."""

    here = True

    @property
    def available(self) -> bool:
        return self.here


class Zone(Here, ClimateEntity):
    unique_id = "z1"
    device = ZONE
    supported_features = (
        ClimateFeature.TARGET_TEMPERATURE | ClimateFeature.PRESET_MODE | ClimateFeature.TURN_OFF
    )
    hvac_modes = (HVACMode.OFF, HVACMode.HEAT)
    preset_modes = ("eco", "party")
    min_temp, max_temp = 5, 30
    target, mode, preset, current = 21.0, HVACMode.HEAT, "eco", 20.5

    @property
    def target_temperature(self) -> float:
        return self.target

    @property
    def current_temperature(self) -> float:
        return self.current

    @property
    def hvac_mode(self) -> HVACMode:
        return self.mode

    @property
    def preset_mode(self) -> str:
        return self.preset

    def set_temperature(self, temperature: float) -> Awaitable[None] | None:
        self.target = temperature
        self.write()
        return None

    def set_hvac_mode(self, hvac_mode: HVACMode) -> Awaitable[None] | None:
        self.mode = hvac_mode
        self.write()
        return None

    def set_preset_mode(self, preset_mode: str) -> Awaitable[None] | None:
        self.preset = preset_mode
        self.write()
        return None


class Sensor(Here, SensorEntity):
    def __init__(self, unique_id: str, device: DeviceInfo | None = ZONE, **more: Any) -> None:
        self.unique_id, self.device = unique_id, device
        self.name = more.pop("name", unique_id)
        self.value: str | float | None = 1
        for key, value in more.items():
            setattr(self, key, value)

    @property
    def native_value(self) -> str | float | None:
        return self.value

    def show(self, value: str | float | None) -> None:
        self.value = value
        self.write()


class Switch(Here, SwitchEntity):
    unique_id, name, device = "pump", "Pump", BOX
    on: bool | None = False

    @property
    def is_on(self) -> bool | None:
        return self.on

    def turn_on(self) -> Awaitable[None] | None:
        self.on = True
        self.write()
        return None

    def turn_off(self) -> Awaitable[None] | None:
        self.on = False
        self.write()
        return None


class Number(NumberEntity):
    unique_id, name, device = "limit", "Limit", BOX
    value = 5.0

    @property
    def native_value(self) -> float:
        return self.value

    def set_value(self, value: float) -> Awaitable[None] | None:
        self.value = value
        self.write()
        return None


class Select(SelectEntity):
    unique_id, name, device = "season", "Season", BOX
    options = ("summer", "winter")
    chosen = "winter"

    @property
    def current_option(self) -> str:
        return self.chosen

    def select_option(self, option: str) -> Awaitable[None] | None:
        self.chosen = option
        self.write()
        return None


class Button(ButtonEntity):
    unique_id, name, device = "identify", "Identify", BOX
    presses = 0

    def press(self) -> Awaitable[None] | None:
        self.presses += 1
        return None


class Bell(EventEntity):
    unique_id, name, device = "bell", "Bell", BOX
    event_types = ("ring", "hold")


class Fault(BinarySensorEntity):
    unique_id, name, device, device_class = "fault", "Fault", BOX, "problem"

    @property
    def is_on(self) -> bool | None:
        return None


class Firmware(UpdateEntity):
    unique_id, name, device = "firmware", "Firmware", BOX
    supported_features = UpdateFeature.INSTALL
    installed = "1.0"

    @property
    def installed_version(self) -> str:
        return self.installed

    @property
    def latest_version(self) -> str:
        return "2.0"

    def install(self, version: str | None, backup: bool) -> Awaitable[None] | None:
        self.installed = version or "2.0"
        self.write()
        return None


@dataclass
class House:
    hub: Hub
    mqtt: Mqtt
    zone: Zone
    sensor: Sensor
    switch: Switch
    closed: bool = False

    @classmethod
    async def build(cls, data: Path, settings: MqttSettings) -> "House":
        """Open the database of `data` and make a hub with an MQTT room that is not started."""
        data.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - before anything runs
        clock, tasks = SystemClock(), Tasks()
        bus = EventBus(tasks)
        database = Database(data / "hub.db")
        await database.open()
        floors, labels = FloorRegistry(bus, database, clock), LabelRegistry(bus, database, clock)
        areas, devices = AreaRegistry(bus, database, clock), DeviceRegistry(bus, database, clock)
        entity_registry = EntityRegistry(bus, database, clock)
        hub = Hub(
            settings=cast("Any", SimpleNamespace(mqtt=settings)),
            config_dir=data,
            data_dir=data,
            clock=clock,
            tasks=tasks,
            bus=bus,
            states=StateMachine(bus, clock.time),
            services=ServiceRegistry(bus),
            database=database,
            documents=Documents(database),
            secrets=cast("Any", None),
            areas=areas,
            floors=floors,
            labels=labels,
            devices=devices,
            entity_registry=entity_registry,
            entities=EntityIndex(),
            audit=Audit(database, clock, bytes(32)),
            auth=cast("Any", None),
            jobs=cast("Any", None),
            runners=cast("Any", None),
            resources=cast("Any", None),
            metrics=Metrics(),
            diagnostics=Diagnostics(),
            health=Health(clock),
            system_log=SystemLog(),
            probe=LoopProbe(),
            hub_id="0" * 32,
            webhooks=Webhooks(),
        )
        for registry in (floors, labels, areas, devices, entity_registry):
            await registry.load()
        hub.entities.start(hub)
        mqtt = Mqtt(hub, settings, data)
        temperature = {"device_class": "temperature", "unit": "°C", "name": "Temperature"}
        return cls(hub, mqtt, Zone(), Sensor("temperature", **temperature), Switch())

    async def furnish(self) -> None:
        """Add one entity of each kind, and one without a device."""
        await self.hub.entities.add(
            "test",
            [
                self.zone,
                self.sensor,
                self.switch,
                Number(),
                Select(),
                Button(),
                Bell(),
                Fault(),
                Firmware(),
                Sensor("alone", None),
            ],
        )

    async def add(self, *entities: Entity) -> None:
        """Add more entities."""
        await self.hub.entities.add("test", entities)

    async def start(self) -> None:
        """Start MQTT and wait until the broker has been compared with the ledger."""
        await self.mqtt.start()
        await self.mqtt.compared()

    async def settled(self) -> None:
        """Wait until everything is acknowledged, announcements included."""
        await self.mqtt.settled()

    async def close(self) -> None:
        """Stop in the order of the composition root."""
        if self.closed:
            return
        self.closed = True
        await self.mqtt.stop()
        for registry in (self.hub.devices, self.hub.entity_registry):
            await registry.flush()
        await self.hub.tasks.close(1.0)
        await self.hub.database.close()
