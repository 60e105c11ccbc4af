"""Thermostats made of registers: each part known or unknown by itself, writes in order."""

from typing import Any

import pytest
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from hub.sdk import (
    ServiceValidationError,
)
from integrations.modbus.line.client import Line
from integrations.modbus.line.options import LinkOptions, Tcp
from tests.integrations.modbus.bench import WRITE, Bench
from tests.peers.house import House
from tests.peers.modbus_fake import FakeDevice
from tests.peers.ports import free_port_number

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
