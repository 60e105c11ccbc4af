"""Entities of a definition in a running hub: what they show, and what they write."""

from typing import Any

import pytest

from hub.sdk import (
    NotAllowed,
    ServiceValidationError,
    Unavailable,
)
from integrations.modbus.const import DOMAIN
from tests.integrations.modbus.bench import WRITE, Bench
from tests.peers.ports import wait_until

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
