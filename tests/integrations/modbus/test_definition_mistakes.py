"""Every mistake in a register map is told with its path, all at once, and with what to do."""

import textwrap
from typing import Any

import pytest
import voluptuous as vol
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.resources.specs import problems
from integrations.modbus.mapping.schema import DEFINITION, check_definition

Told = list[tuple[str, str]]
R = "blocks.0.registers"


def told(spec: object) -> Told:
    """Return path and message of every problem, as the hub shows them."""
    try:
        check_definition(DEFINITION(spec))
    except vol.Invalid as error:
        return [(item["path"], item["message"]) for item in problems(error)]
    return []


def block(registers: str, entities: str = "", table: str = "holding", more: str = "") -> object:
    """Return a definition of one block, its registers and its entities given as YAML."""
    lines = ["name: a", "blocks:", f"  - table: {table}", "    first: 0"]
    lines += [f"    {line}" for line in more.splitlines()]
    lines += ["    registers:", textwrap.indent(textwrap.dedent(registers), 6 * " ")]
    if entities:
        lines += ["entities:", textwrap.indent(textwrap.dedent(entities), "  ")]
    return yaml.safe_load("\n".join(lines))


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


TOGETHER = [
    # what a scale or a range can not be
    ("holding", "scale: 0", "scale", "a scale of 0 makes every value the same"),
    ("holding", "min: 5, max: 4", "min", "min is above max; swap them"),
    ("holding", "write: {min: 5, max: 4}", "write.min", "min is above max; swap them"),
    (
        "holding",
        "type: int16, scale: 0.1, write: {max: 4000}",
        "write.max",
        "can not be: this register shows -3276.8 to 3276.7",
    ),
    ("holding", "max: 50, write: {max: 60}", "write.max", "this register shows 0 to 50"),
    # text and its length
    ("holding", "type: string", "length", "a string needs its length in words; add length"),
    ("holding", "length: 2", "length", "only a string has a length; leave it out, uint16 says it"),
    ("holding", "type: string, length: 2, scale: 2", "scale", "this one shows text"),
    ("holding", "type: string, length: 2, invalid: 0", "invalid", "leave invalid out"),
    ("holding", "type: string, length: 2, enum: {0: a}", "enum", "string has no labels"),
    ("holding", "type: string, length: 2, flags: {0: a}", "flags", "string has no flags"),
    # sentinels
    ("holding", "type: uint16, invalid: [1, 0x10000]", "invalid.1", "uint16: it has 16 bits"),
    ("holding", "type: uint16, invalid: [-1]", "invalid.0", "does not fit uint16"),
    ("holding", "type: int16, invalid: [-32769]", "invalid.0", "does not fit int16"),
    ("holding", "type: float32, invalid: [0x7FC000000]", "invalid.0", "float32: it has 32 bits"),
    # some bits of a word
    ("holding", "bit: 1, mask: 2", "mask", "there is a bit already; keep one of bit and mask"),
    ("holding", "bit: 1, type: uint32", "type", "a single bit is a bool; leave type out"),
    ("holding", "bit: 1, scale: 2", "scale", "this one shows on or off"),
    ("holding", "mask: 0x1FFFF", "mask", "does not fit uint16: it has 16 bits"),
    ("holding", "mask: 15, type: float32", "mask", "float32 can not be masked"),
    ("holding", "mask: 15, type: dpt9", "mask", "dpt9 can not be masked"),
    ("holding", "mask: 5, type: int16", "mask", "the bits of int16 must lie side by side"),
    ("holding", "mask: 15, flags: {0: a}", "mask", "flags name their bits themselves"),
    # enumerations
    ("holding", "enum: {0: a, 3: b}", "enum", "no label for 1, 2; add it, or say enum_gaps: true"),
    ("holding", "enum: {0: a, 60000: b}", "enum", "no label for 1, 2, 3, ...;"),
    ("holding", "enum: {0: a, 1: a}", "enum.1", "'a' stands for 0 already; name them apart"),
    ("holding", "enum: {0: a, -1: b}", "enum.-1", "does not fit: this register holds 0 to 65535"),
    ("holding", "enum: {65536: a}", "enum.65536", "does not fit: this register holds 0 to 65535"),
    ("holding", "type: int16, enum: {40000: a}", "enum.40000", "holds -32768 to 32767"),
    ("holding", "mask: 0x30, enum: {4: a}", "enum.4", "this register holds 0 to 3"),
    ("holding", "bit: 0, enum: {1: a, 2: b}", "enum.2", "this register holds 0 to 1"),
    ("holding", "type: float32, enum: {0: a}", "enum", "float32 has no labels"),
    ("holding", "type: dpt9, enum: {0: a}", "enum", "dpt9 has no labels"),
    ("holding", "enum: {0: a}, scale: 2", "scale", "this one shows labels"),
    ("holding", "enum: {0: a}, min: 2", "min", "this one shows labels"),
    ("holding", "enum: {0: a}, write: {min: 0}", "write.min", "this one shows labels"),
    ("holding", "enum: {0: a}, flags: {0: a}", "flags", "keep one of enum and flags"),
    # flags
    ("holding", "flags: {16: a}", "flags.16", "does not fit uint16: it has bits 0 to 15"),
    ("holding", "flags: {0: a, 1: a}", "flags.1", "'a' stands for 0 already"),
    ("holding", "flags: {0: a}, bit: 1", "flags", "keep one of bit and flags"),
    ("holding", "flags: {0: a}, type: float32", "flags", "float32 has no flags"),
    ("holding", "flags: {0: a}, precision: 1", "precision", "this one shows flags"),
    # exponents
    ("holding", "exponent: b", "exponent", "there is no register b"),
    ("holding", "exponent: a", "exponent", "a has an exponent itself; name a plain register"),
    ("holding", "bit: 0, exponent: a", "exponent", "exponent is for numbers; leave it out"),
    # bit tables
    ("coil", "type: int16", "type", "int16 is made of words; a coil is bool, leave type out"),
    ("discrete", "type: string", "type", "string is made of words"),
    ("discrete", "length: 2", "length", "length is for words; leave it out, a discrete is one bit"),
    ("coil", "bit: 0", "bit", "bit is for words"),
    ("coil", "mask: 1", "mask", "mask is for words"),
    ("coil", "byte_order: little", "byte_order", "byte_order is for words"),
    ("coil", "invalid: 1", "invalid", "invalid is for words"),
    ("coil", "scale: 2", "scale", "this one shows on or off"),
    ("coil", "flags: {0: a}", "flags", "bool has no flags"),
    # what can not be written, and how
    ("input", "write: {}", "write", "input can not be written; only coil and holding can"),
    ("discrete", "write: {}", "write", "discrete can not be written; only coil and holding can"),
    ("input", "access: read_write", "access", "input can not be written"),
    ("holding", "access: read, write: {}", "write", "access: read forbids it"),
    (
        "holding",
        "access: write, write: {verify: true}",
        "write.verify",
        "access: write says that it is not read; leave verify out",
    ),
    (
        "holding",
        "type: int32, write: {function: single}",
        "write.function",
        "a single write is of one word, this has 2; use multiple",
    ),
    ("holding", "write: {function: mask}", "write.function", "add bit or mask"),
    ("holding", "type: uint32, mask: 1, write: {function: mask}", "write.function", "one holding"),
    ("coil", "write: {function: mask}", "write.function", "one holding word"),
]


@pytest.mark.parametrize(("table", "register", "path", "message"), TOGETHER)
def test_what_fields_can_not_be_together(
    table: str, register: str, path: str, message: str
) -> None:
    found = told(block(f"a: {{address: 0, {register}}}", table=table))
    assert [at for at, _ in found] == [f"{R}.a.{path}"]
    assert message in found[0][1]


PLACES = [
    ("", "a: {address: 65536}", "a.address", "ends at 65536 on the wire, beyond 65535"),
    ("", "a: {address: 65535, type: int32}", "a.address", "ends at 65536 on the wire"),
    ("", "a: {address: 65530, type: string, length: 9}", "a.address", "ends at 65538"),
    ("", "{a: {address: 1}, b: {address: 1}}", "b.address", "overlaps a; only different bits"),
    (
        "type: int32",
        "{b: {address: 1}, a: {address: 0}}",
        "b.address",
        "overlaps a",
    ),
    ("", "{a: {address: 1, mask: 3}, b: {address: 1, bit: 1}}", "b.address", "overlaps a"),
    ("", "{a: {address: 1, mask: 3}, b: {address: 1}}", "b.address", "overlaps a"),
    ("", "{a: {address: 1, flags: {0: x}}, b: {address: 1, bit: 0}}", "b.address", "overlaps a"),
    (
        "",
        "{a: {address: 1, bit: 0}, b: {address: 1, bit: 9, byte_order: little}}",
        "b.address",
        "overlaps a",
    ),
    (
        "",
        "{a: {address: 0, type: uint32, mask: 1}, b: {address: 1, mask: 2}}",
        "b.address",
        "overlaps a",
    ),
    ("", "{a: {address: 1, access: write}, b: {address: 1, write: {}}}", "b.address", "overlaps"),
    (
        "",
        "{a: {address: 0, exponent: b}, b: {address: 1, exponent: c}, c: {address: 2}}",
        "a.exponent",
        "b has an exponent itself",
    ),
    ("", "{a: {address: 0, exponent: b}, b: {address: 1, scale: 2}}", "a.exponent", "has a scale"),
    ("", "{a: {address: 0, exponent: b}, b: {address: 1, bit: 1}}", "a.exponent", "whole number"),
    (
        "",
        "{a: {address: 0, exponent: b}, b: {address: 1, access: write}}",
        "a.exponent",
        "is no whole number that is read",
    ),
    (
        "",
        "{a: {address: 0, exponent: b}, b: {address: 2, type: float32}}",
        "a.exponent",
        "is no whole number that is read",
    ),
]


@pytest.mark.parametrize(("more", "registers", "path", "message"), PLACES)
def test_where_registers_can_not_be(more: str, registers: str, path: str, message: str) -> None:
    found = told(block(registers, more=more))
    assert [at for at, _ in found] == [f"{R}.{path}"]
    assert message in found[0][1]


def test_an_address_before_the_first_of_its_block() -> None:
    spec: Any = block("a: {address: 5}")
    spec["blocks"][0]["first"] = 40001
    assert told(spec) == [
        (
            f"{R}.a.address",
            "lies before `first` of its block; which number does the manual begin with?",
        )
    ]


@pytest.mark.parametrize(
    ("table", "more", "message"),
    [
        ("coil", "type: int16", "type is for words; leave it out, coil holds single bits"),
        ("coil", "scale: 2", "scale is for words"),
        ("discrete", "word_order: little", "word_order is for words"),
        ("input", "access: read_write", "input can not be written; only coil and holding can"),
        ("holding", "scale: 0", "a scale of 0 makes every value the same"),
    ],
)
def test_what_a_block_can_not_say(table: str, more: str, message: str) -> None:
    found = told(block("a: {address: 0}", table=table, more=more))
    assert [at for at, _ in found] == [f"blocks.0.{more.partition(':')[0]}"]
    assert message in found[0][1]


LIMITS = [
    ("{words: 1}", f"{R}.a.type", "has 2 words, but limits.words allows 1 in one read"),
    ("{write_words: 1}", f"{R}.a.type", "limits.write_words allows 1 in one write"),
    (
        "{forbidden: [{table: holding, first: 9, last: 8}]}",
        "limits.forbidden.0.first",
        "first is above last; swap them",
    ),
    (
        "{forbidden: [{table: coil, first: 0, last: 9}, {table: holding, first: 1, last: 5}]}",
        "limits.forbidden.1",
        "forbids a, which is to be read; leave one of them out",
    ),
]


@pytest.mark.parametrize(("limits", "path", "message"), LIMITS)
def test_limits_and_registers_contradict(limits: str, path: str, message: str) -> None:
    spec: Any = block("a: {address: 0, type: int32, write: {}}")
    found = told({**spec, "limits": yaml.safe_load(limits)})
    assert [at for at, _ in found] == [path]
    assert message in found[0][1]


def test_one_key_in_two_blocks() -> None:
    spec: Any = block("a: {address: 0}")
    other = {"table": "input", "first": 0, "registers": {"a": {"address": 0}}}
    spec["blocks"].append(other)
    assert told(spec) == [
        ("blocks.1.registers.a", "the key a is taken in an earlier block; give it another")
    ]


REGISTERS = """
number: {address: 0, type: int16, scale: 0.1, write: {min: 5, max: 30, step: 0.5}}
broad: {address: 1, type: float32, write: {}}
mode: {address: 3, enum: {0: off, 1: heat}, write: {}}
flags: {address: 4, flags: {0: alarm}, write: {}}
text: {address: 5, type: string, length: 2, write: {}}
bit: {address: 7, bit: 0, write: {}}
shown: {address: 8}
state: {address: 9, enum: {0: idle, 1: busy}}
command: {address: 10, access: write}
"""
ENTITIES = [
    ("sensor, register: nothing", "register", "there is no register nothing"),
    ("sensor, register: command", "register", "command is never read: access is write"),
    (
        "sensor, register: mode, state_class: total",
        "state_class",
        "mode shows labels, no number",
    ),
    ("binary_sensor, register: mode", "on", "mode shows labels; say which mean on"),
    ("binary_sensor, register: text", "on", "text shows text; say which mean on"),
    ("binary_sensor, register: mode, on: warm", "on.0", "mode: expected a label: off, heat"),
    ("binary_sensor, register: flags, on: [alarm, x]", "on.1", "flags: expected a flag: alarm"),
    ("binary_sensor, register: bit, on: 2", "on.0", "bit: expected true or false"),
    ("binary_sensor, register: shown, on: 70000", "on.0", "shown: expected 0 to 65535"),
    ("switch, register: shown", "register", "shown is not written; give it write: {}"),
    ("switch, register: mode", "on", "mode: expected a label: off, heat"),
    ("switch, register: mode, on: heat, off: heat", "off", "on and off are the same value"),
    ("switch, register: number", "on", "number: expected 5 to 30, got 1"),
    ("switch, register: flags", "register", "make a register of its bit"),
    ("switch, register: bit, state: nothing", "state", "there is no register nothing"),
    ("switch, register: bit, state: command", "state", "command is never read"),
    ("switch, register: bit, state: state", "state", "name a register that shows the same values"),
    ("select, register: number", "register", "number has no enum; a select needs one"),
    ("select, register: state", "register", "state is not written; give it write: {}"),
    ("select, register: mode, options: [off, dry]", "options.1", "mode has no label 'dry'"),
    ("select, register: mode, options: [off, off]", "options.1", "'off' is listed twice"),
    ("number, register: text", "register", "text shows text, no number"),
    ("number, register: mode", "register", "mode shows labels, no number"),
    ("number, register: shown", "register", "shown is not written; give it write: {}"),
    ("number, register: broad, max: 5", "min", "broad has no limits; say min and max"),
    ("number, register: number, min: 4", "min", "can not be written: expected 5 to 30"),
    ("number, register: number, min: 9, max: 9", "max", "9 is not below 9"),
    ("number, register: number, mode: dial", "mode", "expected one of auto, box, slider"),
    ("button, register: shown, value: 1", "register", "shown is not written"),
    ("button, register: command, value: 65536", "value", "command: expected 0 to 65535"),
    ("button, register: command, value: 0.5", "value", "command: expected steps of 1, got 0.5"),
    ("button, register: number, value: 5.2", "value", "number: expected steps of 0.5 from 5"),
    ("button, register: text, value: hello", "value", "text: expected at most 4 bytes of text"),
    ("button, register: command, value: .nan", "value", "expected a number, a label, true or"),
    (f"button, register: command, value: {'9' * 400}", "value", "expected a number, a label"),
    ("button, register: text, value: 5", "value", "text: expected a text"),
    ("climate, key: c", "kind", "needs at least one register, such as current_temperature"),
    ("climate, key: c, current_temperature: nothing", "current_temperature", "no register nothing"),
    ("climate, key: c, current_humidity: state", "current_humidity", "shows labels, no number"),
    ("climate, key: c, target_temperature: shown", "target_temperature", "give it write: {}"),
    (
        "climate, key: c, target_temperature: number, min_temp: 3",
        "min_temp",
        "can not be written: expected 5 to 30",
    ),
    (
        "climate, key: c, target_temperature: number, max_temp: 4",
        "max_temp",
        "can not be written: expected 5 to 30",
    ),
    (
        "climate, key: c, hvac_mode: {register: state, modes: {idle: off}}",
        "hvac_mode.register",
        "state is not written; give it write: {}",
    ),
    (
        "climate, key: c, hvac_mode: {register: mode, modes: {warm: heat}}",
        "hvac_mode.modes.warm",
        "mode: expected a label: off, heat",
    ),
    (
        "climate, key: c, hvac_mode: {register: mode, modes: {heat: heat, 1: cool}}",
        "hvac_mode.modes.1",
        "'1' is the same value as another; keep one",
    ),
    (
        "climate, key: c, hvac_mode: {register: mode, modes: {heat: heat}}, fixed_mode: cool",
        "fixed_mode",
        "hvac_mode tells the mode already; leave fixed_mode out",
    ),
    (
        "climate, key: c, on_off: {register: mode, on: 5, off: 0}",
        "on_off.on",
        "mode: expected a label: off, heat",
    ),
    (
        "climate, key: c, hvac_action: {register: command, actions: {0: idle}}",
        "hvac_action.register",
        "command is never read",
    ),
    (
        "climate, key: c, fan_mode: {register: shown, modes: {0: low}}",
        "fan_mode.register",
        "shown is not written",
    ),
    (
        "climate, key: c, preset_mode: {register: bit, modes: {2: eco}}",
        "preset_mode.modes.2",
        "bit: expected true or false",
    ),
]


@pytest.mark.parametrize(("entity", "path", "message"), ENTITIES)
def test_entities_that_do_not_fit(entity: str, path: str, message: str) -> None:
    found = dict(told(block(REGISTERS, f"- {{kind: {entity}}}")))
    assert message in found[f"entities.0.{path}"]


def test_two_entities_of_one_key() -> None:
    entities = """
    - {kind: sensor, register: number}
    - {kind: number, register: number}
    - {kind: sensor, register: broad, key: number}
    """
    assert told(block(REGISTERS, entities)) == [
        ("entities.1.register", "the key number is taken by entity 0; give this one its own key"),
        ("entities.2.key", "the key number is taken by entity 0; give this one its own key"),
    ]


def test_all_mistakes_are_told_at_once() -> None:
    found = told(
        block(
            """
            a: {address: 0, scale: 0}
            b: {address: 0, type: string}
            c: {address: 9, enum: {0: x, 2: x}}
            """,
            "- {kind: switch, register: d, state: c}",
        )
    )
    assert {path for path, _ in found} == {
        f"{R}.a.scale",
        f"{R}.b.length",
        f"{R}.b.address",
        f"{R}.c.enum",
        f"{R}.c.enum.2",
        "entities.0.register",
        "entities.0.state",
    }


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
