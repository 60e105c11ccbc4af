"""The framing of Modbus RTU without gaps: length by function, the checksum decides."""

from collections.abc import Callable, Collection
from typing import Final

from integrations.neasmart.counters import Counters
from integrations.neasmart.crc import TABLE, crc16, seal
from integrations.neasmart.pdu import FUNCTIONS, Slave

_SHORTEST: Final = 4
_LONGEST: Final = 256
_FORGET_PARTIAL_AFTER: Final = 10.0
_NO_FRAME: Final = 0
_PARTIAL: Final = -1


class Rtu:
    """Finds frames in a byte stream of any chunking, noise and other slaves' answers included."""

    def __init__(self, slave: Slave, counters: Counters, *, echo: bool = False) -> None:
        self.on_damaged: Callable[[bytes], None] | None = None
        self._slave = slave
        self._counters = counters
        self._echo = echo
        self._expected_echo = b""
        self._rest = b""
        self._fed_at = 0.0
        self._lost = False

    def feed(self, data: bytes, now: float) -> bytes:
        """Process a chunk of any size and return the bytes to send back."""
        if self._expected_echo:
            data = self._without_echo(data)
        if self._rest:
            data = self._join(data, now)
        self._fed_at = now
        slave = self._slave
        replies: list[bytes] = []
        position, end = 0, len(data)
        while end - position >= _SHORTEST:
            size = frame_size(data, position, slave.units, slave.answered)
            if size > 0:
                self._take(data[position : position + size], now, replies)
                position += size
                continue
            following = position + 1 if size == _NO_FRAME else self._ahead(data, position)
            if following == position:
                break
            self._skip(data, position, following)
            position = following
        self._rest = data[position:]
        answer = b"".join(replies)
        if self._echo:
            self._expected_echo += answer
        return answer

    def _take(self, frame: bytes, now: float, replies: list[bytes]) -> None:
        self._lost = False
        response = self._slave.handle(frame[0], frame[1:-2], now, self._counters)
        if response is not None:
            replies.append(seal(frame[:1] + response))

    def _skip(self, data: bytes, position: int, following: int) -> None:
        self._counters.noise_bytes += following - position
        if self._lost:
            return
        self._lost = True
        self._counters.crc_errors += 1
        if self.on_damaged is not None and data[position] in self._slave.units:
            self.on_damaged(data[position : position + 8])

    def _ahead(self, data: bytes, position: int) -> int:
        """Return where a sound frame begins behind what may be a cut one, else the same place."""
        for place in range(position + 1, len(data) - _SHORTEST + 1):
            if frame_size(data, place) > 0:
                return place
        return position

    def _join(self, data: bytes, now: float) -> bytes:
        if data and now - self._fed_at > _FORGET_PARTIAL_AFTER:
            self._counters.noise_bytes += len(self._rest)
            return data
        return self._rest + data

    def _without_echo(self, data: bytes) -> bytes:
        expected = self._expected_echo
        common = min(len(data), len(expected))
        if data[:common] != expected[:common]:
            self._expected_echo = b""
            return data
        self._expected_echo = expected[common:]
        return data[common:]


def frame_size(
    data: bytes, position: int, units: Collection[int] = (), answered: Collection[int] = ()
) -> int:
    """Return the size of the sound frame that begins here, 0 for none, -1 for perhaps later.

    Requests and responses of one function differ in length: both are tried. A function nobody
    knows, to one of our units, is found by the checksum alone.
    """
    function = data[position + 1]
    available = len(data) - position
    if function & 0x7F not in FUNCTIONS:
        if data[position] in units and 0 < function < 0x80:
            return _unknown_size(data, position)
        return _NO_FRAME
    # A sound frame stays sound with a zero behind it, so the shorter reading is the true one;
    # but a request to us may end in a zero, and then its first seven bytes look like an answer.
    asked = function <= 4 and data[position] in answered
    partial = False
    for size in _sizes(data, position, function, available, asked):
        if size <= available:
            if not crc16(data[position : position + size]):
                return size
        elif asked:
            return _PARTIAL
        else:
            partial = True
    return _PARTIAL if partial else _NO_FRAME


def _sizes(
    data: bytes, position: int, function: int, available: int, asked: bool
) -> tuple[int, ...]:
    if function >= 0x80:
        return (5,)
    if function in (5, 6):
        return (8,)
    if function == 22:
        return (10,)
    answer = 5 + data[position + 2]
    if function <= 4:
        if not 6 <= answer <= _LONGEST:
            return (8,)
        return (8, answer) if asked or answer > 8 else (answer, 8)
    if function == 23:
        request = 13 + (data[position + 10] if available > 10 else 0)
        sizes = (request,) if not 7 <= answer <= _LONGEST else (answer, request)
        return tuple(sorted(size for size in sizes if size <= _LONGEST))
    request = 9 + (data[position + 6] if available > 6 else 0)
    return (8, request) if request <= _LONGEST else (8,)


def _unknown_size(data: bytes, position: int) -> int:
    crc = 0xFFFF
    for size, byte in enumerate(data[position : position + _LONGEST], 1):
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 0xFF]
        if not crc and size >= _SHORTEST:
            return size
    return _PARTIAL if len(data) - position < _LONGEST else _NO_FRAME
