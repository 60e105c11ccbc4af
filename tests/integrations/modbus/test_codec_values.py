"""What single registers show, why they show nothing, and what can not be written."""

import struct
from typing import Any

import pytest

from hub.sdk import dumps
from hub.util.json import loads
from integrations.modbus.mapping import codec
from integrations.modbus.mapping.compile import register as compiled
from integrations.modbus.mapping.models import Reason, Register, Value


def make(table: str = "holding", **fields: Any) -> Register:
    return compiled({"table": table, "first": 0}, "a", {"address": 0, **fields})


def decode(register: Register, *words: int, exponent: int | None = None) -> Value | Reason:
    block = codec.Block([register], 0, len(words))
    return block.convert[0](block.raws(words)[0], exponent)


def float_words(value: float) -> tuple[int, ...]:
    return struct.unpack(">2H", struct.pack(">f", value))


MODES = {"0": "off", "1": "heat", "3": "auto"}
FLAGS = {"0": "alarm", "3": "pump", "15": "remote"}
SHOWN: list[tuple[dict[str, Any], tuple[int, ...], Value | Reason]] = [
    # whole numbers stay whole, and broken ones are what a person would write
    ({"type": "uint16"}, (65535,), 65535),
    ({"type": "int16"}, (65535,), -1),
    ({"type": "int16", "scale": 10}, (0xFFFE,), -20),
    ({"type": "int16", "scale": 10, "offset": -5}, (3,), 25),
    ({"type": "int16", "scale": 0.1}, (3,), 0.3),
    ({"type": "int16", "scale": 0.1}, (0xFF38,), -20.0),
    ({"type": "int16", "scale": 0.1, "offset": -40}, (613,), 21.3),
    ({"type": "int16", "scale": 0.1, "precision": 0}, (215,), 22),
    ({"type": "uint16", "scale": 0.01, "precision": 1}, (2168,), 21.7),
    ({"type": "uint16", "scale": 0.005}, (3,), 0.015),
    ({"type": "uint16", "scale": 1.8, "offset": 32}, (21,), 69.8),
    ({"type": "int16", "scale": -1}, (5,), -5),
    ({"type": "uint32"}, (1, 0), 65536),
    ({"type": "uint32", "word_order": "little"}, (1, 0), 1),
    ({"type": "int32"}, (0xFFFF, 0xFFFE), -2),
    ({"type": "uint64"}, (0xFFFF,) * 4, 2**64 - 1),
    ({"type": "uint16", "byte_order": "little"}, (0x0102,), 0x0201),
    ({"type": "float32", "precision": 1}, float_words(21.26), 21.3),
    ({"type": "float32", "precision": 0}, float_words(230.7), 231),
    ({"type": "float32"}, float_words(-0.0), 0.0),
    ({"type": "float32", "scale": 0.001, "precision": 2}, float_words(1234.5), 1.23),
    ({"type": "dpt9"}, (0x0C33,), 21.5),
    ({"type": "dpt9"}, (0x8A24,), -30.0),
    ({"type": "dpt9"}, (0x7FFF,), Reason.SENTINEL),
    ({"type": "uint16", "min": 5, "max": 9}, (5,), 5),
    ({"type": "uint16", "min": 5, "max": 9}, (9,), 9),
    ({"type": "uint16", "scale": 0.3}, (10,), 3.0),
    ({"type": "uint16", "scale": 2.5}, (3,), 7.5),
    # a division is the nearest there is, where a product is not
    ({"type": "uint64", "scale": 0.001}, (0x5A4F, 0xDC10, 0x9D66, 0x2984), 6507661950491962.0),
    # what is no value is none, and never 0
    ({"type": "int16", "invalid": [0x8000]}, (0x8000,), Reason.SENTINEL),
    ({"type": "int16", "invalid": [-32768]}, (0x8000,), Reason.SENTINEL),
    ({"type": "uint16", "invalid": [0xFFFF, 0xFFFE]}, (0xFFFE,), Reason.SENTINEL),
    ({"type": "uint32", "invalid": [0xFFFFFFFF]}, (0xFFFF, 0xFFFF), Reason.SENTINEL),
    ({"type": "uint32", "invalid": [0x8000], "word_order": "little"}, (0x8000, 0), Reason.SENTINEL),
    ({"type": "float32", "invalid": [0x7FC00000]}, (0x7FC0, 0), Reason.SENTINEL),
    ({"type": "float32", "invalid": [0x7FC00000]}, (0x7FC0, 1), Reason.NOT_A_NUMBER),
    ({"type": "float32", "invalid": [0]}, (0, 0), Reason.SENTINEL),
    ({"type": "uint16", "invalid": [0xFF01], "mask": 0xFF}, (0xFF01,), Reason.SENTINEL),
    ({"type": "uint16", "invalid": [0xFF01], "mask": 0xFF}, (1,), 1),
    ({"type": "uint16", "invalid": [9], "enum": {"9": "x"}}, (9,), Reason.SENTINEL),
    ({"type": "float32"}, (0x7F80, 0), Reason.NOT_A_NUMBER),
    ({"type": "float64", "scale": 1e15}, (0x7FEF, 0xFFFF, 0xFFFF, 0xFFFF), Reason.NOT_A_NUMBER),
    ({"type": "float16"}, (0xFE00,), Reason.NOT_A_NUMBER),
    ({"type": "int16", "scale": 0.1, "min": -40, "max": 60}, (601,), Reason.OUT_OF_RANGE),
    ({"type": "int16", "scale": 0.1, "min": -40, "max": 60}, (600,), 60.0),
    ({"type": "int16", "min": -40}, (0xFFD7,), Reason.OUT_OF_RANGE),
    ({"type": "int16", "max": 5}, (6,), Reason.OUT_OF_RANGE),
    ({"type": "float32", "max": 5}, (0x7FC0, 0), Reason.NOT_A_NUMBER),
    # labels, flags, single bits
    ({"enum": MODES, "enum_gaps": True}, (1,), "heat"),
    ({"enum": MODES, "enum_gaps": True}, (2,), Reason.NO_LABEL),
    ({"type": "int16", "enum": {"-1": "auto"}}, (0xFFFF,), "auto"),
    ({"enum": MODES, "mask": 0x0F00}, (0xA3A5,), "auto"),
    ({"flags": FLAGS}, (0x8009,), ("alarm", "pump", "remote")),
    ({"flags": FLAGS}, (0x0010,), ()),
    ({"type": "uint32", "flags": {"17": "late", "0": "first"}}, (2, 1), ("first", "late")),
    ({"type": "int16", "flags": {"15": "sign"}}, (0x8000,), ("sign",)),
    ({"bit": 3}, (8,), True),
    ({"bit": 3}, (0xFFF7,), False),
    ({"bit": 3, "enum": {"0": "shut", "1": "open"}}, (0xFFFF,), "open"),
    ({"type": "bool"}, (2,), True),
    ({"mask": 0xFF00}, (0x1234,), 0x12),
    ({"mask": 0xFF00, "type": "int16"}, (0xFE34,), -2),
    ({"mask": 0x00FF, "type": "int16", "scale": 0.5}, (0x34FF,), -0.5),
    ({"mask": 0xFF00, "byte_order": "little"}, (0x1234,), 0x34),
    ({"type": "uint32", "mask": 0x00FFFF00}, (0x1234, 0x5678), 0x3456),
    # texts
    ({"type": "string", "length": 3}, (0x4142, 0x4300, 0x5858), "ABC"),
    ({"type": "string", "length": 2}, (0x4142, 0x2020), "AB"),
    ({"type": "string", "length": 2}, (0, 0), ""),
    ({"type": "string", "length": 2, "byte_order": "little"}, (0x4241, 0x0043), "ABC"),
    ({"type": "string", "length": 2, "word_order": "little"}, (0x4300, 0x4142), "ABC"),
    ({"type": "string", "length": 2}, (0xC3A9, 0), "é"),
    ({"type": "string", "length": 2}, (0xFFFF, 0xFFFF), Reason.NOT_TEXT),
    ({"type": "string", "length": 2}, (0x4101, 0), Reason.NOT_TEXT),
]


@pytest.mark.parametrize(("fields", "words", "value"), SHOWN)
def test_what_a_register_shows(
    fields: dict[str, Any], words: tuple[int, ...], value: Value | Reason
) -> None:
    found = decode(make(**fields), *words)
    assert found == value
    assert type(found) is type(value)
    assert str(found) == str(value)


@pytest.mark.parametrize(
    ("raw", "exponent", "value"),
    [
        (2305, -1, 230.5),
        (2305, 0, 2305.0),
        (2305, 2, 230500.0),
        (3, -1, 0.3),
        (0, None, Reason.NO_EXPONENT),
        (1, 31, Reason.NO_EXPONENT),
        (1, -32768, Reason.NO_EXPONENT),
        (0x8000, None, Reason.SENTINEL),
        (7, 1, Reason.OUT_OF_RANGE),
    ],
)
def test_powers_of_ten(raw: int, exponent: int | None, value: object) -> None:
    limits: dict[str, Any] = {"max": 50} if value is Reason.OUT_OF_RANGE else {}
    register = make(type="int16", exponent="sf", invalid=[0x8000], **limits)
    assert decode(register, raw, exponent=exponent) == value


@pytest.mark.parametrize(
    ("fields", "words", "exponent"),
    [
        ({"type": "uint64", "scale": 10}, (0xFFFF,) * 4, None),
        ({"type": "int64", "scale": 1e14, "offset": 1}, (0x8000, 0, 0, 0), None),
        ({"type": "float32", "precision": 0}, float_words(3e38), None),
        ({"type": "float32", "precision": 0}, float_words(-3e38), None),
        ({"type": "uint64", "exponent": "b", "precision": 0}, (0xFFFF,) * 4, 30),
    ],
)
def test_no_number_is_too_large_to_be_written_down(
    fields: dict[str, Any], words: tuple[int, ...], exponent: int | None
) -> None:
    found = decode(make(**fields), *words, exponent=exponent)
    assert isinstance(found, float)
    assert loads(dumps(found)) == found


def test_equal_words_are_equal_raw_items_even_without_a_number() -> None:
    register = make(type="float32")
    block = codec.Block([register], 0, 2)
    assert block.raws((0x7FC0, 1)) == block.raws((0x7FC0, 1))
    assert block.raws((0x7FC0, 1)) != block.raws((0x7FC0, 2))
    assert codec.words(register, block.raws((0x7F80, 1))[0]) == (0x7F80, 1)


def test_an_answer_of_another_size_is_no_answer() -> None:
    block = codec.Block([make()], 0, 2)
    with pytest.raises(struct.error):
        block.raws((1,))


WRITTEN: list[tuple[dict[str, Any], Value, tuple[int, ...]]] = [
    ({"type": "int16", "scale": 0.1}, 21.5, (215,)),
    ({"type": "int16", "scale": 0.1}, -0.1, (0xFFFF,)),
    ({"type": "int16", "scale": 0.1}, 21, (210,)),
    ({"type": "uint32", "word_order": "little"}, 65536, (0, 1)),
    ({"type": "float32"}, 21.5, (0x41AC, 0)),
    ({"type": "float32", "scale": 0.001}, 1, (0x447A, 0)),
    ({"type": "dpt9"}, -30, (0x8A24,)),
    ({"enum": MODES}, "auto", (3,)),
    ({"type": "int16", "enum": {"-1": "auto"}}, "auto", (0xFFFF,)),
    ({"type": "bool"}, True, (1,)),
    ({"type": "bool"}, 0, (0,)),
    ({"type": "string", "length": 2}, "ABC", (0x4142, 0x4300)),
    ({"type": "string", "length": 2}, "", (0, 0)),
    ({"type": "int16", "write": {"function": "auto", "min": 5, "step": 0.5}}, 6, (6,)),
]


@pytest.mark.parametrize(("fields", "value", "words"), WRITTEN)
def test_what_is_written(fields: dict[str, Any], value: Value, words: tuple[int, ...]) -> None:
    assert codec.encode(make(**fields), value) == words


@pytest.mark.parametrize(
    ("fields", "value", "current", "words"),
    [
        ({"bit": 3}, True, 0xF000, 0xF008),
        ({"bit": 3}, False, 0xFFFF, 0xFFF7),
        ({"mask": 0x0FF0}, 0x12, 0xABCD, 0xA12D),
        ({"mask": 0xFF00, "type": "int16"}, -2, 0x1234, 0xFE34),
        ({"mask": 0x0F00, "enum": MODES}, "auto", 0xFFFF, 0xF3FF),
        ({"flags": FLAGS}, ("pump",), 0x8012, 0x001A),
        ({"flags": FLAGS}, (), 0x8019, 0x0010),
        ({"mask": 0xFF00, "byte_order": "little"}, 0x56, 0x1234, 0x1256),
    ],
)
def test_some_bits_are_written_beside_the_present_ones(
    fields: dict[str, Any], value: Value, current: int, words: int
) -> None:
    register = make(**fields)
    assert codec.encode(register, value, current=[current]) == (words,)
    with pytest.raises(ValueError, match="its present words are needed"):
        codec.encode(register, value)


def test_bits_of_bit_tables() -> None:
    coil = make("coil", write={"function": "auto"})
    assert (codec.encode(coil, True), codec.encode(coil, False)) == ((1,), (0,))
    named = make("coil", enum={"0": "shut", "1": "open"})
    assert codec.encode(named, "open") == (1,)
    assert decode(named, 1) == "open"


LIMITED = {"type": "int16", "scale": 0.1, "write": {"function": "auto", "min": 5, "max": 30}}
STEPPED = {"type": "int16", "scale": 0.1, "write": {"function": "auto", "min": 5, "step": 0.5}}
REFUSED: list[tuple[dict[str, Any], Any, str]] = [
    ({"type": "int16"}, 32768, "expected -32768 to 32767, got 32768"),
    ({"type": "uint16"}, -1, "expected 0 to 65535, got -1"),
    ({"type": "uint64"}, 2**64, "expected 0 to"),
    ({"type": "int16", "scale": 0.1}, 3276.8, "expected -3276.8 to 3276.7, got 3276.8"),
    ({"type": "int16", "scale": 0.1}, 21.55, "expected steps of 0.1, got 21.55"),
    ({"type": "uint16"}, 0.5, "expected steps of 1, got 0.5"),
    (LIMITED, 30.1, "expected 5 to 30, got 30.1"),
    (LIMITED, 4.9, "expected 5 to 30, got 4.9"),
    (STEPPED, 5.4, "expected steps of 0.5 from 5, got 5.4"),
    ({"type": "float32", "max": 100}, 101, "expected at most 100, got 101"),
    ({"type": "float32", "precision": 1}, 21.55, "expected at most 1 decimals, got 21.55"),
    ({"type": "float32"}, 1e39, "1e.39 does not fit float32"),
    ({"type": "float16"}, 70000, "70000 does not fit float16"),
    ({"type": "dpt9"}, 700000, "700000 does not fit dpt9"),
    ({"type": "float32"}, float("nan"), "expected a finite number"),
    ({"type": "float32"}, float("inf"), "expected a finite number"),
    ({"type": "uint16"}, True, "expected a finite number"),
    ({"type": "uint16"}, "5", "expected a finite number"),
    ({"type": "uint16"}, None, "expected a finite number"),
    ({"type": "int16", "invalid": [0x8000]}, -32768, "mean that there is no value"),
    ({"enum": MODES}, "cool", "expected one of off, heat, auto"),
    ({"enum": MODES}, 1, "expected one of off, heat, auto"),
    ({"flags": FLAGS}, ("pump", "fan"), "expected flags of alarm, pump, remote"),
    ({"type": "bool"}, 2, "expected true or false"),
    ({"type": "bool"}, "on", "expected true or false"),
    ({"type": "string", "length": 2}, "hello", "expected at most 4 bytes of text, got 5"),
    ({"type": "string", "length": 2}, "ééé", "expected at most 4 bytes of text, got 6"),
    ({"type": "string", "length": 2}, "a ", "expected a printable text"),
    ({"type": "string", "length": 2}, "a\0b", "expected a printable text"),
    ({"type": "string", "length": 2}, 5, "expected a printable text"),
    ({"type": "int16", "exponent": "sf"}, 5, "the power of ten in sf is not known"),
]


@pytest.mark.parametrize(("fields", "value", "message"), REFUSED)
def test_what_can_not_be_written(fields: dict[str, Any], value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        codec.encode(make(**fields), value, current=[0])


def test_the_power_of_ten_counts_when_writing() -> None:
    register = make(type="int16", exponent="sf")
    assert codec.encode(register, 230.5, exponent=-1) == (2305,)
    assert codec.encode(register, 500, exponent=2) == (5,)
    with pytest.raises(ValueError, match="expected steps of 100, got 550"):
        codec.encode(register, 550, exponent=2)
    with pytest.raises(ValueError, match="70000 does not fit int16 at this power of ten"):
        codec.encode(register, 70000, exponent=0)
