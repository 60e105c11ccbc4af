"""Home Assistant's `modbus:` as resources: what is shared, what is kept apart, what is told."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.sdk import Imported, Unreadable
from integrations.modbus.importing import rates
from integrations.modbus.mapping.models import Access
from tests.integrations.modbus.home_assistant import (
    definition,
    entity,
    imported,
    shown,
    told,
    valid,
)

HUB = {"name": "h", "type": "tcp", "host": "192.0.2.7", "port": 502}


def taken(folder: Path, **platforms: Any) -> Imported:
    """Import a hub."""
    return valid(imported(folder, yaml.safe_dump({"modbus": [{**HUB, **platforms}]})))


# --- climates -----------------------------------------------------------------------------------

AIR = {
    "name": "Air", "address": 10, "input_type": "input", "target_temp_register": 20, "scale": 0.1,
    "precision": 1, "min_temp": 16, "max_temp": 30, "unique_id": "ac-1",
    "hvac_mode_register": {
        "address": 21, "write_registers": True,
        "values": {"state_off": 0, "state_heat": [1, 4], "state_cool": 2, "state_heat_cool": 3,
                   "state_auto": 5, "state_dry": 6, "state_fan_only": 7},
    },
    "hvac_action_register": {
        "address": 22, "input_type": "input",
        "values": {"action_off": 0, "action_idle": [1, 2], "action_heating": 3,
                   "action_cooling": 4, "action_drying": 5, "action_fan": 6,
                   "action_preheating": 7, "action_defrosting": 8},
    },
    "fan_mode_register": {
        "address": [23],
        "values": {"state_fan_on": 1, "state_fan_off": 0, "state_fan_auto": 2, "state_fan_low": 3,
                   "state_fan_medium": 4, "state_fan_high": 5, "state_fan_top": 6,
                   "state_fan_middle": 7, "state_fan_focus": 8, "state_fan_diffuse": 9},
    },
    "swing_mode_register": {
        "address": 24,
        "values": {"swing_mode_state_on": 1, "swing_mode_state_off": 0,
                   "swing_mode_state_horizontal": 2, "swing_mode_state_vertical": 3,
                   "swing_mode_state_both": 4},
    },
    "hvac_onoff_register": 25, "hvac_on_value": 7, "hvac_off_value": 9, "write_registers": True,
}  # fmt: skip


def test_a_climate_with_everything(tmp_path: Path) -> None:
    found = taken(tmp_path, climates=[AIR])
    spec = entity(found, "air")
    assert spec["key"] == "ac_1"
    assert (spec["min_temp"], spec["max_temp"], spec["step"]) == (16, 30, 0.5)
    assert spec["hvac_mode"]["modes"] == {
        "0": "off", "1": "heat", "4": "heat", "2": "cool", "3": "heat_cool", "5": "auto",
        "6": "dry", "7": "fan_only",
    }  # fmt: skip
    assert spec["hvac_action"]["actions"]["7"] == "heating"
    assert spec["hvac_action"]["actions"]["8"] == "idle"
    assert list(spec["fan_mode"]["modes"].values())[:3] == ["on", "off", "auto"]
    assert (spec["on_off"]["on"], spec["on_off"]["off"]) == (7, 9)
    made = definition(found, "h_1").by_key
    places = {
        name: (made[key].table.value, made[key].address, made[key].write is not None)
        for name, key in (
            ("current", spec["current_temperature"]),
            ("target", spec["target_temperature"]),
            ("mode", spec["hvac_mode"]["register"]),
            ("action", spec["hvac_action"]["register"]),
            ("fan", spec["fan_mode"]["register"]),
            ("on_off", spec["on_off"]["register"]),
            ("swing", entity(found, "air_swing_mode")["register"]),
        )
    }
    assert places == {
        "current": ("input", 10, False), "target": ("holding", 20, True),
        "mode": ("holding", 21, True), "action": ("input", 22, False),
        "fan": ("holding", 23, True), "on_off": ("holding", 25, True),
        "swing": ("holding", 24, True),
    }  # fmt: skip
    several = {key for key, one in made.items() if one.write and one.write.function == "multiple"}
    assert several == {
        spec["hvac_mode"]["register"], spec["fan_mode"]["register"], spec["on_off"]["register"]
    }  # fmt: skip
    assert shown(found, "h_1", spec["current_temperature"], [0xFFF6]) == -1.0
    swing = entity(found, "air_swing_mode")
    assert (swing["kind"], shown(found, "h_1", swing["register"], [3])) == ("select", "vertical")
    words = " ".join(str(item) for item in told(found, "do"))
    for part in ("no action defrosting", "no action preheating", "select.air_swing_mode"):
        assert part in words


def test_scales_of_their_own(tmp_path: Path) -> None:
    scales = {"current_temp_scale": 0.1, "current_temp_offset": -40, "target_temp_scale": 0.5,
              "target_temp_offset": 5, "precision": 1}  # fmt: skip
    climate = {"name": "c", "address": 1, "target_temp_register": 2, **scales}
    found = taken(tmp_path, climates=[climate])
    spec = entity(found, "c")
    assert shown(found, "h_1", spec["current_temperature"], [605]) == 0.1 * 605 - 40
    assert shown(found, "h_1", spec["target_temperature"], [33]) == 0.5 * 33 + 5


def test_a_set_point_of_each_mode(tmp_path: Path) -> None:
    registers = [30, 31, 31, 30, 34, 30, 30]  # auto, cool, dry, fan_only, heat, heat_cool, off
    modes = {"address": 9, "values": {"state_heat": 1, "state_cool": 2}}
    climate = {"name": "c", "address": 1, "target_temp_register": registers,
               "hvac_mode_register": modes, "target_temp_write_registers": True}  # fmt: skip
    found = taken(tmp_path, climates=[climate])
    made = definition(found, "h_1").by_key
    assert made[entity(found, "c")["target_temperature"]].address == 34
    assert made[entity(found, "c_target_cool_dry")["register"]].address == 31
    number = entity(found, "c_target_auto_fan_only_heat_cool_off")
    assert (number["kind"], number["category"]) == ("number", "config")
    assert (number["min"], number["max"], number["step"]) == (5, 35, 1)


def test_degrees_fahrenheit(tmp_path: Path) -> None:
    climate = {"name": "c", "address": 1, "target_temp_register": 2, "temperature_unit": "F",
               "min_temp": 41, "max_temp": 95, "temp_step": 1}  # fmt: skip
    found = taken(tmp_path, climates=[climate])
    target = definition(found, "h_1").by_key[entity(found, "c")["target_temperature"]]
    assert target.unit == "°F"
    assert target.write is not None
    assert (target.write.low, target.write.high, target.write.step) == (41, 95, 1)
    assert "min_temp" not in entity(found, "c")


def test_one_register_that_is_mode_and_switch(tmp_path: Path) -> None:
    modes = {"address": 11, "values": {"state_auto": 0, "state_cool": 1, "state_heat": 2}}
    climate = {"name": "c", "address": 10, "target_temp_register": 10, "scale": 0.1,
               "hvac_mode_register": modes, "hvac_onoff_register": 11}  # fmt: skip
    found = taken(tmp_path, climates=[climate])
    spec = entity(found, "c")
    assert spec["hvac_mode"]["modes"] == {"1": "cool", "2": "heat", "0": "off"}
    assert "on_off" not in spec
    assert spec["current_temperature"] == spec["target_temperature"]
    assert shown(found, "h_1", spec["target_temperature"], [215]) == 21.5
    assert any("both off and auto" in item.message for item in told(found, "do"))


def test_a_coil_that_turns_it_on(tmp_path: Path) -> None:
    climate = {"name": "c", "address": 1, "target_temp_register": 2, "hvac_onoff_coil": 2}
    found = taken(tmp_path, climates=[climate])
    spec = entity(found, "c")
    assert (spec["on_off"]["on"], spec["on_off"]["off"], spec["fixed_mode"]) == (
        True,
        False,
        "auto",
    )


def test_modes_as_older_releases_write_them(tmp_path: Path) -> None:
    text = """
    modbus:
      - {name: h, type: tcp, host: 192.0.2.7, port: 502, climates: [
         {name: c, address: 1, target_temp_register: 2, hvac_mode_register:
           {address: 3, values: {off: 0, heat: 1, cool: 2}}}]}
    """
    found = valid(imported(tmp_path, text))
    assert entity(found, "c")["hvac_mode"]["modes"] == {"0": "off", "1": "heat", "2": "cool"}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"target_temp_register": [1, 2]}, "has 2 registers, not 1 or 7"),
        ({"target_temp_register": None}, "target_temp_register is missing"),
        ({"data_type": "string", "count": 2}, "a single number"),
        ({"min_temp": 30, "max_temp": 20}, "nothing to set"),
        ({"temp_step": 0, "data_type": "float32"}, "nothing to set"),
        ({"hvac_mode_register": {"address": 3, "values": {"state_warm": 1}}}, "no value"),
        ({"hvac_mode_register": {"address": 3}}, "values is missing"),
        ({"hvac_onoff_register": 3, "hvac_on_value": 0}, "are the same"),
        ({"fan_mode_register": {"address": [1, 2], "values": {"state_fan_on": 1}}}, "one register"),
        ({"address": 2, "current_temp_scale": 0.1, "target_temp_scale": 0.5}, "in two ways"),
        ({"hvac_action_register": {"address": 4, "values": {"action_idle": "x"}}}, "whole numbers"),
        ({"hvac_action_register": 4}, "expected a mapping"),
    ],
)
def test_a_climate_that_can_not_be(tmp_path: Path, fields: dict[str, Any], words: str) -> None:
    climate = {"name": "c", "address": 1, "target_temp_register": 2, **fields}
    found = taken(tmp_path, climates=[climate], sensors=[{"name": "s", "address": 90}])
    assert any(words in item.message for item in told(found, "left_out"))
    assert entity(found, "s")["kind"] == "sensor"


# --- what shares registers ----------------------------------------------------------------------


def test_entities_share_what_they_read_alike(tmp_path: Path) -> None:
    found = taken(
        tmp_path,
        sensors=[
            {"name": "room", "address": 1, "scale": 0.1, "precision": 1},
            {"name": "set", "address": 2, "scale": 0.1, "precision": 3, "scan_interval": 5,
             "unit_of_measurement": "°C"},
            {"name": "mode number", "address": 3},
        ],
        climates=[
            {"name": "c", "address": 1, "target_temp_register": 2, "scale": 0.1, "precision": 1,
             "hvac_mode_register": {"address": 3, "values": {"state_heat": 1, "state_off": 0}}}
        ],
    )  # fmt: skip
    made = definition(found, "h_1")
    assert len(made.registers) == 3
    assert entity(found, "c")["target_temperature"] == entity(found, "set")["register"]
    assert made.by_key["set"].access is Access.READ_WRITE
    assert made.by_key["mode_number"].type == "int16"
    assert "modbus.definition/h_1_2" not in found.documents


def test_what_is_read_in_two_ways_gets_a_second_device(tmp_path: Path) -> None:
    found = taken(
        tmp_path,
        sensors=[
            {"name": "low", "address": 100},
            {"name": "both", "address": 100, "data_type": "uint32"},
            {"name": "again", "address": 101, "data_type": "float32"},
        ],
    )
    assert [name for name in found.documents if "device" in name] == [
        "modbus.device/h_1", "modbus.device/h_1_2",
    ]  # fmt: skip
    assert found.documents["modbus.device/h_1_2"]["unit"] == 1
    assert shown(found, "h_1_2", "both", [1, 0]) == 65536
    # `again` overlaps `both`, not `low`
    assert entity(found, "again")["register"] in definition(found, "h_1").by_key
    assert len([it for it in told(found, "do") if "overlap" in it.message]) == 1


def test_what_is_only_written_stays_beside_what_is_read(tmp_path: Path) -> None:
    found = taken(
        tmp_path,
        binary_sensors=[{"name": "seen", "address": 5}],
        switches=[{"name": "told", "address": 5, "write_type": "coils"}],
    )
    made = definition(found, "h_1").by_key
    assert (made["seen"].access, made["told"].access) == (Access.READ, Access.WRITE)
    assert made["told"].write is not None
    assert made["told"].write.function == "multiple"


def test_switches_of_one_coil_are_one_register(tmp_path: Path) -> None:
    switches = [
        {"name": "a", "address": 5, "write_type": "coil"},
        {"name": "b", "address": 5, "write_type": "coil", "verify": {"delay": 2}},
        {"name": "c", "address": 5, "write_type": "coil", "command_on": 0, "command_off": 1},
    ]
    found = taken(tmp_path, switches=switches)
    [register] = definition(found, "h_1").registers
    assert register.access is Access.READ_WRITE
    assert register.write is not None
    assert register.write.verify_delay == 2
    assert (entity(found, "c")["on"], entity(found, "c")["off"]) == (False, True)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"command_on": 0}, "command_on and command_off are the same"),
        ({"verify": {"state_on": 3, "state_off": 3}}, "state_on and state_off are the same"),
        ({"verify": {"state_on": [1, 4]}}, "4 reads as unknown"),
        ({"verify": {"state_on": []}}, "expected whole numbers"),
        ({"write_type": "input"}, "write_type 'input'"),
        ({"colour": "red"}, "colour is not a key"),
        ({"address": 70000}, "address 70000"),
        ({"name": "x" * 101}, "more than 100 characters"),
    ],
)
def test_what_a_switch_loses_is_told(tmp_path: Path, fields: dict[str, Any], words: str) -> None:
    found = taken(tmp_path, switches=[{"name": "s", "address": 5, **fields}])
    assert any(words in item.message for item in told(found, "left_out"))


# --- names, units, intervals --------------------------------------------------------------------


def test_keys_come_of_unique_ids_and_entity_ids_of_names(tmp_path: Path) -> None:
    sensors = [
        {"name": "Flow 1,000 l", "address": 1, "unique_id": "F-1"},
        {"name": "Größe", "address": 2},
        {"name": "other", "address": 3, "unique_id": "grosse"},
    ]
    found = taken(tmp_path, sensors=sensors)
    assert entity(found, "flow_1000_l")["key"] == "f_1"
    keys = [spec["key"] for spec in found.documents["modbus.definition/h_1"]["entities"]]
    assert keys == ["f_1", "grosse", "grosse_2"]
    assert any("entity ids are made of the names" in item.message for item in found.findings)


def test_units_are_devices(tmp_path: Path) -> None:
    sensors = [
        {"name": "a", "address": 1},
        {"name": "b", "address": 1, "slave": 0},
        {"name": "c", "address": 1, "device_address": 247},
    ]
    found = taken(tmp_path, sensors=sensors)
    devices = {name: spec for name, spec in found.documents.items() if "device" in name}
    assert {name: spec["unit"] for name, spec in devices.items()} == {
        "modbus.device/h_0": 0, "modbus.device/h_1": 1, "modbus.device/h_247": 247,
    }  # fmt: skip
    assert devices["modbus.device/h_247"]["name"] == "h 247"


def test_three_intervals_at_most(tmp_path: Path) -> None:
    seconds = [5, 5, 5, 6, 30, 30, 60, 60, 60, 900, 0]
    sensors = [
        {"name": f"s{at}", "address": at, "scan_interval": wanted}
        for at, wanted in enumerate(seconds)
    ]
    found = taken(tmp_path, sensors=sensors)
    device = found.documents["modbus.device/h_1"]
    assert device["intervals"] == {"fast": 5, "normal": 60, "slow": 900}
    made = definition(found, "h_1").by_key
    assert [made[f"s{at}"].rate.value for at in (3, 4, 6, 9, 10)] == [
        "fast", "normal", "normal", "slow", "once",
    ]  # fmt: skip
    notes = [item.message for item in told(found, "note")]
    assert any("1 registers with scan_interval 6 are read each 5 s" in note for note in notes)
    assert any("scan_interval 0 never reads" in item.message for item in told(found, "do"))


@given(st.dictionaries(st.integers(1, 86400), st.integers(1, 50), min_size=1, max_size=8))
@settings(max_examples=60)
def test_intervals_stay_near(counts: dict[int, int]) -> None:
    kept = rates.nearest(counts)
    assert kept.keys() == counts.keys()
    assert set(kept.values()) <= counts.keys()
    assert len(set(kept.values())) <= 3
    assert all(kept[value] == value for value in kept.values())
    names = rates.named(dict.fromkeys(kept.values(), 1))
    order = [names[value] for value in sorted(names)]
    assert order == [name for name in ("fast", "normal", "slow") if name in order]


# --- files --------------------------------------------------------------------------------------


def test_the_whole_configuration_with_packages_and_includes(tmp_path: Path) -> None:
    (tmp_path / "secrets.yaml").write_text("meter_host: 192.0.2.9\n")
    (tmp_path / "hubs").mkdir()
    (tmp_path / "hubs" / "meter.yaml").write_text(
        "- name: meter\n  type: tcp\n  host: !secret meter_host\n  port: 502\n"
        "  sensors: !include sensors.yaml\n"
    )
    (tmp_path / "hubs" / "sensors.yaml").write_text(
        "- name: power\n  address: 12\n  min_value: 0\n"
    )
    text = """
    default_config:
    frontend: {themes: !include_dir_merge_named themes}
    automation: !include automations.yaml
    homeassistant:
      packages:
        boiler:
          modbus: {name: boiler, type: tcp, host: 192.0.2.3, port: 502}
    modbus: !include hubs/meter.yaml
    """
    found = valid(imported(tmp_path, text))
    assert found.documents["modbus.link/meter"]["transport"]["host"] == "192.0.2.9"
    assert "modbus.link/boiler" in found.documents
    [line] = told(found, "left_out")
    assert line.place == "sensors.yaml:3"


def test_folders_and_lost_secrets_are_told(tmp_path: Path) -> None:
    text = """
    modbus:
      - {name: a, type: tcp, host: !secret nowhere, port: 502}
      - name: b
        type: tcp
        host: 192.0.2.1
        port: 502
        sensors: !include_dir_merge_list sensors
    """
    found = valid(imported(tmp_path, text))
    assert list(found.documents) == ["modbus.link/b"]
    places = [item.place for item in told(found, "left_out")]
    assert places[:2] == ["configuration.yaml:3", "configuration.yaml:8"]
    assert any("host is missing" in item.message for item in told(found, "left_out"))


@pytest.mark.parametrize(
    "text",
    [
        "- {name: h, type: tcp, host: 192.0.2.1, port: 502}\n",
        "name: h\ntype: tcp\nhost: 192.0.2.1\nport: 502\n",
        "modbus:\n  name: h\n  type: tcp\n  host: 192.0.2.1\n  port: 502\n",
    ],
)
def test_hubs_in_files_of_their_own(tmp_path: Path, text: str) -> None:
    found = valid(imported(tmp_path, text, "modbus.yaml", prefix="old "))
    assert list(found.documents) == ["modbus.link/old_h"]


@pytest.mark.parametrize("text", ["light:\n", "[]\n", "a text\n", "", "- 1\n", "modbus:\n"])
def test_a_file_without_modbus_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(Unreadable, match="expected `modbus:`"):
        imported(tmp_path, text)


SECOND = {
    "socket": ({"type": "serial", "port": "socket://192.0.2.4:4196", "method": "rtu"}, None),
    "ascii": ({"type": "serial", "port": "/dev/ttyS0", "method": "ascii"}, "Modbus ASCII"),
    "bits": ({"type": "serial", "port": "/dev/ttyS0", "bytesize": 5}, "bytes of 5 bits"),
    "other url": ({"type": "serial", "port": "rfc2217://a:1"}, "rfc2217:// is not spoken"),
    "odd device": ({"type": "serial", "port": "COM3"}, "serial device"),
    "same host": ({"type": "tcp", "host": "192.0.2.7", "port": 502}, "its name or its address"),
    "same name": ({"type": "tcp", "host": "192.0.2.8", "port": 502, "name": "h"}, "its name or"),
    "no type": ({"host": "192.0.2.8", "port": 502}, "type None"),
    "port": ({"type": "tcp", "host": "192.0.2.8", "port": 0}, "port"),
    "timeout": ({"type": "tcp", "host": "192.0.2.8", "port": 502, "timeout": 600}, "seconds"),
    "wait": ({"type": "udp", "host": "192.0.2.8", "port": 502, "delay": -1}, "delay -1"),
}


@pytest.mark.parametrize("kind", SECOND)
def test_hubs_that_are_no_links(tmp_path: Path, kind: str) -> None:
    fields, words = SECOND[kind]
    second = {"name": "second", "sensors": [{"name": "s", "address": 1}], **fields}
    text = yaml.safe_dump({"modbus": [HUB, second, 17]})
    found = valid(imported(tmp_path, text))
    assert (len(found.documents) == 1) == (words is not None)
    assert any((words or "expected a hub") in it.message for it in told(found, "left_out"))


def test_keys_of_older_releases(tmp_path: Path) -> None:
    old = {"retries": 9, "close_comm_on_error": True, "retry_on_empty": False, "speed": 1}
    found = taken(tmp_path, **old)
    assert found.documents["modbus.link/h"]["retries"] == 5
    assert [item.message for item in told(found, "left_out")] == [
        "hub h: speed is not a key of Home Assistant's modbus"
    ]


def test_a_name_that_is_taken_is_not_loaded_there_either(tmp_path: Path) -> None:
    sensors = [{"name": "s", "address": 1}, {"name": "s", "address": 2}, "s", None]
    found = taken(tmp_path, sensors=sensors, switches={"name": "s", "address": 3})
    assert len(found.documents["modbus.definition/h_1"]["entities"]) == 2
    assert [item.message for item in told(found, "left_out")] == [
        "sensor s: its name is taken, so Home Assistant does not load it",
        "sensor: expected a mapping",
    ]


EVERYTHING = {
    **HUB,
    "delay": 1,
    "sensors": [
        {"name": "s", "address": 1, "data_type": "int32", "swap": "word", "nan_value": "0x80"},
        {"name": "t", "address": 9, "data_type": "custom", "structure": ">hf", "count": 3},
        {"name": "u", "address": 20, "data_type": "string", "count": 4},
    ],
    "binary_sensors": [{"name": "b", "address": 3, "virtual_count": 2, "input_type": "input"}],
    "climates": [AIR],
    "covers": [{"name": "c", "address": 50, "status_register": 51, "input_type": "coil"}],
    "lights": [{"name": "l", "address": 60, "brightness_address": 61, "color_temp_address": 62}],
    "fans": [{"name": "f", "address": 70, "verify": {"address": 71, "state_on": [2]}}],
    "switches": [{"name": "w", "address": 80, "write_type": "coils", "verify": {"delay": 3}}],
}
ODD = st.one_of(
    st.none(), st.booleans(), st.integers(-10, 70000), st.floats(), st.just([]), st.just({}),
    st.sampled_from(["", "x", "0x10", "-1", "1e9", "coil", "holding", "custom", "string", ">"]),
    st.lists(st.integers(0, 9), max_size=8), st.dictionaries(st.text(max_size=3), st.integers()),
)  # fmt: skip


def paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the way to every value."""
    if not isinstance(value, dict | list):
        return [at]
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    return [at, *(path for key, item in inner for path in paths(item, (*at, key)))]


@settings(max_examples=80, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_whatever_stands_there_nothing_breaks(tmp_path: Path, data: st.DataObject) -> None:
    config = {"modbus": [copy.deepcopy(EVERYTHING)]}
    for _ in range(data.draw(st.integers(1, 3))):
        way = data.draw(st.sampled_from(paths(config["modbus"])[1:]))
        place: Any = config["modbus"]
        for key in way[:-1]:
            place = place[key] if isinstance(place, dict | list) else None
        if isinstance(place, dict) or (isinstance(place, list) and way[-1] < len(place)):
            place[way[-1]] = data.draw(ODD)
    valid(imported(tmp_path, yaml.safe_dump(config)))
