"""What a request of another program asks for; pure."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from integrations.modbus.mapping.models import Table

ILLEGAL_FUNCTION: Final = 0x01
ILLEGAL_ADDRESS: Final = 0x02
ILLEGAL_VALUE: Final = 0x03
FAILURE: Final = 0x04
BUSY: Final = 0x06
NO_PATH: Final = 0x0A
NO_ANSWER: Final = 0x0B

_READS: Final = {
    1: (Table.COIL, 2000),
    2: (Table.DISCRETE, 2000),
    3: (Table.HOLDING, 125),
    4: (Table.INPUT, 125),
}
_ONLY_READ: Final = frozenset({7, 11, 12, 17, 20, 24})
"""Exception status, event counter and log, server id, file record, FIFO queue."""
_DIAGNOSTICS: Final = frozenset({0, 2, *range(11, 19)})
"""Subfunctions of function 8 that change nothing: echo, diagnostic register, counters."""
_ENCAPSULATED: Final = 43
_IDENTIFICATION: Final = 14
_SIZE: Final = 65536


class Denied(Exception):  # noqa: N818 - it is an answer, not a failure
    """A request that is answered with an exception code."""

    def __init__(self, code: int) -> None:
        """Keep the code."""
        super().__init__(f"exception {code}")
        self.code = code


@dataclass(frozen=True, slots=True)
class Span:
    """Addresses of one table in a row."""

    table: Table
    first: int
    count: int

    @property
    def last(self) -> int:
        """Return the last address of it."""
        return self.first + self.count - 1


@dataclass(frozen=True, slots=True)
class Request:
    """What is read and what is written; neither is known of functions that only read."""

    function: int
    reads: Span | None = None
    writes: Span | None = None

    @property
    def is_plain_read(self) -> bool:
        """Tell whether it can be answered from words that are known already."""
        return self.function in _READS


def parse(pdu: bytes) -> Request:
    """Say what a request asks for; raises `Denied` for what is never passed on."""
    function = pdu[0]
    if function in _READS:
        table, most = _READS[function]
        _sized(pdu, 5)
        return Request(function, reads=_span(table, pdu, 1, most))
    match function:
        case 5 | 6:
            _sized(pdu, 5)
            address, value = struct.unpack_from(">HH", pdu, 1)
            if function == 5 and value not in {0, 0xFF00}:
                raise Denied(ILLEGAL_VALUE)
            return Request(
                function, writes=Span(Table.COIL if function == 5 else Table.HOLDING, address, 1)
            )
        case 15:
            span = _span(Table.COIL, pdu, 1, 1968)
            _payload(pdu, 6, (span.count + 7) // 8)
            return Request(function, writes=span)
        case 16:
            span = _span(Table.HOLDING, pdu, 1, 123)
            _payload(pdu, 6, 2 * span.count)
            return Request(function, writes=span)
        case 22:
            _sized(pdu, 7)
            address = int.from_bytes(pdu[1:3], "big")
            return Request(function, writes=Span(Table.HOLDING, address, 1))
        case 23:
            reads = _span(Table.HOLDING, pdu, 1, 125)
            writes = _span(Table.HOLDING, pdu, 5, 121)
            _payload(pdu, 10, 2 * writes.count)
            return Request(function, reads=reads, writes=writes)
        case _:
            pass
    if not _only_reads(pdu):
        raise Denied(ILLEGAL_FUNCTION)
    return Request(function)


def refusal(function: int, code: int) -> bytes:
    """Return an exception answer."""
    return bytes((function | 0x80, code))


def answer(request: Request, items: Sequence[int]) -> bytes:
    """Return the answer to a read that hands over these words or bits."""
    if request.reads is not None and request.reads.table.is_bits:
        data = sum(bool(bit) << place for place, bit in enumerate(items)).to_bytes(
            (len(items) + 7) // 8, "little"
        )
    else:
        data = struct.pack(f">{len(items)}H", *items)
    return bytes((request.function, len(data))) + data


def items(request: Request, pdu: bytes) -> tuple[int, ...] | None:
    """Return the words or bits that an answer hands over; None when it does not."""
    span = request.reads
    if span is None or len(pdu) < 2 or pdu[0] != request.function or pdu[1] != len(pdu) - 2:
        return None
    data = pdu[2:]
    if span.table.is_bits:
        if len(data) != (span.count + 7) // 8:
            return None
        return tuple(data[place >> 3] >> (place & 7) & 1 for place in range(span.count))
    if len(data) != 2 * span.count:
        return None
    return struct.unpack(f">{span.count}H", data)


def _span(table: Table, pdu: bytes, place: int, most: int) -> Span:
    if len(pdu) < place + 4:
        raise Denied(ILLEGAL_VALUE)
    first, count = struct.unpack_from(">HH", pdu, place)
    if not 1 <= count <= most:
        raise Denied(ILLEGAL_VALUE)
    if first + count > _SIZE:
        raise Denied(ILLEGAL_ADDRESS)
    return Span(table, first, count)


def _sized(pdu: bytes, size: int) -> None:
    if len(pdu) != size:
        raise Denied(ILLEGAL_VALUE)


def _payload(pdu: bytes, start: int, size: int) -> None:
    if len(pdu) != start + size or pdu[start - 1] != size:
        raise Denied(ILLEGAL_VALUE)


def _only_reads(pdu: bytes) -> bool:
    function = pdu[0]
    if function == 8:
        return len(pdu) >= 3 and int.from_bytes(pdu[1:3], "big") in _DIAGNOSTICS
    if function == _ENCAPSULATED:
        return len(pdu) >= 2 and pdu[1] == _IDENTIFICATION
    return function in _ONLY_READ
