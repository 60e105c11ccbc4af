"""Words to values and back, for every type and order, beside pymodbus' own conversions."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

from hypothesis import given, settings
from hypothesis import strategies as st
from pymodbus.client.mixin import ModbusClientMixin

from integrations.modbus.mapping import codec, dpt9
from integrations.modbus.mapping.compile import register as compiled
from integrations.modbus.mapping.models import WORDS, Order, Reason, Register, Type, Value

PEER = ModbusClientMixin[Any]
NUMBERS = {
    Type.INT16: PEER.DATATYPE.INT16,
    Type.UINT16: PEER.DATATYPE.UINT16,
    Type.INT32: PEER.DATATYPE.INT32,
    Type.UINT32: PEER.DATATYPE.UINT32,
    Type.INT64: PEER.DATATYPE.INT64,
    Type.UINT64: PEER.DATATYPE.UINT64,
    Type.FLOAT32: PEER.DATATYPE.FLOAT32,
    Type.FLOAT64: PEER.DATATYPE.FLOAT64,
}
FLOATS = {Type.FLOAT16, Type.FLOAT32, Type.FLOAT64}
WORD = st.integers(0, 0xFFFF)
ORDER = st.sampled_from(Order)

quick = settings(max_examples=100)


def make(kind: Type, address: int = 0, table: str = "holding", **fields: Any) -> Register:
    """Return a register as a definition would make it."""
    own = {"address": address, "type": kind.value, **fields}
    return compiled({"table": table, "first": 0}, f"r{address}", own)


def swapped(words: Sequence[int], byte_order: Order) -> list[int]:
    """Return words with their bytes in the usual order; pymodbus knows no other."""
    if byte_order is Order.BIG:
        return list(words)
    return [word >> 8 | (word & 0xFF) << 8 for word in words]


def peer(register: Register, words: Sequence[int]) -> Any:
    """Return what pymodbus makes of the words."""
    order: Literal["big", "little"] = "big" if register.word_order is Order.BIG else "little"
    ordered = swapped(words, register.byte_order)
    return PEER.convert_from_registers(ordered, NUMBERS[register.type], word_order=order)


def decode(register: Register, words: Sequence[int], exponent: int | None = None) -> Value | Reason:
    """Decode the words of one register."""
    block = codec.Block([register], register.address, register.words)
    (raw,) = block.raws(words)
    assert codec.words(register, raw) == tuple(words)
    return block.convert[0](raw, exponent)


def same(found: object, expected: float) -> bool:
    if not math.isfinite(expected):
        return found is Reason.NOT_A_NUMBER
    return found == expected and math.copysign(1, expected + 0.0) == math.copysign(
        1, expected + 0.0
    )


@st.composite
def numbers(draw: st.DrawFn) -> tuple[Register, list[int]]:
    """A number of any type and order, and words for it."""
    kind = draw(st.sampled_from([*NUMBERS]))
    register = make(kind, word_order=draw(ORDER), byte_order=draw(ORDER))
    size = register.words
    return register, draw(st.lists(WORD, min_size=size, max_size=size))


@quick
@given(numbers())
def test_numbers_are_what_pymodbus_reads(drawn: tuple[Register, list[int]]) -> None:
    register, words = drawn
    found, expected = decode(register, words), peer(register, words)
    assert same(found, expected)
    if register.type not in FLOATS:
        assert isinstance(found, int)


@quick
@given(numbers())
def test_numbers_go_back_to_the_words_they_came_from(drawn: tuple[Register, list[int]]) -> None:
    register, words = drawn
    value = decode(register, words)
    if isinstance(value, Reason):
        return
    back = codec.encode(register, value)
    if value == 0:  # -0.0 is shown, and so written, as 0
        assert decode(register, back) == 0
    else:
        assert back == tuple(words)


@quick
@given(st.sampled_from([*NUMBERS]), ORDER, ORDER, st.integers(-(2**63), 2**64 - 1), st.floats())
def test_numbers_are_written_as_pymodbus_writes_them(
    kind: Type, word_order: Order, byte_order: Order, whole: int, broken: float
) -> None:
    register = make(kind, word_order=word_order, byte_order=byte_order)
    value = broken if kind in FLOATS else whole
    try:
        words = codec.encode(register, value)
    except ValueError:
        words = ()
    try:
        expected = PEER.convert_to_registers(
            value, NUMBERS[kind], "big" if word_order is Order.BIG else "little"
        )
    except Exception:  # noqa: BLE001 - struct.error and OverflowError, by type
        expected = []
    if not math.isfinite(value):
        expected = []
    if value != 0:
        assert list(words) == swapped(expected, byte_order)


@quick
@given(WORD)
def test_half_floats(word: int) -> None:
    register = make(Type.FLOAT16)
    value = decode(register, [word])
    assert value == decode(
        replace(register, byte_order=Order.LITTLE), swapped([word], Order.LITTLE)
    )
    sign, power, rest = word >> 15, word >> 10 & 31, word & 0x3FF  # IEEE 754-2008, binary16
    if power == 31:
        assert value is Reason.NOT_A_NUMBER
        return
    expected = math.ldexp(rest + (1024 if power else 0), (power or 1) - 25) * (-1) ** sign
    assert value == expected
    if value != 0:
        assert codec.encode(register, expected) == (word,)


@quick
@given(
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12),
    st.integers(6, 9),
    ORDER,
    ORDER,
)
def test_texts(text: str, length: int, word_order: Order, byte_order: Order) -> None:
    text = text.rstrip(" ")
    register = make(Type.STRING, length=length, word_order=word_order, byte_order=byte_order)
    words = codec.encode(register, text)
    assert len(words) == length
    assert decode(register, words) == text
    read = PEER.convert_from_registers(
        swapped(words, byte_order),
        PEER.DATATYPE.STRING,
        "big" if word_order is Order.BIG else "little",
    )
    assert read == text


@quick
@given(
    st.sampled_from([Type.INT16, Type.UINT16, Type.INT32, Type.UINT32]),
    st.sampled_from([0.1, 0.01, 0.001, 0.5, 0.25, 0.2, 2.0, 10.0, -0.1, 0.03, 1.8]),
    st.sampled_from([0.0, -40.0, 273.15, 0.5]),
    st.none() | st.integers(0, 4),
    st.data(),
)
def test_scaled_numbers_go_back_to_what_is_read_as_the_same(
    kind: Type, scale: float, offset: float, precision: int | None, data: st.DataObject
) -> None:
    more: dict[str, Any] = {} if precision is None else {"precision": precision}
    register = make(kind, scale=scale, offset=offset, **more)
    words = data.draw(st.lists(WORD, min_size=register.words, max_size=register.words))
    value = decode(register, words)
    assert isinstance(value, int | float)
    raw = peer(register, words)
    exact = raw * scale + offset
    assert math.isclose(value, exact, rel_tol=1e-9, abs_tol=0.5 * 10.0 ** -(precision or 0) + 1e-9)
    back = codec.encode(register, value)
    assert decode(register, back) == value
    if precision is None:
        assert back == tuple(words)
        assert len(repr(float(value)).partition(".")[2]) <= 4 or "e" in repr(float(value))


@quick
@given(
    st.integers(-32768, 32767).filter(lambda raw: raw != 0),
    st.integers(-10, 10),
    st.sampled_from([1.0, 0.1, 5.0]),
)
def test_powers_of_ten_of_another_register(raw: int, exponent: int, scale: float) -> None:
    register = make(Type.INT16, exponent="sf", scale=scale)
    value = decode(register, [raw & 0xFFFF], exponent)
    assert isinstance(value, float)
    assert math.isclose(value, raw * scale * 10.0**exponent, rel_tol=1e-12)
    assert codec.encode(register, value, exponent=exponent) == (raw & 0xFFFF,)
    assert decode(register, [raw & 0xFFFF]) is Reason.NO_EXPONENT


@quick
@given(
    st.sampled_from([Type.UINT16, Type.UINT32, Type.UINT64, Type.INT16, Type.INT32]),
    ORDER,
    ORDER,
    st.data(),
)
def test_some_bits_are_written_and_the_others_kept(
    kind: Type, word_order: Order, byte_order: Order, data: st.DataObject
) -> None:
    size = WORDS[kind]
    low = data.draw(st.integers(0, 16 * size - 1))
    high = data.draw(st.integers(low, 16 * size - 1))
    mask = (1 << high + 1) - (1 << low)
    register = make(kind, mask=mask, word_order=word_order, byte_order=byte_order)
    other = make(kind, word_order=word_order, byte_order=byte_order)
    current = data.draw(st.lists(WORD, min_size=size, max_size=size))
    half = 1 << high - low
    signed = kind in {Type.INT16, Type.INT32}
    value = data.draw(st.integers(-half, half - 1) if signed else st.integers(0, 2 * half - 1))
    words = codec.encode(register, value, current=current)
    assert decode(register, words) == value
    every = (1 << 16 * size) - 1
    before, after = (int(decode(other, held)) & every for held in (current, words))  # type: ignore[arg-type]
    assert before & ~mask == after & ~mask
    assert after >> low & (1 << high + 1 - low) - 1 == value & 2 * half - 1


@quick
@given(st.integers(1, 0xFFFF), WORD, WORD, ORDER)
def test_a_mask_write_does_what_reading_and_writing_does(
    mask: int, current: int, word: int, byte_order: Order
) -> None:
    register = make(Type.UINT16, mask=mask, byte_order=byte_order)
    value = decode(register, [word])
    assert isinstance(value, int)
    kept, put = codec.masks(register, value)
    written = (current & kept) | (put & ~kept)  # V1.1b3, section 6.16
    assert (written,) == codec.encode(register, value, current=[current])
    assert decode(register, [written]) == value


@st.composite
def blocks(draw: st.DrawFn) -> tuple[list[Register], int, list[int]]:
    """Registers of any type inside a read, apart or sharing words, in any order."""
    count = draw(st.integers(1, 125))
    start = draw(st.sampled_from([0, 7, 40000, 65536 - count]))
    registers = []
    for _ in range(draw(st.integers(0, 12))):
        kind = draw(st.sampled_from([kind for kind in NUMBERS if WORDS[kind] <= count]))
        address = start + draw(st.integers(0, count - WORDS[kind]))
        orders = {"word_order": draw(ORDER), "byte_order": draw(ORDER)}
        registers.append(make(kind, address, **(orders if draw(st.booleans()) else {})))
    if draw(st.booleans()):
        registers.sort(key=lambda register: register.address)
    return registers, start, draw(st.lists(WORD, min_size=count, max_size=count))


@quick
@given(blocks())
def test_a_block_reads_each_register_where_it_stands(
    drawn: tuple[list[Register], int, list[int]],
) -> None:
    registers, start, words = drawn
    block = codec.Block(registers, start, len(words))
    raws = block.raws(words)
    assert len(raws) == len(registers) == len(block.convert)
    hash(raws)
    for register, raw, convert in zip(registers, raws, block.convert, strict=True):
        own = words[register.address - start : register.end - start]
        assert codec.words(register, raw) == tuple(own)
        assert same(convert(raw), peer(register, own))


@quick
@given(st.lists(st.booleans(), min_size=1, max_size=60), st.data())
def test_a_block_of_bits(bits: list[bool], data: st.DataObject) -> None:
    places = data.draw(st.lists(st.integers(0, len(bits) - 1), max_size=20))
    registers = [make(Type.BOOL, 100 + place, "coil") for place in places]
    block = codec.Block(registers, 100, len(bits))
    raws = block.raws(bits)
    found = [convert(raw) for convert, raw in zip(block.convert, raws, strict=True)]
    assert found == [bits[place] for place in places]
    assert all(isinstance(value, bool) for value in found)
    for register, raw, value in zip(registers, raws, found, strict=True):
        assert codec.words(register, raw) == codec.encode(register, value) == (int(bool(value)),)  # type: ignore[arg-type]


def test_every_word_of_dpt9() -> None:
    register = make(Type.DPT9)
    for word in range(0x10000):
        if word == dpt9.INVALID:
            continue
        value = dpt9.decode(word)
        assert abs(dpt9.decode(dpt9.encode(value)) - value) < 1e-9
    assert decode(register, [dpt9.INVALID]) is Reason.SENTINEL
    assert codec.encode(register, 21.5) == (0x0C33,)
