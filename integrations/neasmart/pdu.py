"""The functions of the protocol: a request in, a response out, no framing."""

import logging
import struct
from collections.abc import Callable, Iterable
from typing import Final

from integrations.neasmart.counters import Counters
from integrations.neasmart.image import SIZE, Image

_LOGGER = logging.getLogger(__name__)

BROADCAST: Final = 0
ILLEGAL_FUNCTION: Final = 1
ILLEGAL_ADDRESS: Final = 2
ILLEGAL_VALUE: Final = 3
FAILURE: Final = 4

WRITES: Final = frozenset({5, 6, 15, 16, 22, 23})
READS: Final = frozenset({1, 2, 3, 4})
FUNCTIONS: Final = READS | WRITES


class Refused(Exception):  # noqa: N818 - it is an answer, not a failure
    """A request that is answered with an exception code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exception {code}")
        self.code = code


class Slave:
    """Applies frames for the unit ids of one line to the image and says what to answer."""

    def __init__(
        self,
        image: Image,
        units: Iterable[int] = (240, 241),
        *,
        broadcast: bool = True,
        sniff_only: bool = False,
    ) -> None:
        self.image = image
        self.on_foreign: Callable[[int, bytes], None] | None = None
        self.serve(units, broadcast=broadcast, sniff_only=sniff_only)

    def serve(self, units: Iterable[int], *, broadcast: bool, sniff_only: bool) -> None:
        """Listen to these units from now on, and answer for them unless only sniffing."""
        self.units = frozenset(units) if broadcast else frozenset(units) | {BROADCAST}
        self.answered: frozenset[int] = frozenset() if sniff_only else self.units
        self._broadcast = broadcast

    def handle(self, unit: int, pdu: bytes, now: float, counters: Counters) -> bytes | None:
        """Apply one frame; return the response PDU, or None where silence is the rule."""
        function = pdu[0]
        if unit == BROADCAST and self._broadcast:
            if function in WRITES:
                counters.broadcasts += 1
                self._try(pdu, now, counters)
            else:
                counters.foreign += 1
            return None
        if unit not in self.units:
            counters.foreign += 1
            if self.on_foreign is not None:
                self.on_foreign(unit, pdu)
            return None
        if looks_like_response(pdu):
            counters.responses += 1
            return None
        if unit not in self.answered:
            if function in WRITES:
                counters.writes += 1
                self._try(pdu, now, counters)
            else:
                counters.reads += 1
            return None
        return self._answer(pdu, now, counters)

    def _answer(self, pdu: bytes, now: float, counters: Counters) -> bytes:
        function = pdu[0]
        counters.replies += 1
        try:
            response = execute(self.image, pdu, now, answering=True)
        except Refused as refused:
            counters.exceptions += 1
            return bytes((function | 0x80, refused.code))
        except Exception:
            _LOGGER.exception("Function %d failed", function)
            counters.failures += 1
            counters.exceptions += 1
            return bytes((function | 0x80, FAILURE))
        if function in WRITES:
            counters.writes += 1
        else:
            counters.reads += 1
        return response

    def _try(self, pdu: bytes, now: float, counters: Counters) -> None:
        try:
            execute(self.image, pdu, now, answering=False)
        except Refused:
            pass
        except Exception:
            _LOGGER.exception("Function %d failed", pdu[0])
            counters.failures += 1


def looks_like_response(pdu: bytes) -> bool:
    """Tell whether a PDU can only be another slave's answer, not a request."""
    function, size = pdu[0], len(pdu)
    if function >= 0x80:
        return True
    if function in READS:
        return size not in (1, 5) and size == 2 + pdu[1]
    if function in (15, 16):
        return size == 5
    if function == 23:
        return size not in (1, 10) and size == 2 + pdu[1]
    return False


def execute(image: Image, pdu: bytes, now: float, *, answering: bool) -> bytes:
    """Run one request on the image and return the response PDU; raises Refused.

    Only a read that is answered delivers a command.
    """
    function = _HANDLERS.get(pdu[0])
    if function is None:
        raise Refused(ILLEGAL_FUNCTION)
    return function(image, pdu, now, answering)


def _words(image: Image, address: int, count: int, now: float, answering: bool) -> bytes:
    if answering and image.queued:
        image.delivered(address, count, now)
    return bytes(image.served[2 * address : 2 * (address + count)])


def _span(pdu: bytes, most: int) -> tuple[int, int]:
    address, count = _two(pdu)
    if not 1 <= count <= most:
        raise Refused(ILLEGAL_VALUE)
    if address + count > SIZE:
        raise Refused(ILLEGAL_ADDRESS)
    return address, count


def _two(pdu: bytes) -> tuple[int, int]:
    if len(pdu) < 5:
        raise Refused(ILLEGAL_VALUE)
    first, second = struct.unpack_from(">HH", pdu, 1)
    return int(first), int(second)


def _sized(pdu: bytes, size: int) -> None:
    if len(pdu) != size:
        raise Refused(ILLEGAL_VALUE)


def _payload(pdu: bytes, start: int, size: int) -> bytes:
    if len(pdu) != start + size or pdu[start - 1] != size:
        raise Refused(ILLEGAL_VALUE)
    return pdu[start:]


def _read_bits(image: Image, pdu: bytes, _now: float, _answering: bool) -> bytes:
    _sized(pdu, 5)
    address, count = _span(pdu, 2000)
    bits = bytearray((count + 7) // 8)
    for index in range(count):
        if image.served[2 * (address + index) + 1] & 1:
            bits[index >> 3] |= 1 << (index & 7)
    return bytes((pdu[0], len(bits))) + bits


def _read_words(image: Image, pdu: bytes, now: float, answering: bool) -> bytes:
    _sized(pdu, 5)
    address, count = _span(pdu, 125)
    return bytes((pdu[0], 2 * count)) + _words(image, address, count, now, answering)


def _write_bit(image: Image, pdu: bytes, now: float, _answering: bool) -> bytes:
    _sized(pdu, 5)
    address, value = _two(pdu)
    if value not in (0xFF00, 0):
        raise Refused(ILLEGAL_VALUE)
    image.store(address, 1 if value else 0, now)
    return pdu


def _write_word(image: Image, pdu: bytes, now: float, _answering: bool) -> bytes:
    _sized(pdu, 5)
    address, value = _two(pdu)
    image.store(address, value, now)
    return pdu


def _write_bits(image: Image, pdu: bytes, now: float, _answering: bool) -> bytes:
    address, count = _span(pdu, 1968)
    bits = _payload(pdu, 6, (count + 7) // 8)
    for index in range(count):
        image.store(address + index, bits[index >> 3] >> (index & 7) & 1, now)
    return pdu[:5]


def _write_words(image: Image, pdu: bytes, now: float, _answering: bool) -> bytes:
    address, count = _span(pdu, 123)
    image.write(address, _payload(pdu, 6, 2 * count), now)
    return pdu[:5]


def _mask_word(image: Image, pdu: bytes, now: float, _answering: bool) -> bytes:
    _sized(pdu, 7)
    address, keep, put = struct.unpack_from(">HHH", pdu, 1)
    current = image.served[2 * address] << 8 | image.served[2 * address + 1]
    image.store(address, current & keep | put & ~keep & 0xFFFF, now)
    return pdu


def _read_write_words(image: Image, pdu: bytes, now: float, answering: bool) -> bytes:
    address, count = _span(pdu, 125)
    target, written = _span(pdu[4:], 121)
    image.write(target, _payload(pdu, 10, 2 * written), now)
    return bytes((pdu[0], 2 * count)) + _words(image, address, count, now, answering)


_HANDLERS: Final[dict[int, Callable[[Image, bytes, float, bool], bytes]]] = {
    1: _read_bits,
    2: _read_bits,
    3: _read_words,
    4: _read_words,
    5: _write_bit,
    6: _write_word,
    15: _write_bits,
    16: _write_words,
    22: _mask_word,
    23: _read_write_words,
}
