"""Requests as pymodbus's PDUs, and what their answers must look like (V1.1b3, section 6)."""

import struct
from collections.abc import Callable, Sequence
from typing import Final

from pymodbus.exceptions import ModbusException
from pymodbus.pdu import DecodePDU, ExceptionResponse, ModbusPDU
from pymodbus.pdu.bit_message import (
    ReadCoilsRequest,
    ReadDiscreteInputsRequest,
    WriteMultipleCoilsRequest,
    WriteSingleCoilRequest,
)
from pymodbus.pdu.register_message import (
    MaskWriteRegisterRequest,
    ReadHoldingRegistersRequest,
    ReadInputRegistersRequest,
    WriteMultipleRegistersRequest,
    WriteSingleRegisterRequest,
)

from integrations.modbus.line.errors import BadAnswer, Fault, Refused
from integrations.modbus.mapping.models import Function, Table

MOST_WORDS: Final = 125
MOST_BITS: Final = 2000
MOST_WRITTEN_WORDS: Final = 123
MOST_WRITTEN_BITS: Final = 1968
ADDRESSES: Final = 0x10000

_READS: Final[dict[Table, tuple[type[ModbusPDU], int]]] = {
    Table.COIL: (ReadCoilsRequest, MOST_BITS),
    Table.DISCRETE: (ReadDiscreteInputsRequest, MOST_BITS),
    Table.HOLDING: (ReadHoldingRegistersRequest, MOST_WORDS),
    Table.INPUT: (ReadInputRegistersRequest, MOST_WORDS),
}
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
UNREADABLE: Final = (ModbusException, LookupError, ValueError, struct.error)
"""What pymodbus raises about bytes."""
_KNOWN: Final = DecodePDU(is_server=True)
_SIZES: Final = {5: 5, 6: 5, 15: 5, 16: 5, 22: 7}


class Passed(ModbusPDU):
    """A request that is sent as it came, byte for byte."""

    def __init__(self, unit: int, pdu: bytes) -> None:
        """Keep the bytes."""
        super().__init__(dev_id=unit)
        self.function_code = pdu[0]
        self._data = pdu[1:]

    def encode(self) -> bytes:
        """Return what follows the function."""
        return self._data


class Unreadable(ModbusPDU):
    """An answer that pymodbus can not take apart."""


class Decoder(DecodePDU):
    """Decodes answers with pymodbus's classes; each keeps its bytes, what they can not read too.

    pymodbus's own would raise for those where bytes are received, and writes each answer out for a
    log that is off.
    """

    def __init__(self) -> None:
        """Decode answers."""
        super().__init__(is_server=False)

    def decode(self, frame: bytes) -> ModbusPDU:
        """Decode a PDU, never empty."""
        found: ModbusPDU
        try:
            made = self.lookupPduClass(b"\0" + frame) or Unreadable
            found = ExceptionResponse(frame[0]) if made is ExceptionResponse else made()
            found.decode(frame[1:])
        except UNREADABLE:
            found = Unreadable()
        found.raw = frame  # type: ignore[attr-defined]
        return found


def raw(answer: ModbusPDU) -> bytes:
    """Return the bytes of an answer."""
    found: bytes = answer.raw  # type: ignore[attr-defined]
    return found


def encoded(request: ModbusPDU) -> bytes:
    """Return the bytes of a request."""
    return bytes((request.function_code,)) + request.encode()


def read(unit: int, table: Table, start: int, count: int) -> ModbusPDU:
    """Return the request that reads `count` addresses."""
    made, most = _READS[table]
    if not (1 <= count <= most and 0 <= start <= ADDRESSES - count):
        raise ValueError(f"{count} addresses from {start} can not be read at once")
    return made(dev_id=unit, address=start, count=count)


def reader(request: ModbusPDU) -> Callable[[ModbusPDU, ModbusPDU], list[int] | list[bool]]:
    """Return what takes the words or bits out of the answer to a read."""
    return words if request.function_code > ReadDiscreteInputsRequest.function_code else bits


def words(answer: ModbusPDU, request: ModbusPDU) -> list[int]:
    """Return the words of an answer: as many as were asked for."""
    _check(answer, request, 2 * request.count)
    return answer.registers  # type: ignore[return-value] # pymodbus makes a list


def bits(answer: ModbusPDU, request: ModbusPDU) -> list[bool]:
    """Return the bits of an answer: as many as were asked for."""
    _check(answer, request, (request.count + 7) // 8)
    return list(answer.bits[: request.count])


def writes(
    unit: int, table: Table, start: int, values: Sequence[int | bool], function: Function
) -> list[ModbusPDU]:
    """Return the requests that write `values`; for a mask they are (and, or)."""
    asked = _writes(unit, table, start, values, function)
    for request in asked:
        request.encode()  # what fits no word is found before anything is sent
    return asked


def written(answer: ModbusPDU, request: ModbusPDU) -> None:
    """Check that an answer repeats the function and the address of a write."""
    if answer.function_code != request.function_code:
        raise _instead(answer, request)
    if answer.address != request.address or len(raw(answer)) != _SIZES[answer.function_code]:
        raise BadAnswer("the answer repeats another address than was written")


def is_known(pdu: bytes) -> bool:
    """Tell whether pymodbus knows the function of a request: else it finds no answer on a bus."""
    return pdu[0] < 0x80 and _KNOWN.lookupPduClass(b"\0" + pdu + b"\0\0") is not None


def size_of_answer(pdu: bytes) -> int | None:
    """Return how long a good answer to any request is; None = its function does not say."""
    function = pdu[0]
    if function in {1, 2} and len(pdu) == 5:
        return 2 + (int.from_bytes(pdu[3:5], "big") + 7) // 8
    if function in {3, 4, 23} and len(pdu) >= 5:
        return 2 + 2 * int.from_bytes(pdu[3:5], "big")
    return _SIZES.get(function)


def _writes(
    unit: int, table: Table, start: int, values: Sequence[int | bool], function: Function
) -> list[ModbusPDU]:
    if not table.is_writable:
        raise ValueError(f"nothing can be written to the {table} table")
    if function is Function.MASK:
        mask_and, mask_or = values
        return [MaskWriteRegisterRequest(start, mask_and, mask_or, dev_id=unit)]
    most = MOST_WRITTEN_BITS if table.is_bits else MOST_WRITTEN_WORDS
    if not (1 <= len(values) <= most and 0 <= start <= ADDRESSES - len(values)):
        raise ValueError(f"{len(values)} addresses from {start} can not be written at once")
    if function is Function.SINGLE or (function is Function.AUTO and len(values) == 1):
        return [_single(unit, table, start + place, value) for place, value in enumerate(values)]
    if table.is_bits:
        flags = [bool(value) for value in values]
        return [WriteMultipleCoilsRequest(dev_id=unit, address=start, bits=flags)]
    return [WriteMultipleRegistersRequest(dev_id=unit, address=start, registers=list(values))]


def _single(unit: int, table: Table, address: int, value: int | bool) -> ModbusPDU:
    if table.is_bits:
        return WriteSingleCoilRequest(dev_id=unit, address=address, bits=[bool(value)])
    return WriteSingleRegisterRequest(dev_id=unit, address=address, registers=[value])


def _check(answer: ModbusPDU, request: ModbusPDU, size: int) -> None:
    """Raise what an answer says that does not bring `size` bytes; pymodbus counts none."""
    if answer.function_code != request.function_code:
        raise _instead(answer, request)
    found = raw(answer)
    if len(found) != 2 + size or found[1] != size:
        raise BadAnswer(f"{len(found) - 2} bytes came instead of {size}")


def _instead(answer: ModbusPDU, request: ModbusPDU) -> Fault:
    """Return what an answer says that is of another function."""
    function = request.function_code
    if answer.function_code == function | 0x80:
        code = answer.exception_code
        return Refused(code, f"refused with code {code}: {_REASONS.get(code, 'not documented')}")
    if isinstance(answer, Unreadable):
        return BadAnswer(f"{raw(answer)[:8].hex(' ')} is no answer")
    return BadAnswer(f"function {answer.function_code & 0x7F} was answered instead of {function}")
