"""What registers can not say together, each told at its path."""

from typing import Any

import pytest
import yaml

from tests.integrations.modbus.definitions import REGISTERS as R
from tests.integrations.modbus.definitions import block, told

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
    (
        "{forbidden: [{table: holding, first: 0, last: 0}]}",
        "limits.forbidden.0",
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


@pytest.mark.parametrize(
    "register",
    [
        "scale: -1, write: {min: -100, max: 0}",
        "exponent: b, write: {min: 0, max: 1000000}",
    ],
)
def test_limits_that_the_register_can_reach(register: str) -> None:
    assert told(block(f"a: {{address: 0, {register}}}\nb: {{address: 1}}")) == []
