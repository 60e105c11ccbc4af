"""The examples of Home Assistant's documentation by other names: schemas pass, numbers agree."""

from pathlib import Path

import pytest

from tests.integrations.modbus.home_assistant import entity, imported, shown, told, valid

HOST = "    host: 192.0.2.7\n    port: 502\n"
LINES = {
    "tcp": ("tcp", {"type": "tcp", "host": "192.0.2.7", "port": 502}),
    "rtu over tcp": ("rtuovertcp", {"type": "rtu_over_tcp", "host": "192.0.2.7", "port": 502}),
    "udp": ("udp", {"type": "udp", "host": "192.0.2.7", "port": 502}),
}
SERIAL = """
modbus:
  - name: plant
    type: serial
    port: /dev/ttyS7
    baudrate: 19200
    bytesize: 8
    method: rtu
    parity: E
    stopbits: 2
"""


def hub(*platforms: str) -> str:
    inner = "".join(f"    {line}\n" for text in platforms for line in text.strip("\n").split("\n"))
    return f"modbus:\n  - name: plant\n    type: tcp\n{HOST}{inner}"


@pytest.mark.parametrize("kind", LINES)
def test_links(tmp_path: Path, kind: str) -> None:
    given, transport = LINES[kind]
    text = f"modbus:\n  - name: Plant room\n    type: {given}\n{HOST}"
    assert dict(valid(imported(tmp_path, text)).documents) == {
        "modbus.link/plant_room": {"name": "Plant room", "transport": transport}
    }
    full = f"{text}    delay: 2\n    message_wait_milliseconds: 40\n    timeout: 6\n"
    spec = valid(imported(tmp_path, full)).documents["modbus.link/plant_room"]
    assert (spec["connect_pause"], spec["pause"], spec["timeout"]) == (2, 0.04, 6)


def test_a_serial_line_rests_as_long_as_there(tmp_path: Path) -> None:
    spec = valid(imported(tmp_path, SERIAL)).documents["modbus.link/plant"]
    assert spec["transport"] == {
        "type": "rtu", "device": "/dev/ttyS7", "baudrate": 19200, "parity": "E", "stopbits": 2,
        "bytesize": 8,
    }  # fmt: skip
    assert spec["pause"] == 0.03
    full = f"{SERIAL}    delay: 0\n    message_wait_milliseconds: 50\n    timeout: 5\n"
    assert valid(imported(tmp_path, full)).documents["modbus.link/plant"]["pause"] == 0.05


def test_several_lines(tmp_path: Path) -> None:
    two = "modbus:\n" + "".join(
        f"  - {{name: {name}, type: tcp, host: {host}, port: {port}}}\n"
        for name, host, port in (("north", "192.0.2.1", 2020), ("south", "192.0.2.2", 502))
    )
    assert list(valid(imported(tmp_path, two)).documents) == [
        "modbus.link/north", "modbus.link/south",
    ]  # fmt: skip
    mixed = two + SERIAL.replace("\nmodbus:\n", "")
    assert len(valid(imported(tmp_path, mixed)).documents) == 3


def test_all_kinds_together(tmp_path: Path) -> None:
    found = valid(
        imported(
            tmp_path,
            hub(
                "binary_sensors:\n  - {name: pump, address: 100}",
                "climates:\n  - {name: Kiln, address: 200, target_temp_register: 201}",
                "covers:\n  - {name: Hatch, address: 300}",
                "fans:\n  - {name: Blower, address: 400}",
                "lights:\n  - {name: lamp, address: 500}",
                "sensors:\n  - {name: level, address: 600}",
                "switches:\n  - {name: Valve, address: 700}",
            ),
        )
    )
    [document] = [it for name, it in found.documents.items() if name.startswith("modbus.def")]
    assert [(it["kind"], it["object_id"]) for it in document["entities"]] == [
        ("sensor", "level"), ("binary_sensor", "pump"), ("climate", "kiln"), ("switch", "valve"),
        ("switch", "lamp"), ("switch", "blower"), ("sensor", "hatch"), ("button", "hatch_open"),
        ("button", "hatch_close"),
    ]  # fmt: skip
    assert found.documents["modbus.device/plant_1"] == {
        "link": "plant", "unit": 1, "definition": "plant_1", "name": "plant",
        "intervals": {"normal": 15},
    }  # fmt: skip
    assert told(found, "left_out") == []


BINARY = """
binary_sensors:
  - name: relay_seen
    address: 100
    device_class: door
    input_type: coil
    scan_interval: 20
    slave: 3
    slave_count: 0
    unique_id: seen
"""


def test_binary_sensors(tmp_path: Path) -> None:
    found = valid(imported(tmp_path, hub(BINARY)))
    assert found.documents["modbus.device/plant_3"]["intervals"] == {"normal": 20}
    assert entity(found, "relay_seen") == {
        "kind": "binary_sensor", "register": "seen", "device_class": "door", "key": "seen",
        "name": "relay_seen", "object_id": "relay_seen",
    }  # fmt: skip
    assert shown(found, "plant_3", "seen", [1]) is True


def test_binary_sensors_that_are_alike(tmp_path: Path) -> None:
    found = valid(imported(tmp_path, hub(BINARY.replace("slave_count: 0", "slave_count: 10"))))
    names = [spec["object_id"] for spec in found.documents["modbus.definition/plant_3"]["entities"]]
    assert names == ["relay_seen", *(f"relay_seen_{number}" for number in range(1, 11))]
    [block] = found.documents["modbus.definition/plant_3"]["blocks"]
    assert [it["address"] for it in block["registers"].values()] == list(range(100, 111))
    assert entity(found, "relay_seen_4")["key"] == "seen_4"


def test_binary_sensors_of_words_are_their_lowest_bit(tmp_path: Path) -> None:
    text = "binary_sensors:\n  - {name: ready, address: 7, input_type: input, virtual_count: 1}"
    found = valid(imported(tmp_path, hub(text)))
    for register in ("ready", "ready_1"):
        for word in (0, 1, 2, 3, 0x8000, 0xFFFF):
            assert shown(found, "plant_1", register, [word]) is bool(word & 1)


KILN = """
climates:
  - name: "Kiln K4"
    address: 0x6BC2
    input_type: holding
    count: 2
    data_type: custom
    max_temp: 35
    min_temp: 15
    offset: 0
    precision: 1
    scale: 0.1
    structure: ">f"
    target_temp_register: 2782
    target_temp_write_registers: true
    temp_step: 1
    temperature_unit: C
"""


def test_a_climate_with_a_structure(tmp_path: Path) -> None:
    found = valid(imported(tmp_path, hub(KILN)))
    spec = entity(found, "kiln_k4")
    assert {name: spec[name] for name in ("min_temp", "max_temp", "step", "fixed_mode")} == {
        "min_temp": 15, "max_temp": 35, "step": 1, "fixed_mode": "auto",
    }  # fmt: skip
    words = [0x4357, 0x0000]  # 215.0
    assert shown(found, "plant_1", spec["current_temperature"], words) == 21.5
    assert shown(found, "plant_1", spec["target_temperature"], words) == 21.5
    # The documentation's own count does not fit its structure: that is told.
    odd = valid(imported(tmp_path, hub(KILN.replace("count: 2", "count: 1"))))
    assert any("count says 2" in item.message for item in told(odd, "do"))


USUAL = {0: "closed", 1: "open", 2: "opening", 3: "closing"}
OWN = {4: "closed", 2: "open", 1: "opening", 3: "closing"}
NUMBERS = "state_opening: 1, state_open: 2, state_closing: 3, state_closed: 4"
COVERS = {
    "coil and status": (
        """device_class: door, input_type: coil, address: 117, state_open: 1, state_opening: 2,
        state_closed: 0, state_closing: 3, status_register: 119, status_register_type: holding""",
        USUAL,
        (True, False),
    ),
    "register": ("address: 118", USUAL, ("open", "closed")),
    "old coil and status": (
        f"""slave: 1, device_class: door, scan_interval: 10, coil: 1, status_register: 1,
        status_register_type: input, {NUMBERS}""",
        OWN,
        (True, False),
    ),
    "old register": (f"scan_interval: 10, register: 1, {NUMBERS}", OWN, ("open", "closed")),
    "old register and status": (
        """register: 1, status_register: 2, register_type: holding, state_open: 1,
        state_closed: 0""",
        USUAL,
        (1, 0),
    ),
}


@pytest.mark.parametrize("kind", COVERS)
def test_covers(tmp_path: Path, kind: str) -> None:
    text, states, commands = COVERS[kind]
    found = valid(imported(tmp_path, hub(f"covers:\n  - {{name: Gate, {text}}}")))
    assert entity(found, "gate_open")["value"] == commands[0]
    assert entity(found, "gate_close")["value"] == commands[1]
    for value, state in states.items():
        assert shown(found, "plant_1", entity(found, "gate")["register"], [value]) == state
    assert any("cover.gate is sensor.gate" in item.message for item in told(found, "do"))
    same = any("the same into its coil" in item.message for item in told(found, "do"))
    assert same == (kind == "old coil and status")


def test_a_cover_of_a_coil_alone(tmp_path: Path) -> None:
    first, second = "{name: A, slave: 1, coil: 1, device_class: door}", "{name: B, coil: 2}"
    text = f"covers:\n  - {first}\n  - {second}"
    found = valid(imported(tmp_path, hub(text)))
    assert entity(found, "a")["kind"] == "binary_sensor"
    assert entity(found, "a")["device_class"] == "door"
    assert [entity(found, name)["value"] for name in ("b_open", "b_close")] == [True, False]


TOGGLES = """
{platform}:
  - name: "one"
    address: 13
    write_type: coil
  - name: "two"
    slave: 2
    address: 14
    write_type: coil
    verify:
  - name: "three"
    address: 11
    command_on: 1
    command_off: 0
    verify:
        input_type: holding
        address: 127
        state_on: 25
        state_off: 1
"""


@pytest.mark.parametrize("platform", ["fans", "lights", "switches"])
def test_toggles(tmp_path: Path, platform: str) -> None:
    found = valid(imported(tmp_path, hub(TOGGLES.format(platform=platform))))
    first = found.documents["modbus.definition/plant_1"]["blocks"][0]["registers"]["one"]
    assert first == {"address": 13, "access": "write"}
    two = entity(found, "two")
    assert (two["kind"], two["on"], two["off"]) == ("switch", True, False)
    second = found.documents["modbus.definition/plant_2"]["blocks"][0]["registers"]["two"]
    assert second == {"address": 14, "write": {}}
    three = entity(found, "three")
    assert shown(found, "plant_1", three["state"], [25]) == three["on"] == "on"
    assert shown(found, "plant_1", three["state"], [1]) == three["off"] == "off"
    assert shown(found, "plant_1", three["state"], [7]).name == "NO_LABEL"
    domain = platform.removesuffix("s")
    moved = [it for it in told(found, "do") if f"{domain}.one is switch.one" in it.message]
    assert len(moved) == (platform != "switches")


LIGHTS = """
lights:
  - {name: plain, address: 13, write_type: coil}
  - {name: dim, slave: 2, address: 14, write_type: coil, brightness_address: 1006, verify: }
  - {name: blind, slave: 2, address: 15, write_type: coil, brightness_address: 1007,
     color_temp_address: 2007}
  - {name: warm, slave: 2, address: 16, write_type: coil, brightness_address: 1008,
     color_temp_address: 2008, min_temp: 2500, max_temp: 5500, verify: }
"""


def test_lights_with_brightness_and_colour(tmp_path: Path) -> None:
    found = valid(imported(tmp_path, hub(LIGHTS)))
    assert shown(found, "plant_2", "dim_brightness", [40]) == 40
    assert shown(found, "plant_2", "dim_brightness", [0xFFFF]).name == "SENTINEL"
    # Home Assistant: kelvin = min + percent / 100 * (max - min)
    assert shown(found, "plant_2", "warm_colour_temperature", [20]) == 2500 + 20 / 100 * 3000
    assert entity(found, "warm_colour_temperature")["kind"] == "number"
    holding = found.documents["modbus.definition/plant_2"]["blocks"][1]["registers"]
    assert holding["blind_brightness"]["access"] == "write"
    assert holding["blind_colour_temperature"]["offset"] == 2000


SENSORS = """
sensors:
  - name: Supply
    unit_of_measurement: °C
    slave: 1
    address: 100
  - name: Dose
    unit_of_measurement: mg
    address: 110
    count: 2
  - name: Cold
    unit_of_measurement: °C
    slave: 1
    address: 120
    input_type: input
    data_type: float
    scale: 0.01
    offset: -273.16
    precision: 2
"""


def test_sensors(tmp_path: Path) -> None:
    found = valid(imported(tmp_path, hub(SENSORS)))
    assert shown(found, "plant_1", "supply", [0xFFF6]) == -10
    assert shown(found, "plant_1", "dose", [0x0001, 0x0000]) == 65536
    # float32 of 29465.0 * 0.01 - 273.16
    assert shown(found, "plant_1", "cold", [0x46E6, 0x3200]) == 21.49
    assert [item.message for item in told(found, "do")] == [
        "sensor Dose: count 2 without data_type is refused today, and was int32 in 2021"
    ]


FULL = """
sensors:
  - name: Room_7
    slave: 10
    address: 0x9A
    input_type: holding
    unit_of_measurement: °C
    state_class: measurement
    count: 1
    scale: 0.1
    offset: 0
    precision: 1
    data_type: integer
"""


def test_a_full_sensor(tmp_path: Path) -> None:
    found = valid(imported(tmp_path, hub(FULL)))
    register = found.documents["modbus.definition/plant_10"]["blocks"][0]["registers"]["room_7"]
    assert register["address"] == 0x9A
    assert shown(found, "plant_10", "room_7", [0xFF85]) == -12.3
    assert entity(found, "room_7")["state_class"] == "measurement"
