"""Bytes on the wire, beside pymodbus as a second opinion."""

import itertools
import struct
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.modbus.line import questions
from integrations.modbus.line.errors import BadAnswer, Refused
from integrations.modbus.line.framing import LostFraming, Mbap, Rtu, crc16
from integrations.modbus.line.questions import Question
from integrations.modbus.mapping.models import Function, Table

WORDS = st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=123)
ADDRESS = st.integers(0, 0xFFFF - 2000)


def chunks(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[low:high] for low, high in itertools.pairwise(edges)]


@given(st.binary(max_size=300))
def test_the_check_sum_is_that_of_pymodbus(data: bytes) -> None:
    from pymodbus.framer import FramerRTU

    assert crc16(data).to_bytes(2, "little") == FramerRTU.compute_CRC(data).to_bytes(2, "big")
    assert crc16(data + crc16(data).to_bytes(2, "little")) == 0


@settings(max_examples=100)
@given(
    st.lists(
        st.tuples(st.integers(0, 0xFFFF), st.integers(0, 255), st.binary(min_size=1, max_size=253)),
        max_size=5,
    ),
    st.lists(st.integers(0, 2000), max_size=6),
)
def test_headers_are_found_however_the_bytes_come(
    frames: list[tuple[int, int, bytes]], cuts: list[int]
) -> None:
    framing, found = Mbap(), []
    stream = b"".join(framing.wrap(*frame) for frame in frames)
    for chunk in chunks(stream, cuts):
        framing.feed(chunk)
        while (answer := framing.next(0, 0)) is not None:
            found.append(answer)
    assert found == frames


@pytest.mark.parametrize("damaged", ["0001 0001 0003 01 83 02", "0001 0000 0001 01 83", "FF" * 9])
def test_what_is_no_header_is_an_error(damaged: str) -> None:
    framing = Mbap()
    framing.feed(bytes.fromhex(damaged))
    with pytest.raises(LostFraming):
        framing.next(1, 3)


@settings(max_examples=100)
@given(
    unit=st.integers(1, 247),
    words=WORDS,
    cuts=st.lists(st.integers(0, 300), max_size=6),
    noise=st.binary(max_size=6),
)
def test_a_bus_frame_is_found_in_noise_and_in_pieces(
    unit: int, words: list[int], cuts: list[int], noise: bytes
) -> None:
    framing = Rtu()
    pdu = bytes((3, 2 * len(words))) + struct.pack(f">{len(words)}H", *words)
    found = []
    for chunk in chunks(noise + framing.wrap(0, unit, pdu), cuts):
        framing.feed(chunk)
        if (answer := framing.next(unit, 3)) is not None:
            found.append(answer)
    assert found == [(None, unit, pdu)]


@settings(max_examples=200)
@given(data=st.lists(st.binary(max_size=80), max_size=5), unit=st.integers(0, 255))
def test_noise_raises_nothing_and_is_bounded(data: list[bytes], unit: int) -> None:
    rtu, mbap = Rtu(), Mbap()
    for chunk in data:
        rtu.feed(chunk)
        rtu.next(unit, 3)
        rtu.next(unit, 43)
        assert len(rtu.rest) <= 512
        mbap.feed(chunk)
        try:
            while mbap.next(0, 0) is not None:
                pass
        except LostFraming:
            mbap = Mbap()


@settings(max_examples=50)
@given(
    address=ADDRESS,
    count=st.integers(1, 125),
    words=WORDS,
    bits=st.lists(st.booleans(), min_size=1),
)
def test_requests_are_those_of_pymodbus(
    address: int, count: int, words: list[int], bits: list[bool]
) -> None:
    from pymodbus.pdu import bit_message as bit
    from pymodbus.pdu import register_message as register

    def encoded(pdu: Any) -> bytes:
        return bytes((pdu.function_code,)) + bytes(pdu.encode())

    for table, made in (
        (Table.COIL, bit.ReadCoilsRequest),
        (Table.DISCRETE, bit.ReadDiscreteInputsRequest),
        (Table.HOLDING, register.ReadHoldingRegistersRequest),
        (Table.INPUT, register.ReadInputRegistersRequest),
    ):
        asked = questions.read(table, address, count)
        assert asked.pdu == encoded(made(address=address, count=count))
        assert asked.size == questions.size_of_answer(asked.pdu)
    (one,) = questions.writes(Table.HOLDING, address, words[:1], Function.AUTO)
    assert one.pdu == encoded(
        register.WriteSingleRegisterRequest(address=address, registers=words[:1])
    )
    (several,) = questions.writes(Table.HOLDING, address, words, Function.MULTIPLE)
    assert several.pdu == encoded(
        register.WriteMultipleRegistersRequest(address=address, registers=words)
    )
    (coil,) = questions.writes(Table.COIL, address, bits[:1], Function.AUTO)
    assert coil.pdu == encoded(bit.WriteSingleCoilRequest(address=address, bits=bits[:1]))
    (coils,) = questions.writes(Table.COIL, address, bits, Function.MULTIPLE)
    assert coils.pdu == encoded(bit.WriteMultipleCoilsRequest(address=address, bits=bits))
    (mask,) = questions.writes(Table.HOLDING, address, [0xF0, 0x0F], Function.MASK)
    assert mask.pdu == encoded(
        register.MaskWriteRegisterRequest(address=address, and_mask=0xF0, or_mask=0x0F)
    )


@settings(max_examples=200)
@given(answer=st.binary(min_size=1, max_size=20), count=st.integers(1, 8))
def test_an_answer_is_exactly_what_was_asked_or_a_fault(answer: bytes, count: int) -> None:
    asked = questions.read(Table.HOLDING, 0, count)
    bits = questions.read(Table.COIL, 0, count)
    with suppress(BadAnswer, Refused):
        assert len(questions.words(answer, asked)) == count
    with suppress(BadAnswer, Refused):
        assert len(questions.bits(answer, bits, count)) == count
    with suppress(BadAnswer, Refused):
        questions.written(answer, Question(answer, len(answer)))
