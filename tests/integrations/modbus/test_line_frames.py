"""Bytes that go out and come in: requests as the standard has them, answers exact or a fault."""

import itertools
import struct
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymodbus.pdu import ModbusPDU

from integrations.modbus.line import questions
from integrations.modbus.line.errors import BadAnswer, Refused
from integrations.modbus.line.frames import Frames
from integrations.modbus.line.questions import Decoder, Passed, encoded
from integrations.modbus.mapping.models import Function, Table
from tests.peers.modbus_fake import crc

WORDS = st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=123)


def on_bus(unit: int, pdu: bytes) -> bytes:
    frame = bytes((unit,)) + pdu
    return frame + crc(frame).to_bytes(2, "little")


def words(*values: int) -> bytes:
    return bytes((3, 2 * len(values))) + struct.pack(f">{len(values)}H", *values)


@settings(max_examples=100)
@given(
    unit=st.integers(1, 247),
    values=WORDS,
    cuts=st.lists(st.integers(0, 300), max_size=6),
    noise=st.binary(max_size=6),
)
def test_a_bus_frame_is_found_in_noise_and_in_pieces(
    unit: int, values: list[int], cuts: list[int], noise: bytes
) -> None:
    frames, found = Frames(), []
    data = noise + on_bus(unit, words(*values))
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    for low, high in itertools.pairwise(edges):
        frames.feed(data[low:high])
        while (frame := frames.next(unit, {3})) is not None:
            found.append(frame)
    assert found == [data[len(noise) :]]


def test_frames_that_come_at_once_are_found_one_by_one() -> None:
    frames = Frames()
    late, refused, other = on_bus(1, words(1)), on_bus(1, b"\x83\x02"), on_bus(2, words(2))
    frames.feed(late + other + b"\xff" + refused + on_bus(1, bytes.fromhex("06 0001 0002")))
    assert [frames.next(1, {3}) for _ in range(3)] == [late, refused, None]
    assert frames.next(1, {3, 6}) == on_bus(1, bytes.fromhex("06 0001 0002"))
    frames.feed(late)
    frames.clear()
    assert frames.next(1, {3}) is None


@settings(max_examples=200)
@given(data=st.lists(st.binary(max_size=300), max_size=5), unit=st.integers(0, 255))
def test_noise_raises_nothing(data: list[bytes], unit: int) -> None:
    frames = Frames()
    for chunk in data:
        frames.feed(chunk)
        while frames.next(unit, {1, 3, 8, 24, 43}) is not None:
            pass


@pytest.mark.parametrize(
    ("table", "pdu"),
    [
        (Table.COIL, "01 000A 0003"),
        (Table.DISCRETE, "02 000A 0003"),
        (Table.HOLDING, "03 000A 0003"),
        (Table.INPUT, "04 000A 0003"),
    ],
)
def test_reads_are_those_of_the_standard(table: Table, pdu: str) -> None:
    asked = questions.read(9, table, 10, 3)
    assert (asked.dev_id, encoded(asked)) == (9, bytes.fromhex(pdu))


@pytest.mark.parametrize(
    ("table", "values", "function", "pdus"),
    [
        (Table.HOLDING, [0xABCD], Function.AUTO, ["06 000A ABCD"]),
        (Table.HOLDING, [1, 2], Function.SINGLE, ["06 000A 0001", "06 000B 0002"]),
        (Table.HOLDING, [1, 2], Function.AUTO, ["10 000A 0002 04 0001 0002"]),
        (Table.HOLDING, [1], Function.MULTIPLE, ["10 000A 0001 02 0001"]),
        (Table.HOLDING, [0xF0, 0x0F], Function.MASK, ["16 000A 00F0 000F"]),
        (Table.COIL, [1], Function.AUTO, ["05 000A FF00"]),
        (Table.COIL, [0], Function.AUTO, ["05 000A 0000"]),
        (Table.COIL, [1, 0, 1], Function.AUTO, ["0F 000A 0003 01 05"]),
        (Table.COIL, [0] * 8 + [1], Function.MULTIPLE, ["0F 000A 0009 02 00 01"]),
    ],
)
def test_writes_are_those_of_the_standard(
    table: Table, values: list[int], function: Function, pdus: list[str]
) -> None:
    asked = questions.writes(9, table, 10, values, function)
    assert [encoded(request) for request in asked] == [bytes.fromhex(pdu) for pdu in pdus]
    assert {request.dev_id for request in asked} == {9}


def test_a_value_that_fits_no_word_is_found_before_it_is_sent() -> None:
    for function in (Function.SINGLE, Function.MULTIPLE):
        with pytest.raises(struct.error):
            questions.writes(1, Table.HOLDING, 0, [0x10000], function)


@settings(max_examples=300)
@given(answer=st.binary(min_size=1, max_size=20), count=st.integers(1, 8))
def test_an_answer_is_exactly_what_was_asked_or_a_fault(answer: bytes, count: int) -> None:
    found = Decoder().decode(answer)
    assert questions.raw(found) == answer
    with suppress(BadAnswer, Refused):
        read = questions.words(found, questions.read(1, Table.HOLDING, 0, count))
        assert words(*read) == answer
        assert len(read) == count
    with suppress(BadAnswer, Refused):
        flags = questions.bits(found, questions.read(1, Table.COIL, 0, count))
        assert flags == [bool(answer[2] >> place & 1) for place in range(count)]
    for request in _writes():
        with suppress(BadAnswer, Refused):
            questions.written(found, request)
            assert answer[:3] == encoded(request)[:3]


def _writes() -> list[ModbusPDU]:
    return [
        *questions.writes(1, Table.HOLDING, 0, [1], Function.SINGLE),
        *questions.writes(1, Table.HOLDING, 0, [1, 2], Function.MULTIPLE),
        *questions.writes(1, Table.COIL, 0, [1], Function.SINGLE),
        *questions.writes(1, Table.HOLDING, 0, [1, 2], Function.MASK),
    ]


@given(st.integers(0, 255), st.binary(min_size=1, max_size=253))
def test_what_is_passed_on_is_not_touched(unit: int, pdu: bytes) -> None:
    request = Passed(unit, pdu)
    assert (request.dev_id, encoded(request)) == (unit, pdu)
    assert questions.is_known(pdu) in {True, False}
