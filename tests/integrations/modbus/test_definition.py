"""What a checked register map says: defaults, words turned back, entities."""

import json
from typing import Any

import pytest
import yaml

from integrations.modbus.mapping import compile as compiling
from integrations.modbus.mapping import library
from integrations.modbus.mapping.models import (
    Access,
    Definition,
    Function,
    Limits,
    Order,
    Rate,
    Register,
    Table,
    Type,
    Write,
)
from integrations.modbus.mapping.schema import DEFINITION, check_definition

METER = """
name: Meter
manufacturer: Somebody
limits: {words: 80, gap: 8, pause: 0.05, forbidden: [{table: holding, first: 100, last: 120}]}
intervals: {fast: 1, slow: 300}
blocks:
  - source: "the manual, table 1"
    table: input
    first: 30001
    type: float32
    word_order: little
    scale: 0.001
    precision: 1
    rate: fast
    registers:
      power: {address: 30001, name: Power, unit: W}
      energy: {address: 30003, type: uint32, scale: 0.1, rate: slow}
      alarm: {address: 30005, bit: 3}
      status: {address: 30006, type: uint16, flags: {0: alarm, 3: pump}}
      serial: {address: 30007, type: string, length: 8, rate: once}
  - table: holding
    first: 1
    registers:
      target: {address: 1, scale: 0.5, invalid: [0x8000, -1], type: int16,
               write: {min: 5, max: 30, step: 0.5, function: multiple, verify_delay: 1}}
      mode: {address: 2, mask: 0x000F, enum: {0: off, 1: heat, 0x2: cool}, access: read_write}
      reset: {address: 3, access: write, write: {}}
  - table: coil
    first: 1
    registers:
      pump: {address: 17, write: {}}
entities:
  - {kind: sensor, register: power, device_class: power, state_class: measurement}
  - {kind: sensor, register: serial, name: Serial number, category: diagnostic, enabled: false}
  - {kind: binary_sensor, register: alarm}
  - {kind: binary_sensor, register: status, on: [alarm, pump], key: trouble}
  - {kind: switch, register: pump}
  - {kind: switch, register: mode, on: heat, off: off, key: heating}
  - {kind: select, register: mode, options: [off, cool]}
  - {kind: number, register: target, mode: slider}
  - {kind: button, register: reset, value: 1}
  - kind: climate
    key: room
    current_temperature: power
    target_temperature: target
    hvac_mode: {register: mode, modes: {off: off, 1: heat, cool: cool}}
    on_off: {register: pump, on: on, off: off}
    hvac_action: {register: status_word, actions: {0: idle, 1: heating}}
    max_temp: 28
"""


def checked(text: str) -> dict[str, Any]:
    spec: dict[str, Any] = DEFINITION(yaml.safe_load(text))
    check_definition(spec)
    return spec


@pytest.fixture(scope="module")
def spec() -> dict[str, Any]:
    added = "      status_word: {address: 30015, type: uint16}\n  - table: holding"
    return checked(METER.replace("  - table: holding", added, 1))


@pytest.fixture(scope="module")
def meter(spec: dict[str, Any]) -> Definition:
    return compiling.definition(spec)


def fields_of(meter: Definition, key: str) -> dict[str, Any]:
    return dict(next(entity.fields for entity in meter.entities if entity.key == key))


def test_what_was_checked_is_what_is_stored(spec: dict[str, Any]) -> None:
    assert DEFINITION(spec) == spec
    assert DEFINITION(json.loads(json.dumps(spec))) == spec


def test_labels_keep_the_words_that_yaml_takes_for_booleans(spec: dict[str, Any]) -> None:
    mode = spec["blocks"][1]["registers"]["mode"]
    assert mode["enum"] == {"0": "off", "1": "heat", "2": "cool"}
    switch = spec["entities"][5]
    assert (switch["on"], switch["off"]) == ("heat", False)
    assert spec["entities"][9]["hvac_mode"]["modes"] == {"off": "off", "1": "heat", "cool": "cool"}


def test_addresses_are_those_of_the_wire(meter: Definition) -> None:
    assert [(r.key, r.table, r.address, r.words) for r in meter.registers] == [
        ("power", Table.INPUT, 0, 2),
        ("energy", Table.INPUT, 2, 2),
        ("alarm", Table.INPUT, 4, 1),
        ("status", Table.INPUT, 5, 1),
        ("serial", Table.INPUT, 6, 8),
        ("status_word", Table.INPUT, 14, 1),
        ("target", Table.HOLDING, 0, 1),
        ("mode", Table.HOLDING, 1, 1),
        ("reset", Table.HOLDING, 2, 1),
        ("pump", Table.COIL, 16, 1),
    ]


def test_a_register_takes_what_its_block_says_where_it_says_nothing(meter: Definition) -> None:
    power = meter.by_key["power"]
    assert (power.type, power.word_order, power.byte_order) == (
        Type.FLOAT32,
        Order.LITTLE,
        Order.BIG,
    )
    assert (power.scale, power.precision, power.rate) == (0.001, 1, Rate.FAST)
    assert power.source == "the manual, table 1"
    energy = meter.by_key["energy"]
    assert (energy.type, energy.scale, energy.rate) == (Type.UINT32, 0.1, Rate.SLOW)


@pytest.mark.parametrize("key", ["alarm", "status", "serial"])
def test_scale_and_precision_of_a_block_are_for_its_numbers(meter: Definition, key: str) -> None:
    found = meter.by_key[key]
    assert (found.scale, found.offset, found.precision) == (1, 0, None)


def test_bits_and_flags_are_masks(meter: Definition) -> None:
    assert (meter.by_key["alarm"].type, meter.by_key["alarm"].mask) == (Type.BOOL, 8)
    assert (meter.by_key["status"].mask, meter.by_key["status"].flags) == (
        0b1001,
        {0: "alarm", 3: "pump"},
    )
    assert meter.by_key["mode"].mask == 15
    assert meter.by_key["power"].mask is None


def test_a_mask_of_all_bits_is_none() -> None:
    block = {"table": "holding", "first": 0}
    assert compiling.register(block, "a", {"address": 0, "mask": 0xFFFF}).mask is None


def test_writing(meter: Definition) -> None:
    target = meter.by_key["target"]
    assert target.access is Access.READ_WRITE
    assert target.write == Write(Function.MULTIPLE, 5, 30, 0.5, verify=True, verify_delay=1)
    assert target.sentinels == {0x8000, 0xFFFF}
    reset = meter.by_key["reset"]
    assert (reset.access, reset.is_read, reset.write) == (
        Access.WRITE,
        False,
        Write(verify=False),
    )
    assert meter.by_key["mode"].write == Write()
    assert meter.by_key["power"].write is None


@pytest.mark.parametrize(
    ("block", "own", "found"),
    [
        ({}, {}, Access.READ),
        ({}, {"write": {}}, Access.READ_WRITE),
        ({}, {"access": "write"}, Access.WRITE),
        ({"access": "read"}, {"write": {}}, Access.READ_WRITE),
        ({"access": "write"}, {"write": {}}, Access.WRITE),
        ({"access": "read_write"}, {}, Access.READ_WRITE),
        ({"access": "read_write"}, {"access": "read"}, Access.READ),
    ],
)
def test_access(block: dict[str, Any], own: dict[str, Any], found: Access) -> None:
    assert compiling.access_of(block, own) is found


@pytest.mark.parametrize(
    ("block", "own", "found"),
    [
        ({"table": "holding"}, {}, Type.UINT16),
        ({"table": "holding", "type": "dpt9"}, {}, Type.DPT9),
        ({"table": "holding", "type": "dpt9"}, {"type": "int32"}, Type.INT32),
        ({"table": "holding", "type": "float32"}, {"bit": 1}, Type.BOOL),
        ({"table": "coil"}, {}, Type.BOOL),
        ({"table": "discrete"}, {}, Type.BOOL),
    ],
)
def test_types(block: dict[str, Any], own: dict[str, Any], found: Type) -> None:
    assert compiling.type_of(block, own) is found


def test_limits_and_rates(meter: Definition) -> None:
    assert meter.limits == Limits(
        words=80, gap=8, pause=0.05, forbidden=((Table.HOLDING, 100, 120),)
    )
    assert meter.rates == {Rate.FAST: 1, Rate.SLOW: 300}
    assert (meter.name, meter.manufacturer, meter.model) == ("Meter", "Somebody", None)


def test_names_and_keys_of_entities(meter: Definition) -> None:
    assert [(entity.kind, entity.key, entity.name) for entity in meter.entities] == [
        ("sensor", "power", "Power"),
        ("sensor", "serial", "Serial number"),
        ("binary_sensor", "alarm", "Alarm"),
        ("binary_sensor", "trouble", "Trouble"),
        ("switch", "pump", "Pump"),
        ("switch", "heating", "Heating"),
        ("select", "mode", "Mode"),
        ("number", "target", "Target"),
        ("button", "reset", "Reset"),
        ("climate", "room", None),
    ]


def test_fields_of_entities(meter: Definition) -> None:
    common = {"enabled": True, "category": None, "icon": None, "object_id": None}
    assert fields_of(meter, "power") == common | {
        "device_class": "power",
        "state_class": "measurement",
    }
    assert fields_of(meter, "serial")["category"] == "diagnostic"
    assert fields_of(meter, "serial")["enabled"] is False
    assert fields_of(meter, "alarm")["on"] == ()
    assert fields_of(meter, "trouble")["on"] == ("alarm", "pump")
    pump = fields_of(meter, "pump")
    assert (pump["on"], pump["off"], pump["state"]) == (True, False, "pump")
    heating = fields_of(meter, "heating")
    assert (heating["on"], heating["off"], heating["state"]) == ("heat", "off", "mode")
    assert fields_of(meter, "mode")["options"] == ("off", "cool")
    assert fields_of(meter, "reset")["value"] == 1


def test_a_number_has_the_limits_that_its_register_may_be_written_in(meter: Definition) -> None:
    target = fields_of(meter, "target")
    assert (target["min"], target["max"], target["step"], target["mode"]) == (5, 30, 0.5, "slider")


def test_a_climate_has_values_as_its_registers_show_them(meter: Definition) -> None:
    room = next(entity for entity in meter.entities if entity.key == "room")
    assert room.registers == ("power", "target", "mode", "status_word", "pump")
    assert room.fields["hvac_mode"] == {
        "register": "mode",
        "modes": {"off": "off", "heat": "heat", "cool": "cool"},
    }
    assert room.fields["hvac_action"]["actions"] == {0: "idle", 1: "heating"}
    assert room.fields["on_off"] == {"register": "pump", "on": True, "off": False}
    limits = [room.fields[name] for name in ("min_temp", "max_temp", "step", "fixed_mode")]
    assert limits == [5, 28, 0.5, "heat"]
    assert [room.fields[name] for name in ("fan_mode", "preset_mode")] == [None, None]


@pytest.mark.parametrize(
    ("target", "found"),
    [
        ("type: int16, scale: 0.1, write: {}", (7, 35, 0.5)),
        ("type: int16, scale: 0.1, min: 4, max: 40, write: {min: 6}", (6, 35, 0.5)),
        ("type: uint16, write: {max: 30}", (7, 30, 1)),
        ("type: uint16, scale: 0.2, write: {}", (7, 35, 0.2)),
        ("type: int16, scale: 0.1, write: {step: 0.1}", (7, 35, 0.1)),
        ("type: float32, write: {}", (7, 35, 0.5)),
        ("type: dpt9, write: {min: 10, max: 28}", (10, 28, 0.5)),
    ],
)
def test_set_points_nobody_gave_limits(target: str, found: tuple[float, float, float]) -> None:
    spec = checked(
        f"""
        name: a
        blocks: [{{table: holding, first: 0, registers: {{t: {{address: 0, {target}}}}}}}]
        entities: [{{kind: climate, key: c, target_temperature: t}}]
        """
    )
    fields = compiling.definition(spec).entities[0].fields
    assert (fields["min_temp"], fields["max_temp"], fields["step"]) == found


def test_registers_may_share_addresses_when_they_share_them_well() -> None:
    spec = checked(
        """
        name: a
        blocks:
          - table: holding
            first: 0
            registers:
              low: {address: 0, mask: 0x00FF}
              high: {address: 0, mask: 0xFF00, type: int16}
              bit: {address: 1, bit: 0}
              flags: {address: 1, flags: {1: a, 2: b}}
              shown: {address: 2, type: uint32}
              command: {address: 2, access: write}
        """
    )
    assert len(compiling.definition(spec).registers) == 6


def test_holes_of_an_enumeration_can_be_meant() -> None:
    spec = checked(
        """
        name: a
        blocks:
          - table: holding
            first: 0
            registers: {m: {address: 0, enum: {-1: low, 8: high}, enum_gaps: true, type: int16}}
        """
    )
    labels = compiling.definition(spec).by_key["m"].labels
    assert labels == {-1: "low", 8: "high"}


def test_what_was_not_checked_is_not_compiled_in_silence() -> None:
    spec = DEFINITION(
        {
            "name": "a",
            "blocks": [{"table": "coil", "first": 0, "registers": {"a": {"address": 0}}}],
            "entities": [{"kind": "sensor", "register": "b"}],
        }
    )
    with pytest.raises(ValueError, match="there is no register b"):
        compiling.definition(spec)


def test_the_library_reads_only_what_is_asked_for() -> None:
    names = library.names()
    assert list(names) == sorted(names)
    name = names[0]
    assert library.load(name) is library.load(name)
    assert library.title(name) == library.load(name)["name"]
    assert yaml.safe_load(library.text(name))["name"] == library.title(name)
    for ask in (library.load, library.title, library.text):
        with pytest.raises(KeyError):
            ask("../schema")


def test_a_definition_of_thousands_of_registers_is_checked_in_no_time() -> None:
    registers = {f"r{n}": {"address": n // 16, "bit": n % 16} for n in range(4096)}
    block = {"table": "holding", "first": 0, "registers": registers}
    spec = DEFINITION({"name": "a", "blocks": [block]})
    check_definition(spec)
    assert isinstance(compiling.definition(spec).by_key["r4095"], Register)
