"""Every shipped register map: it loads, names its document, and its entities make sense."""

from collections import Counter
from dataclasses import replace
from itertools import chain
from typing import Any

import pytest

from integrations.modbus.mapping import compile as compiling
from integrations.modbus.mapping import library
from integrations.modbus.mapping.entities import KINDS
from integrations.modbus.mapping.models import Definition, EntitySpec, Register, Table

NAMES = library.names()
UNITS: dict[str, set[str | None]] = {
    "apparent_power": {"VA"},
    "current": {"A"},
    "duration": {"s", "min", "h", "d"},
    "energy": {"Wh", "kWh", "MWh"},
    "frequency": {"Hz"},
    "humidity": {"%"},
    "power": {"W", "kW"},
    "power_factor": {None, "%"},
    "pressure": {"bar"},
    "reactive_power": {"var"},
    "temperature": {"°C"},
    "voltage": {"V"},
    "volume_flow_rate": {"L/min"},
}
"""Units that fit a device class (Home Assistant's SensorDeviceClass)."""
PLAIN = {None, "enum", "outlet", "problem", "restart", "running"}
NOT_SHOWN = {"none", "unknown", "unavailable"}

each = pytest.mark.parametrize("name", NAMES)


def definition(name: str) -> Definition:
    return compiling.definition(library.load(name))


def used(found: Definition) -> set[str]:
    """Return the registers that entities show, with those that scale them."""
    keys = set(chain.from_iterable(entity.registers for entity in found.entities))
    return keys | {found.by_key[key].exponent or "" for key in keys}


def shown(found: Definition) -> list[tuple[EntitySpec, Register]]:
    """Return the sensors and numbers with their registers."""
    return [
        (entity, found.by_key[entity.registers[0]])
        for entity in found.entities
        if entity.kind in {"sensor", "number"}
    ]


@each
def test_it_says_what_it_is_and_where_it_was_published(name: str) -> None:
    spec = library.load(name)
    assert library.title(name) == spec["name"]
    assert len(spec["name"]) <= 45
    assert spec["model"]
    maker = spec.get("manufacturer", "SunSpec").split()[0]
    for block in spec["blocks"]:
        assert maker.lower() in block["source"].lower(), "the maker's own document"
        assert 30 <= len(block["source"]) <= 140
        assert "://" not in block["source"]


@each
def test_every_register_has_a_use_and_a_name(name: str) -> None:
    found = definition(name)
    assert {register.key for register in found.registers} == used(found) - {""}
    scales = {register.exponent for register in found.registers}
    for register in found.registers:
        assert register.name or register.key in scales
        assert 0 <= register.address < register.end <= 65536


@each
def test_names_of_entities_are_short_and_unlike(name: str) -> None:
    entities = definition(name).entities
    names = [(entity.kind, entity.name) for entity in entities]
    assert [name for name, count in Counter(names).items() if count > 1] == []
    for entity in entities:
        assert len(entity.name or "") <= 40
        assert entity.name is None or entity.name[0].isupper()
    assert sum(entity.name is None for entity in entities) <= 1


@each
def test_units_fit_device_classes(name: str) -> None:
    for entity, register in shown(definition(name)):
        device_class = entity.fields["device_class"]
        assert device_class in UNITS or device_class in PLAIN
        if (units := UNITS.get(device_class)) is not None:
            assert register.unit in units, register.key
        if device_class == "enum":
            assert register.labels, register.key


@each
def test_energy_only_grows_and_all_else_is_a_measurement(name: str) -> None:
    for entity, register in shown(definition(name)):
        if entity.kind == "sensor" and entity.fields["device_class"] == "energy":
            assert entity.fields["state_class"] == "total_increasing", register.key
        elif entity.fields.get("state_class") == "total_increasing":
            assert register.unit in {"kvarh", None}


@each
def test_what_can_be_set_has_limits(name: str) -> None:
    found = definition(name)
    for entity in found.entities:
        if entity.kind == "number":
            assert entity.fields["min"] < entity.fields["max"]
            assert entity.fields["step"] > 0
        elif entity.kind == "climate":
            assert 0 <= entity.fields["min_temp"] < entity.fields["max_temp"] <= 50


@each
def test_no_label_looks_like_a_missing_state(name: str) -> None:
    found = definition(name)
    for entity in found.entities:
        labels: Any = found.by_key[entity.registers[0]].labels
        if entity.kind in {"sensor", "select"} and labels:
            assert not NOT_SHOWN & set(labels.values()), entity.key


@each
def test_most_of_it_is_on_from_the_start(name: str) -> None:
    enabled = [entity for entity in definition(name).entities if entity.fields["enabled"]]
    assert 3 <= len(enabled) <= 40


def test_there_are_maps_for_every_kind_of_entity_and_table() -> None:
    found = [definition(name) for name in NAMES]
    assert {entity.kind for each in found for entity in each.entities} == set(KINDS)
    assert {register.table for each in found for register in each.registers} >= {
        Table.COIL,
        Table.HOLDING,
        Table.INPUT,
    }


def test_the_sunspec_maps_differ_by_one_word_only() -> None:
    """A common block of 65 words moves the models behind it, nothing else."""
    long, short = (definition(f"sunspec_inverter{tail}") for tail in ("", "_65"))
    assert long.entities == short.entities
    for one, other in zip(long.registers, short.registers, strict=True):
        moved = one.address - other.address
        assert moved == (0 if "model 1 " in one.source else 1)
        assert replace(one, address=other.address) == other
