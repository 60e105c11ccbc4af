"""Requests as bytes, and what their answers must look like (V1.1b3, section 6)."""

import struct
from collections.abc import Sequence
from typing import Final, NamedTuple

from integrations.modbus.line.errors import BadAnswer, Refused
from integrations.modbus.mapping.models import Function, Table

READS: Final = {Table.COIL: 1, Table.DISCRETE: 2, Table.HOLDING: 3, Table.INPUT: 4}
MOST_WORDS: Final = 125
MOST_BITS: Final = 2000
MOST_WRITTEN_WORDS: Final = 123
MOST_WRITTEN_BITS: Final = 1968
ADDRESSES: Final = 0x10000

_REASONS: Final = {
    1: "illegal function",
    2: "illegal address",
    3: "illegal value",
    4: "device failure",
    5: "acknowledged, still working",
    6: "busy",
    7: "negative acknowledge",
    8: "memory parity error",
    10: "gateway path unavailable",
    11: "gateway target did not answer",
}
_BITS: Final = tuple(tuple(bool(byte >> bit & 1) for bit in range(8)) for byte in range(256))
_WORDS: Final = tuple(struct.Struct(f">{count}H") for count in range(MOST_WORDS + 1))
_READ: Final = struct.Struct(">BHH")


class Question(NamedTuple):
    """A request and the bytes that a good answer to it has; None = not known."""

    pdu: bytes
    size: int | None


def read(table: Table, start: int, count: int) -> Question:
    """Return the request that reads `count` addresses."""
    most = MOST_BITS if table.is_bits else MOST_WORDS
    if not (1 <= count <= most and 0 <= start <= ADDRESSES - count):
        raise ValueError(f"{count} addresses from {start} can not be read at once")
    size = (count + 7) // 8 if table.is_bits else 2 * count
    return Question(_READ.pack(READS[table], start, count), 2 + size)


def words(answer: bytes, question: Question) -> list[int]:
    """Return the words of an answer."""
    _check(answer, question)
    if len(answer) != question.size or answer[1] != len(answer) - 2:
        raise BadAnswer(f"{len(answer) - 2} bytes came instead of {(question.size or 2) - 2}")
    return list(_WORDS[answer[1] >> 1].unpack_from(answer, 2))


def bits(answer: bytes, question: Question, count: int) -> list[bool]:
    """Return the first `count` bits of an answer."""
    _check(answer, question)
    if len(answer) != question.size or answer[1] != len(answer) - 2:
        raise BadAnswer(f"{len(answer) - 2} bytes came instead of {(question.size or 2) - 2}")
    found: list[bool] = []
    for byte in answer[2:]:
        found += _BITS[byte]
    return found[:count]


def writes(
    table: Table, start: int, values: Sequence[int | bool], function: Function
) -> list[Question]:
    """Return the requests that write `values`; for a mask they are (and, or)."""
    if not table.is_writable:
        raise ValueError(f"nothing can be written to the {table} table")
    if function is Function.MASK:
        mask_and, mask_or = values
        return [Question(struct.pack(">BHHH", 22, start, mask_and, mask_or), 7)]
    most = MOST_WRITTEN_BITS if table.is_bits else MOST_WRITTEN_WORDS
    if not (1 <= len(values) <= most and 0 <= start <= ADDRESSES - len(values)):
        raise ValueError(f"{len(values)} addresses from {start} can not be written at once")
    if function is Function.SINGLE or (function is Function.AUTO and len(values) == 1):
        return [_single(table, start + index, value) for index, value in enumerate(values)]
    return [_coils(start, values) if table.is_bits else _registers(start, values)]


def written(answer: bytes, question: Question) -> None:
    """Check that an answer repeats the function and the address of a write."""
    _check(answer, question)
    if answer[1:3] != question.pdu[1:3] or len(answer) != question.size:
        raise BadAnswer("the answer repeats another address than was written")


def _single(table: Table, address: int, value: int | bool) -> Question:
    if table.is_bits:
        return Question(_READ.pack(5, address, 0xFF00 if value else 0), 5)
    return Question(_READ.pack(6, address, value), 5)


def _registers(start: int, values: Sequence[int | bool]) -> Question:
    count = len(values)
    return Question(struct.pack(f">BHHB{count}H", 16, start, count, 2 * count, *values), 5)


def _coils(start: int, values: Sequence[int | bool]) -> Question:
    number = sum(1 << index for index, value in enumerate(values) if value)
    data = number.to_bytes((len(values) + 7) // 8, "little")
    return Question(struct.pack(">BHHB", 15, start, len(values), len(data)) + data, 5)


def size_of_answer(pdu: bytes) -> int | None:
    """Return how long a good answer to any request is; None = its function does not say."""
    function = pdu[0]
    if function in {1, 2} and len(pdu) == 5:
        return 2 + (int.from_bytes(pdu[3:5], "big") + 7) // 8
    if function in {3, 4, 23} and len(pdu) >= 5:
        return 2 + 2 * int.from_bytes(pdu[3:5], "big")
    return {5: 5, 6: 5, 15: 5, 16: 5, 22: 7}.get(function)


def _check(answer: bytes, question: Question) -> None:
    """Raise what an answer says that is no good one."""
    function = question.pdu[0]
    if answer[0] == function:
        return
    if answer[0] == function | 0x80 and len(answer) >= 2:
        code = answer[1]
        raise Refused(code, f"refused with code {code}: {_REASONS.get(code, 'not documented')}")
    raise BadAnswer(f"function {answer[0] & 0x7F} was answered instead of {function}")
