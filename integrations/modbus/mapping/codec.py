"""Blocks of words as they are read, and back: what devices use of `decoding` and `encoding`."""

import struct
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, Final

from integrations.modbus.mapping.decoding import Raw, converter, format_of
from integrations.modbus.mapping.encoding import arranged, encode, masks, to_words
from integrations.modbus.mapping.models import Order, Register

__all__ = ["Block", "Raw", "converter", "encode", "masks", "words"]

_WORD: Final = 2


class Block:
    """The registers of one planned read: `raws[i]` and `convert[i]` belong to `registers[i]`."""

    __slots__ = ("_unpack", "convert", "registers")

    def __init__(self, registers: Sequence[Register], start: int, count: int) -> None:
        """Compile for reads of `count` addresses from `start`, of one table."""
        self.registers = tuple(registers)
        self.convert = tuple(converter(register) for register in registers)
        is_bits = any(register.table.is_bits for register in registers)
        self._unpack = _bits(registers, start) if is_bits else _words(registers, start, count)

    def raws(self, answer: Sequence[int]) -> tuple[Raw, ...]:
        """Return the raw item of each register."""
        return self._unpack(answer)


def words(register: Register, raw: Raw) -> tuple[int, ...]:
    """Return the words (or the bit) that a raw item came from."""
    if register.table.is_bits:
        return (int(raw),)
    return to_words(register, raw if isinstance(raw, int) else int.from_bytes(raw))


Unpack = Callable[[Sequence[int]], tuple[Raw, ...]]


def _bits(registers: Sequence[Register], start: int) -> Unpack:
    return _picker([register.address - start for register in registers])


def _picker(places: Sequence[int]) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    """Return what picks items, as a tuple however few they are."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda items: tuple(items[place] for place in places)


def _words(registers: Sequence[Register], start: int, count: int) -> Unpack:
    pack = struct.Struct(f">{count}H").pack
    if _is_plain(registers):
        unpack = struct.Struct(_plain(registers, start, count)).unpack
        return lambda answer: unpack(pack(*answer))
    unpack = struct.Struct(">" + "".join(map(format_of, registers))).unpack
    pick = _picker([place for register in registers for place in _places(register, start)])
    return lambda answer: unpack(bytes(pick(pack(*answer))))


def _is_plain(registers: Sequence[Register]) -> bool:
    """Tell whether one format reads them all: in order, apart, with the highest byte first."""
    before = 0
    for register in registers:
        mixed = register.word_order is Order.LITTLE and register.words > 1
        if mixed or register.byte_order is Order.LITTLE or register.address < before:
            return False
        before = register.end
    return True


def _plain(registers: Sequence[Register], start: int, count: int) -> str:
    """Return the format of a whole block, skipping what nobody wants."""
    parts, at = [">"], start
    for register in registers:
        parts += [f"{_WORD * (register.address - at)}x", format_of(register)]
        at = register.end
    return "".join([*parts, f"{_WORD * (start + count - at)}x"])


def _places(register: Register, start: int) -> bytes:
    """Return where the bytes of a register stand, the highest first."""
    first = _WORD * (register.address - start)
    return arranged(register, bytes(range(first, first + _WORD * register.words)))
