"""Every mistake in a register map is told with its path, all at once, and with what to do."""

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.integrations.modbus.definitions import REGISTERS as R
from tests.integrations.modbus.definitions import block, told

SHAPES = [
    ("{}", "name", "is missing; add it"),
    ("{name: a, blocks: []}", "blocks", "expected a list of 1 to 256 blocks"),
    ("{name: a, blocks: 5}", "blocks.0", "expected a mapping with"),
    ("{name: a, blocks: {}}", "blocks.0.table", "is missing; add it"),
    ("{name: a, block: []}", "block", "there is no such field; did you mean blocks?"),
    ("{name: a, blocks: [{table: holding, registers: {}}]}", "blocks.0.first", "is missing"),
    ("{name: a, blocks: [{table: modbus}]}", "blocks.0.table", "expected one of coil, discrete"),
    (
        "{name: a, blocks: [{table: coil, first: 0, registers: {}}]}",
        "blocks.0.registers",
        "expected a mapping of 1 to 4096 registers",
    ),
    ("{name: 5}", "name", "expected a text; put it in quotes"),
    ("{name: ''}", "name", "expected 1 to 100 printable characters"),
    ("{name: a, limits: {words: 126}}", "limits.words", "expected a number of words between 1"),
    ("{name: a, limits: {words: true}}", "limits.words", "expected a number of words between 1"),
    ("{name: a, limits: {bits: 0}}", "limits.bits", "expected a number of bits between 1 and 2000"),
    ("{name: a, limits: {gap: -1}}", "limits.gap", "expected a number of addresses between 0"),
    ("{name: a, limits: {write_words: 124}}", "limits.write_words", "between 1 and 123"),
    ("{name: a, limits: {pause: 61}}", "limits.pause", "finite number between 0 and 60"),
    (
        "{name: a, limits: {forbidden: [{table: coil, first: 0}]}}",
        "limits.forbidden.0.last",
        "is missing",
    ),
    ("{name: a, intervals: {once: 5}}", "intervals.once", "there is no such field; known are fast"),
    ("{name: a, intervals: {fast: 0}}", "intervals.fast", "finite number between 0.05 and 86400"),
    ("{name: a, entities: [{kind: light}]}", "entities.0.kind", "expected one of sensor, binary"),
    ("{name: a, entities: [{register: x}]}", "entities.0.kind", "expected one of sensor, binary"),
    ("{name: a, entities: [5]}", "entities.0", "expected a mapping with kind"),
    (
        "{name: a, entities: [{kind: button, register: x}]}",
        "entities.0.value",
        "is missing; add it",
    ),
    (
        "{name: a, entities: [{kind: sensor, register: x, on: 1}]}",
        "entities.0.on",
        "there is no such field; known are kind, register",
    ),
    (
        "{entities: [{kind: climate, key: x, hvac_mode: {register: m, modes: {a: warm}}}]}",
        "entities.0.hvac_mode.modes.a",
        "expected one of off, heat, cool",
    ),
]


@pytest.mark.parametrize(("spec", "path", "message"), SHAPES)
def test_what_has_the_wrong_shape(spec: str, path: str, message: str) -> None:
    found = dict(told(yaml.safe_load(spec)))
    assert message in found[path]


FIELDS = [
    ("address: -1", "address", "expected an address between 0 and 465536"),
    ("address: 1.5", "address", "expected an address"),
    ("address: true", "address", "expected an address"),
    ("adress: 0", "adress", "there is no such field; did you mean address?"),
    ("address: 0, type: int17", "type", "expected one of bool, uint16"),
    ("address: 0, word_order: swapped", "word_order", "expected one of big, little"),
    ("address: 0, byte_order: swapped", "byte_order", "expected one of big, little"),
    ("address: 0, rate: often", "rate", "expected one of fast, normal, slow, once"),
    ("address: 0, access: rw", "access", "expected one of read, write, read_write"),
    ("address: 0, scale: .nan", "scale", "expected a finite number of at most 15 digits"),
    ("address: 0, scale: '1e400'", "scale", "expected a finite number of at most 15 digits"),
    ("address: 0, scale: [1]", "scale", "expected a number"),
    ("address: 0, scale: ten", "scale", "expected a number"),
    (f"address: 0, offset: {'9' * 400}", "offset", "expected a finite number of at most 15 digits"),
    ("address: 0, offset: -.inf", "offset", "expected a finite number of at most 15 digits"),
    ("address: 0, min: .inf", "min", "expected a finite number of at most 15 digits"),
    ("address: 0, max: .nan", "max", "expected a finite number of at most 15 digits"),
    ("address: 0, precision: 11", "precision", "expected a number of decimals between 0 and 10"),
    ("address: 0, length: 0", "length", "expected a number of words between 1 and 125"),
    ("address: 0, bit: 16", "bit", "expected a bit between 0 and 15"),
    ("address: 0, mask: 0", "mask", "expected a mask between 1"),
    ("address: 0, invalid: [x]", "invalid.0", "expected a whole number between"),
    ("address: 0, invalid: []", "invalid", "expected a list of 1 to 16 numbers"),
    ("address: 0, exponent: A b", "exponent", "expected small letters, digits"),
    ("address: 0, enum: {}", "enum", "expected a mapping of 1 to 1000 labels"),
    ("address: 0, enum: {one: a}", "enum.one", "expected a whole number; 0x.. is one, too"),
    ("address: 0, enum: {true: a}", "enum.True", "expected a whole number; 0x.. is one, too"),
    ("address: 0, enum: {1: a, '0x1': b}", "enum.0x1", "1 is given twice; keep one of them"),
    ("address: 0, enum: {1: ''}", "enum.1", "expected a label of 1 to 100 printable characters"),
    ("address: 0, enum: {1: .nan}", "enum.1", "expected a label of 1 to 100 printable characters"),
    (f"address: 0, enum: {{1: {'9' * 400}}}", "enum.1", "expected a label of 1 to 100"),
    ("address: 0, flags: {a: b}", "flags.a", "expected a whole number; 0x.. is one, too"),
    ("address: 0, write: yes", "write", "expected a mapping with function, min, max ..."),
    ("address: 0, write: {function: 6}", "write.function", "expected one of auto, single"),
    ("address: 0, write: {step: 0}", "write.step", "expected a finite number between 1e-09"),
    ("address: 0, write: {min: .nan}", "write.min", "expected a finite number"),
    ("address: 0, write: {verify_tries: 0}", "write.verify_tries", "a number of looks between 1"),
    ("address: 0, write: {verify_delay: 61}", "write.verify_delay", "between 0 and 60"),
]


@pytest.mark.parametrize(("register", "path", "message"), FIELDS)
def test_what_a_field_can_not_be(register: str, path: str, message: str) -> None:
    found = dict(told(block(f"a: {{{register}}}")))
    assert message in found[f"{R}.a.{path}"]


@pytest.mark.parametrize("key", ["A", "a b", "5é", "on: 1, off"])
def test_keys_are_plain_words(key: str) -> None:
    (found, *_) = told(block(f"{{{key}: {{address: 0}}}}"))
    assert found[0].startswith(f"{R}.")
    assert "expected small letters, digits and single underscores" in found[1]


def test_shapes_are_told_at_once_too() -> None:
    found = told(
        yaml.safe_load(
            """
            nam: a
            blocks: [{table: coil, first: x, registers: {A: {address: 0}, b: {adress: 0}}}]
            entities: [{kind: sensor, register: 5}, {kind: select}]
            """
        )
    )
    assert {path for path, _ in found} == {
        "nam",
        "name",
        "blocks.0.first",
        "blocks.0.registers.A",
        "blocks.0.registers.b.adress",
        "blocks.0.registers.b.address",
        "entities.0.register",
        "entities.1.register",
    }


NAMES = ["name", "blocks", "registers", "address", "first", "table", "kind", "key", "enum", "write"]
KEYS = st.sampled_from(NAMES) | st.integers() | st.booleans() | st.text(max_size=4) | st.none()
TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=100)
@given(TREES)
def test_nothing_but_problems_comes_of_nonsense(tree: object) -> None:
    told({"name": "a", "blocks": tree, "entities": tree})
    told(block("a: {address: 0}") | {"entities": tree, "limits": tree})  # type: ignore[operator]
    spec: Any = block("a: {address: 0}")
    spec["blocks"][0]["registers"] = {"a": tree, "b": {"address": 0, "enum": tree, "mask": tree}}
    told(spec)


def test_a_map_of_too_many_registers_is_refused_at_once() -> None:
    registers = {f"r{n}": {"address": n} for n in range(4096)}
    blocks = [{"table": "holding", "first": 0, "registers": registers}]
    blocks += [{"table": "input", "first": 0, "registers": registers}]
    blocks += [{"table": "coil", "first": 0, "registers": {"one": {"address": 0}}}]
    (problem,) = told({"name": "Large", "blocks": blocks})
    assert problem[0] == "blocks"
    assert "8193 registers are more than the 8192 of one map" in problem[1]
