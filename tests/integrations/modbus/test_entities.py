"""Entities of a definition in a running hub, over a real line to a device that obeys the test."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

import integrations.modbus
from hub.config.settings import MqttSettings
from hub.mqtt.discovery import Announcer, DeviceFacts, EntityFacts
from hub.mqtt.topics import Topics
from hub.schema import form
from hub.sdk import (
    BreakerState,
    Entity,
    Hub,
    NotAllowed,
    ServiceValidationError,
    State,
    Unavailable,
    slugify,
)
from hub.util.clock import SystemClock
from integrations.modbus import connection as connections
from integrations.modbus import link_schema, schema
from integrations.modbus.const import DOMAIN
from integrations.modbus.kinds import make
from integrations.modbus.line.client import Line
from integrations.modbus.line.options import LinkOptions, Tcp
from integrations.modbus.mapping import compile as compiling
from integrations.modbus.mapping import library
from integrations.modbus.mapping.models import Reason
from integrations.modbus.mapping.schema import DEFINITION, check_definition
from integrations.modbus.mapping.units import distance, highest, lowest, shown, wanted
from integrations.modbus.polling.device import Device
from integrations.modbus.polling.settings import DeviceSettings, Patience
from tests.peers.house import House
from tests.peers.modbus_fake import FakeDevice
from tests.peers.ports import free_port_number, wait_until

HOLDING = {"table": "holding", "first": 0}
WRITE: dict[str, Any] = {"write": {"verify_tries": 1}}


class Bench:
    """A device in a house, and what its entities show."""

    def __init__(self, hub: Hub, fake: FakeDevice, line: Line) -> None:
        self.hub = hub
        self.fake = fake
        self.line = line
        self.device: Device
        self.unit = fake[1]

    async def build(
        self, registers: Mapping[str, Any], *entities: Mapping[str, Any], **settings: Any
    ) -> list[Entity]:
        """Poll a device with these registers and add its entities; everything has been read."""
        blocks = (
            registers["blocks"]
            if "blocks" in registers
            else [{**HOLDING, "registers": dict(registers)}]
        )
        spec = DEFINITION(
            {"name": "Boiler", "manufacturer": "Acme", "blocks": blocks, "entities": list(entities)}
        )
        check_definition(spec)
        definition = compiling.definition(spec)
        settings = {"patience": Patience(failures=1), **settings}
        self.device = Device(
            "boiler",
            DeviceSettings(name="Boiler", link="cellar", unit=1, **settings),
            definition,
            self.line,
            self.hub.clock,
        )
        found = [make(self.device, item) for item in definition.entities]
        await self.hub.entities.add(DOMAIN, found)
        self.device.start()
        await self.device.refresh()
        return found

    def state(self, entity_id: str) -> State:
        """Return the state of an entity."""
        found = self.hub.states.get(entity_id)
        assert found is not None, entity_id
        return found

    def seen(self, entity_id: str, *names: str) -> tuple[Any, ...]:
        """Return a state and some of its attributes."""
        state = self.state(entity_id)
        return (state.state, *(state.attributes.get(name) for name in names))

    async def call(self, service: str, entity_id: str, **data: Any) -> State:
        """Call a service for one entity."""
        domain, _, name = service.partition(".")
        await self.hub.services.call(domain, name, data, {"entity_id": entity_id})
        return self.state(entity_id)

    async def read(self) -> None:
        """Read everything now."""
        await self.device.refresh()

    async def lose(self) -> None:
        """Let the device fall silent, and find out."""
        self.unit.silent = True
        await self.read()
        assert self.device.breaker.state is BreakerState.OPEN

    async def find(self) -> None:
        """Let the device answer again, and find out."""
        self.unit.silent = False
        while self.device.breaker.state is not BreakerState.CLOSED:
            self.device.breaker.hurry()
            await self.read()

    def written(self) -> list[tuple[int, int]]:
        """Return address and value of the single writes so far, and forget them."""
        found = [(request.start, int.from_bytes(request.pdu[3:5])) for request in self.fake.writes]
        self.fake.log.clear()
        return found


@pytest.fixture
async def bench(house: House) -> AsyncIterator[Bench]:
    """A device on TCP that is not polled yet."""
    async with FakeDevice().on_tcp() as fake:
        options = LinkOptions(Tcp("127.0.0.1", fake.port), timeout=0.1, retries=0)
        line = Line(options, house.hub.clock)
        await line.start()
        made = Bench(house.hub, fake, line)
        yield made
        if hasattr(made, "device"):
            await made.device.stop()
        await line.stop()


# --- what is read


async def test_sensors_show_what_registers_mean(bench: Bench) -> None:
    holding = bench.unit.holding
    holding.update(
        {0: 215, 1: 2, 2: 0b101, 3: 0x4142, 4: 0x4300, 5: 1, 6: 68, 7: 0x6553, 8: 0xF100}
    )
    await bench.build(
        {
            "flow": {"address": 0, "unit": "°C", "scale": 0.1, "precision": 1},
            "mode": {"address": 1, "enum": {0: "off", 1: "heat", 2: "dhw"}},
            "alarms": {"address": 2, "flags": {0: "pump", 1: "sensor", 2: "flame"}},
            "serial": {"address": 3, "type": "string", "length": 2},
            "bit": {"address": 5, "bit": 0},
            "outside": {"address": 6, "unit": "°F"},
            "made": {"address": 7, "type": "uint32"},
        },
        {
            "kind": "sensor", "register": "flow", "device_class": "temperature",
            "state_class": "measurement", "object_id": "flow", "icon": "mdi:pipe",
        },
        {"kind": "sensor", "register": "mode"},
        {"kind": "sensor", "register": "alarms", "category": "diagnostic"},
        {"kind": "sensor", "register": "serial", "enabled": False},
        {"kind": "sensor", "register": "bit"},
        {"kind": "sensor", "register": "outside", "name": None},
        {"kind": "sensor", "register": "made", "device_class": "timestamp"},
    )  # fmt: skip
    flow = bench.state("sensor.flow")
    assert flow.state == "21.5"
    assert flow.attributes["unit_of_measurement"] == "°C"
    assert flow.attributes["state_class"] == "measurement"
    assert flow.attributes["quality"] == "good"
    assert flow.attributes["last_report"].endswith("+00:00")
    assert flow.attributes["icon"] == "mdi:pipe"
    assert bench.seen("sensor.boiler_mode", "device_class", "options") == (
        "dhw", "enum", ["off", "heat", "dhw"]
    )  # fmt: skip
    assert bench.seen("sensor.boiler_alarms", "flags") == ("pump, flame", ["pump", "flame"])
    assert bench.hub.states.get("sensor.boiler_serial") is None
    assert bench.state("sensor.boiler_bit").state == "on"
    assert bench.seen("sensor.boiler", "unit_of_measurement") == ("20.0", "°C")
    assert bench.state("sensor.boiler_made").state == "2023-11-14T22:13:20+00:00"
    entry = bench.hub.entity_registry.get("sensor.flow")
    assert entry is not None
    assert entry.unique_id == "boiler|flow"
    assert entry.options["sensor"] == {"suggested_display_precision": 1}
    alarms = bench.hub.entity_registry.get("sensor.boiler_alarms")
    assert alarms is not None
    assert alarms.entity_category == "diagnostic"
    holding[2] = 0
    await bench.read()
    assert bench.seen("sensor.boiler_alarms", "flags") == ("none", [])


async def test_the_device_is_what_its_definition_says(bench: Bench) -> None:
    await bench.build(
        {"flow": {"address": 0}}, {"kind": "sensor", "register": "flow"}, area="Cellar"
    )
    device = bench.hub.devices.by_identifier((DOMAIN, "boiler"))
    assert device is not None
    assert (device.name, device.manufacturer, device.model) == ("Boiler", "Acme", "Boiler")
    area = bench.hub.areas.get(device.area_id or "")
    assert area is not None
    assert area.name == "Cellar"


async def test_words_without_a_value_are_unknown_and_never_zero(bench: Bench) -> None:
    bench.unit.holding.update({0: 0x8000, 1: 900, 2: 9, 3: 0x7FC0, 5: 3})
    await bench.build(
        {
            "gone": {"address": 0, "type": "int16", "invalid": [0x8000]},
            "hot": {"address": 1, "max": 150},
            "mode": {"address": 2, "enum": {0: "off", 1: "on"}, "write": {}},
            "odd": {"address": 3, "type": "float32"},
            "step": {"address": 5, "enum": {1: "low"}},
        },
        {"kind": "sensor", "register": "gone"},
        {"kind": "number", "register": "hot", "key": "hot"} | {"kind": "sensor"},
        {"kind": "select", "register": "mode"},
        {"kind": "sensor", "register": "odd"},
        {"kind": "binary_sensor", "register": "step", "on": ["low"]},
    )
    for entity_id, reason in (
        ("sensor.boiler_gone", "sentinel"),
        ("sensor.boiler_hot", "out_of_range"),
        ("select.boiler_mode", "no_label"),
        ("sensor.boiler_odd", "not_a_number"),
        ("binary_sensor.boiler_step", "no_label"),
    ):
        assert bench.seen(entity_id, "reason", "quality") == ("unknown", reason, "good")


async def test_an_old_value_is_no_state_but_an_attribute(bench: Bench) -> None:
    bench.unit.holding.update({0: 68, 1: 3})
    await bench.build(
        {
            "outside": {"address": 0, "unit": "°F"},
            "alarms": {"address": 1, "flags": {0: "pump", 1: "flame"}},
            "ghost": {"address": 9},
        },
        {"kind": "sensor", "register": "outside"},
        {"kind": "sensor", "register": "alarms"},
        {"kind": "sensor", "register": "ghost"},
    )
    assert bench.state("sensor.boiler_ghost").state == "0"
    await bench.lose()
    outside = ("unavailable", "breaker_open", "stale", 20.0)
    assert bench.seen("sensor.boiler_outside", "reason", "quality", "last_value") == outside
    assert bench.seen("sensor.boiler_alarms", "last_value")[1] == ["pump", "flame"]
    bench.unit.holes.add(("holding", 9))
    await bench.find()
    assert bench.seen("sensor.boiler_outside", "reason", "last_value") == ("20.0", None, None)
    ghost = ("unavailable", "illegal_address", "none", None)
    assert bench.seen("sensor.boiler_ghost", "reason", "quality", "last_value") == ghost


@pytest.mark.parametrize(
    ("register", "on", "table"),
    [
        ({"bit": 2}, None, {4: "on", 3: "off"}),
        ({}, None, {0: "off", 7: "on"}),
        ({"flags": {0: "a", 1: "b"}}, None, {0: "off", 2: "on"}),
        ({"flags": {0: "a", 1: "b"}}, ["b"], {1: "off", 3: "on"}),
        ({"enum": {0: "off", 1: "low", 2: "high"}}, ["low", "high"], {0: "off", 1: "on", 2: "on"}),
        ({"scale": 0.5}, [1, 2.5], {2: "on", 5: "on", 4: "off"}),
    ],
)
async def test_a_binary_sensor_knows_what_means_on(
    bench: Bench, register: dict[str, Any], on: list[Any] | None, table: dict[int, str]
) -> None:
    more = {} if on is None else {"on": on}
    await bench.build(
        {"thing": {"address": 0, **register}},
        {"kind": "binary_sensor", "register": "thing", "device_class": "problem", **more},
    )
    for raw, expected in table.items():
        bench.unit.holding[0] = raw
        await bench.read()
        assert bench.seen("binary_sensor.boiler_thing", "device_class") == (expected, "problem")


# --- what is written


async def test_a_switch_writes_and_shows_what_is_read_back(bench: Bench) -> None:
    await bench.build(
        {"pump": {"address": 0, **WRITE}},
        {"kind": "switch", "register": "pump", "on": 5, "off": 0},
    )
    pump = "switch.boiler_pump"
    assert bench.state(pump).state == "off"
    assert (await bench.call("switch.turn_on", pump)).state == "on"
    assert (await bench.call("switch.toggle", pump)).state == "off"
    assert bench.written() == [(0, 5), (0, 0)]
    bench.unit.holding[0] = 7
    await bench.read()
    assert bench.seen(pump, "reason", "value") == ("unknown", "not_mapped", 7)
    assert (await bench.call("switch.toggle", pump)).state == "on"


async def test_a_switch_may_show_another_register(bench: Bench) -> None:
    def obey(unit: Any, table: str, _address: int, value: int) -> int:
        unit.discrete[3] = value
        assert table == "coil"
        return value

    bench.unit.on_write = obey
    await bench.build(
        {
            "blocks": [
                {"table": "coil", "first": 0, "registers": {"start": {"address": 2, **WRITE}}},
                {"table": "discrete", "first": 0, "registers": {"runs": {"address": 3}}},
            ]
        },
        {"kind": "switch", "register": "start", "state": "runs"},
    )
    assert (await bench.call("switch.turn_on", "switch.boiler_start")).state == "on"
    assert (await bench.call("switch.turn_off", "switch.boiler_start")).state == "off"


async def test_what_can_only_be_written_is_assumed(bench: Bench) -> None:
    await bench.build(
        {"pump": {"address": 0, "access": "write"}, "other": {"address": 1}},
        {"kind": "switch", "register": "pump"},
        {"kind": "button", "register": "pump", "key": "kick", "name": "Kick", "value": 1},
    )
    pump = "switch.boiler_pump"
    first = ("unknown", True, "never_received")
    assert bench.seen(pump, "assumed_state", "reason") == first
    await bench.call("switch.turn_on", pump)
    assert bench.seen(pump, "assumed_state", "reason", "quality") == ("on", True, None, "good")
    assert bench.unit.holding[0] == 1
    assert not any(request.start == 0 for request in bench.fake.reads)
    await bench.call("button.press", "button.boiler_kick")
    assert bench.written() == [(0, 1), (0, 1)]
    await bench.lose()
    await wait_until(lambda: bench.state(pump).state == "unavailable")
    assert bench.seen(pump, "reason") == ("unavailable", "breaker_open")
    assert bench.seen("button.boiler_kick", "reason") == ("unavailable", "breaker_open")


async def test_a_select_offers_labels(bench: Bench) -> None:
    await bench.build(
        {"mode": {"address": 0, "enum": {0: "eco", 3: "comfort", 4: "test"}, "enum_gaps": True,
                  **WRITE}},
        {"kind": "select", "register": "mode", "options": ["eco", "comfort"]},
    )  # fmt: skip
    mode = "select.boiler_mode"
    assert bench.seen(mode, "options") == ("eco", ["eco", "comfort"])
    assert (await bench.call("select.select_option", mode, option="comfort")).state == "comfort"
    assert bench.unit.holding[0] == 3
    with pytest.raises(ServiceValidationError, match="choices: eco, comfort"):
        await bench.call("select.select_option", mode, option="test")
    bench.unit.holding[0] = 4
    await bench.read()
    assert bench.state(mode).state == "test"


async def test_a_number_has_the_limits_of_its_register(bench: Bench) -> None:
    bench.unit.holding.update({0: 400, 1: 0xFFFF, 2: 68})
    await bench.build(
        {
            "flow": {"address": 0, "scale": 0.1, "unit": "°C",
                     "write": {"min": 20, "max": 75, "step": 0.5, "verify_tries": 1}},
            "shift": {"address": 1, "type": "int16", "scale": 0.1, "write": {}},
            "limit": {"address": 2, "unit": "°F", "write": {"min": 45, "max": 95}},
        },
        {"kind": "number", "register": "flow", "mode": "box", "device_class": "temperature"},
        {"kind": "number", "register": "shift", "min": -5, "max": 5},
        {"kind": "number", "register": "limit"},
    )  # fmt: skip
    flow, shift, limit = (f"number.boiler_{key}" for key in ("flow", "shift", "limit"))
    assert bench.seen(flow, "min", "max", "step", "mode") == ("40.0", 20, 75, 0.5, "box")
    assert (await bench.call("number.set_value", flow, value=42.5)).state == "42.5"
    assert bench.unit.holding[0] == 425
    with pytest.raises(ServiceValidationError, match=r"range 20\.0 - 75\.0"):
        await bench.call("number.set_value", flow, value=76)
    with pytest.raises(ServiceValidationError, match=r"steps of 0\.5"):
        await bench.call("number.set_value", flow, value=42.2)
    assert bench.seen(shift, "min", "max", "step") == ("-0.1", -5, 5, 0.1)
    assert bench.seen(limit, "min", "max", "step") == ("20.0", 7.3, 35.0, 0.6)
    assert (await bench.call("number.set_value", limit, value=21)).state == "21.1"
    assert bench.unit.holding[2] == 70
    assert bench.unit.holding[0] == 425


async def test_a_device_that_is_only_read_refuses(bench: Bench) -> None:
    await bench.build(
        {"pump": {"address": 0, **WRITE}}, {"kind": "switch", "register": "pump"}, read_only=True
    )
    with pytest.raises(NotAllowed, match="only read"):
        await bench.call("switch.turn_on", "switch.boiler_pump")
    assert bench.written() == []


async def test_writes_for_a_device_that_is_away_are_refused_or_kept(bench: Bench) -> None:
    registers = {"pump": {"address": 0, **WRITE}}
    pump = "switch.boiler_pump"
    await bench.build(registers, {"kind": "switch", "register": "pump"})
    await bench.lose()
    with pytest.raises(Unavailable, match="breaker_open"):
        await bench.call("switch.turn_on", pump)
    await bench.find()
    await bench.device.stop()
    await bench.hub.entities.remove(pump)
    await bench.build(registers, {"kind": "switch", "register": "pump"}, queues=True)
    await bench.lose()
    await bench.call("switch.turn_on", pump)
    assert bench.seen(pump, "pending") == ("unavailable", {"pump": 1})
    await bench.find()
    await wait_until(lambda: bench.state(pump).state == "on")
    assert bench.seen(pump, "pending") == ("on", None)
    assert bench.unit.holding[0] == 1


# --- climate

CLIMATE = {
    "room": {"address": 0, "type": "int16", "scale": 0.1, "invalid": [0x8000]},
    "humidity": {"address": 1},
    "target": {"address": 2, "scale": 0.1, "write": {"min": 5, "max": 30, "verify_tries": 1}},
    "power": {"address": 3, **WRITE},
    "mode": {"address": 4, "enum": {1: "winter", 2: "summer", 5: "frost"}, "enum_gaps": True,
             **WRITE},
    "fan": {"address": 5, **WRITE},
    "preset": {"address": 6, "enum": {0: "day", 1: "night"}, **WRITE},
    "doing": {"address": 7, "enum": {0: "idle", 1: "burner"}},
}  # fmt: skip
ZONE = {
    "kind": "climate",
    "key": "zone",
    "current_temperature": "room",
    "current_humidity": "humidity",
    "target_temperature": "target",
    "on_off": {"register": "power"},
    "hvac_mode": {"register": "mode", "modes": {"winter": "heat", "summer": "cool"}},
    "fan_mode": {"register": "fan", "modes": {0: "auto", 1: "low", 2: "high"}},
    "preset_mode": {"register": "preset", "modes": {"day": "comfort", "night": "eco"}},
    "hvac_action": {"register": "doing", "actions": {"idle": "idle", "burner": "heating"}},
    "step": 0.5,
}
WARM = {0: 205, 1: 45, 2: 210, 3: 1, 4: 1, 5: 1, 6: 1, 7: 1}


async def test_a_climate_shows_all_its_registers(bench: Bench) -> None:
    bench.unit.holding.update(WARM)
    await bench.build(CLIMATE, ZONE)
    state = bench.state("climate.boiler")
    assert state.state == "heat"
    assert dict(state.attributes) | {"last_report": ""} == {
        "hvac_modes": ["off", "heat", "cool"],
        "min_temp": 5,
        "max_temp": 30,
        "target_temp_step": 0.5,
        "preset_modes": ["comfort", "eco"],
        "fan_modes": ["auto", "low", "high"],
        "current_temperature": 20.5,
        "temperature": 21.0,
        "current_humidity": 45,
        "hvac_action": "heating",
        "preset_mode": "eco",
        "fan_mode": "low",
        "quality": "good",
        "last_report": "",
        "friendly_name": "Boiler",
        "supported_features": 409,
    }


async def test_outputs_tell_what_a_climate_is_doing(bench: Bench) -> None:
    zone = {**ZONE, "heating": "valve", "cooling": "chiller"}
    del zone["hvac_action"]
    outputs = {"valve": {"address": 8, "invalid": [255]}, "chiller": {"address": 9}}
    bench.unit.holding.update(WARM | {8: 40, 9: 0})
    await bench.build({**CLIMATE, **outputs}, zone)

    async def doing(**words: int) -> Any:
        bench.unit.holding.update({int(key[1:]): word for key, word in words.items()})
        await bench.device.refresh()
        return bench.state("climate.boiler").attributes.get("hvac_action")

    assert await doing() == "heating"
    assert await doing(_8=0, _9=7) == "cooling"
    assert await doing(_9=0) == "idle"
    assert await doing(_8=255) is None
    assert await doing(_9=7) == "cooling"
    assert await doing(_8=0, _9=0, _3=0) == "off"


async def test_each_part_of_a_climate_is_unknown_by_itself(bench: Bench) -> None:
    bench.unit.holding.update(WARM | {0: 0x8000, 4: 5, 5: 9})
    await bench.build(CLIMATE, ZONE)
    names = ("current_temperature", "temperature", "fan_mode", "preset_mode", "reason")
    shown = ("unknown", None, 21.0, None, "eco", "not_mapped")
    assert bench.seen("climate.boiler", *names) == shown
    bench.unit.holding.update({0: 199, 3: 0})
    await bench.read()
    assert bench.seen("climate.boiler", *names) == ("off", 19.9, 21.0, None, "eco", None)
    bench.unit.holes.update({("holding", 0), ("holding", 3)})
    await bench.read()
    shown = ("unknown", None, 21.0, None, "eco", "illegal_address")
    assert bench.seen("climate.boiler", *names) == shown
    await bench.lose()
    assert bench.seen("climate.boiler", "temperature", "reason")[:2] == ("unavailable", None)


async def test_a_climate_leaves_off_before_it_takes_a_mode(bench: Bench) -> None:
    bench.unit.holding.update(WARM)
    await bench.build(CLIMATE, ZONE)
    zone = "climate.boiler"
    assert (await bench.call("climate.set_hvac_mode", zone, hvac_mode="off")).state == "off"
    assert bench.written() == [(3, 0)]
    assert (await bench.call("climate.set_hvac_mode", zone, hvac_mode="cool")).state == "cool"
    assert bench.written() == [(3, 1), (4, 2)]
    assert (await bench.call("climate.set_hvac_mode", zone, hvac_mode="heat")).state == "heat"
    assert bench.written() == [(4, 1)]
    assert (await bench.call("climate.turn_off", zone)).state == "off"
    assert (await bench.call("climate.turn_on", zone)).state == "heat"
    assert bench.written() == [(3, 0), (3, 1)]
    state = await bench.call("climate.set_temperature", zone, temperature=18.5, hvac_mode="off")
    assert (state.state, state.attributes["temperature"]) == ("off", 18.5)
    assert bench.written() == [(3, 0), (2, 185)]


async def test_a_climate_takes_set_point_fan_and_preset(bench: Bench) -> None:
    bench.unit.holding.update(WARM)
    await bench.build(CLIMATE, ZONE)
    zone = "climate.boiler"
    state = await bench.call("climate.set_temperature", zone, temperature=22.5)
    assert state.attributes["temperature"] == 22.5
    state = await bench.call("climate.set_fan_mode", zone, fan_mode="high")
    assert state.attributes["fan_mode"] == "high"
    state = await bench.call("climate.set_preset_mode", zone, preset_mode="comfort")
    assert state.attributes["preset_mode"] == "comfort"
    assert bench.written() == [(2, 225), (5, 2), (6, 0)]
    with pytest.raises(ServiceValidationError, match=r"range 5\.0 - 30\.0"):
        await bench.call("climate.set_temperature", zone, temperature=31)
    assert bench.written() == []


async def test_a_climate_with_little(bench: Bench) -> None:
    bench.unit.holding.update({0: 68, 1: 0, 2: 70})
    await bench.build(
        {
            "room": {"address": 0, "unit": "°F"},
            "power": {"address": 1, **WRITE},
            "target": {"address": 2, "unit": "°F", "write": {"min": 45, "max": 90}},
        },
        {"kind": "climate", "key": "fixed", "current_temperature": "room"},
        {
            "kind": "climate", "key": "plain", "name": "Plain", "target_temperature": "target",
            "on_off": {"register": "power"}, "fixed_mode": "cool", "max_temp": 30,
        },
    )  # fmt: skip
    fixed = bench.state("climate.boiler")
    assert (fixed.state, fixed.attributes["hvac_modes"]) == ("heat", ["heat"])
    assert fixed.attributes["current_temperature"] == 20.0
    assert "supported_features" not in fixed.attributes
    plain = "climate.boiler_plain"
    names = ("hvac_modes", "temperature", "min_temp", "max_temp")
    assert bench.seen(plain, *names) == ("off", ["off", "cool"], 21.1, 7.3, 30)
    state = await bench.call("climate.set_temperature", plain, temperature=25, hvac_mode="cool")
    assert (state.state, state.attributes["temperature"]) == ("cool", 25.0)
    assert bench.written() == [(1, 1), (2, 77)]


async def test_a_climate_on_a_server_of_another_make(house: House) -> None:
    where = ("127.0.0.1", free_port_number())
    memory = SimDevice(1, simdata=[SimData(0, values=[205, 210, 1], datatype=DataType.REGISTERS)])
    server = ModbusTcpServer(memory, address=where)
    await server.serve_forever(background=True)
    line = Line(LinkOptions(Tcp(*where)), house.hub.clock)
    await line.start()
    made = Bench(house.hub, FakeDevice(), line)
    try:
        await made.build(
            {
                "room": {"address": 0, "scale": 0.1},
                "target": {"address": 1, "scale": 0.1, **WRITE},
                "power": {"address": 2, **WRITE},
            },
            {
                "kind": "climate", "key": "zone", "current_temperature": "room",
                "target_temperature": "target", "on_off": {"register": "power"},
            },
        )  # fmt: skip
        zone = "climate.boiler"
        assert made.seen(zone, "current_temperature", "temperature") == ("heat", 20.5, 21.0)
        state = await made.call("climate.set_temperature", zone, temperature=19, hvac_mode="off")
        assert (state.state, state.attributes["temperature"]) == ("off", 19.0)
        assert await server.async_getValues(1, 3, 1, 2) == [190, 0]
    finally:
        await made.device.stop()
        await line.stop()
        await server.shutdown()  # type: ignore[no-untyped-call]


# --- how it fares


async def test_the_connection_of_a_device(bench: Bench) -> None:
    await bench.build({"flow": {"address": 0}}, {"kind": "sensor", "register": "flow"})
    await bench.hub.entities.add(DOMAIN, connections.device_entities(bench.device))
    connection, button = "sensor.boiler_connection", "button.boiler_read_now"
    assert bench.seen(connection, "options", "requests", "timeouts", "holes") == (
        "ok", ["ok", "trying", "away", "link_down"], bench.device.counters.requests, 0, 0
    )  # fmt: skip
    await bench.lose()
    await wait_until(lambda: bench.state(connection).state == "away")
    attributes = bench.state(connection).attributes
    assert attributes["timeouts"] == 1
    assert 50 < attributes["retry_in"] < 70
    assert attributes["opened_at"].endswith("+00:00")
    assert "last_error" in attributes
    with pytest.raises(Unavailable, match="Boiler"):
        await bench.call("button.press", button)
    bench.unit.silent = False
    bench.unit.holding[0] = 12
    await bench.call("button.press", button)
    assert bench.device.breaker.state is not BreakerState.OPEN
    await bench.find()
    assert bench.state("sensor.boiler_flow").state == "12"
    await wait_until(lambda: bench.state(connection).state == "ok")
    await bench.fake.stop()
    await wait_until(lambda: bench.state(connection).state == "link_down")
    assert bench.seen(button, "reason") == ("unavailable", "link_down")


async def test_a_connection_is_unknown_until_the_first_answer(bench: Bench) -> None:
    bench.unit.silent = True
    await bench.build(
        {"flow": {"address": 0}},
        {"kind": "sensor", "register": "flow"},
        patience=Patience(failures=1000),
    )
    await bench.hub.entities.add(DOMAIN, connections.device_entities(bench.device))
    await bench.read()
    assert bench.state("sensor.boiler_connection").state == "unknown"
    bench.unit.silent = False
    await bench.read()
    assert bench.state("sensor.boiler_connection").state == "ok"


async def test_a_link_tells_how_it_fares(bench: Bench) -> None:
    told: list[Callable[[], None]] = []

    def listen(callback: Callable[[], None]) -> Callable[[], None]:
        told.append(callback)
        return bench.line.listen(callback)

    link: Any = SimpleNamespace(
        key="cellar", name="Cellar", line=bench.line, spec={"transport": {"type": "tcp"}},
        listen=listen, gateway=None,
    )  # fmt: skip
    await bench.hub.entities.add(DOMAIN, connections.link_entities(link))
    await bench.build({"flow": {"address": 0}}, {"kind": "sensor", "register": "flow"})
    assert len(told) == 2
    connected, errors = "binary_sensor.cellar_link", "sensor.cellar_errors"
    assert bench.seen(connected, "transport", "place", "reason") == (
        "on", "tcp", f"127.0.0.1:{bench.fake.port}", None
    )  # fmt: skip
    assert bench.state(errors).state == "0"
    await bench.lose()
    told[1]()
    assert bench.seen(errors, "timeouts", "bad_answers") == ("1", 1, 0)
    await bench.fake.stop()
    await wait_until(lambda: bench.state(connected).state == "off")
    await wait_until(lambda: bench.state(connected).attributes.get("reason"))
    device = bench.hub.devices.by_identifier((DOMAIN, "boiler"))
    place = bench.hub.devices.by_identifier((DOMAIN, "link:cellar"))
    assert device is not None
    assert place is not None
    assert device.via_device_id == place.id


# --- what is shipped


@pytest.mark.parametrize("name", library.names())
def test_shipped_definitions_become_entities_that_home_assistant_takes(name: str) -> None:
    definition = compiling.definition(library.load(name))
    line: Any = SimpleNamespace(connected=True)
    settings = DeviceSettings(name=name, link="cellar", unit=1)
    device = Device(name, settings, definition, line, SystemClock())
    entities = [make(device, item) for item in definition.entities]
    entities += connections.device_entities(device)
    assert len({(entity.kind, entity.unique_id) for entity in entities}) == len(entities)
    facts = [
        EntityFacts(
            f"{entity.kind}.{slugify(entity.unique_id)}",
            DOMAIN,
            entity.unique_id,
            device_class=entity.device_class,
            unit=entity.unit,
            category=entity.entity_category,
            icon=entity.icon,
            features=entity.supported_features,
            attributes=entity.capability_attributes,
        )
        for entity in entities
    ]
    mqtt = MqttSettings(hub_id="h1")
    [told] = Announcer(mqtt, Topics(mqtt)).announce(DeviceFacts(name, name), facts)
    assert {fact.key for fact in facts} == set(told.components)


# --- words


def test_every_field_has_a_word_for_people() -> None:
    names: set[str] = set()
    for known in (link_schema.LINK, schema.DEVICE, DEFINITION):
        found: list[Any] = list(form(known))
        while found:
            one = found.pop()
            names |= {one["name"]} if "name" in one else set()
            found += [*one.get("fields", []), *one.get("any_of", [])]
            found += [one[part] for part in ("item", "value") if isinstance(one.get(part), dict)]
    for words in strings():
        assert set(words["config"]) == names


def test_every_reason_and_state_has_a_word_for_people() -> None:
    for words in strings():
        assert {reason.value for reason in Reason} <= set(words["reason"])
        assert {*connections.STATES.values(), connections.LINK_DOWN} == set(words["state"])


def strings() -> list[dict[str, Any]]:
    folder = Path(integrations.modbus.__file__).parent / "strings"
    return [json.loads((folder / f"{language}.json").read_text()) for language in ("en", "ar")]


# --- degrees


def test_fahrenheit_is_shown_as_celsius_and_written_back() -> None:
    def register(**fields: Any) -> Any:
        block = {**HOLDING, "registers": {}}
        return compiling.register(block, "t", {"address": 0, "unit": "°F", **fields})

    whole, tenth = register(), register(scale=0.1, precision=1)
    assert shown(whole, 68) == 20.0
    assert wanted(whole, 21.0) == 70
    assert wanted(tenth, 21.0) == 69.8
    assert wanted(register(write={"min": 41, "step": 2}), 21) == 69
    assert (lowest(whole, 45), highest(whole, 100)) == (7.3, 37.7)
    assert distance(tenth, 0.1) == 0.1
    celsius = register(unit="°C")
    assert {ask(celsius, 20) for ask in (shown, wanted, lowest, highest, distance)} == {20}
