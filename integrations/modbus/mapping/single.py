"""What the fields of one register forbid together."""

import math
from collections.abc import Callable, Iterator, Mapping
from itertools import islice, pairwise
from typing import Any, Final

from integrations.modbus.mapping.compile import NUMERIC
from integrations.modbus.mapping.models import Access, Function, Register, Table, Type
from integrations.modbus.mapping.ranges import (
    INTEGERS,
    SIGNED,
    between,
    is_number,
    reach,
    shows,
    span,
)

Fields = Mapping[str, Any]
Tell = Callable[..., None]
"""Takes a message and the path of the field below the register."""

_WORDS_ONLY: Final = ("word_order", "byte_order", "length", "bit", "mask", "exponent", "invalid")
_NUMBERS_ONLY: Final = (*NUMERIC, "exponent", "min", "max")


def check(register: Register, fields: Fields, tell: Tell) -> None:
    """Tell every problem of a register, given as compiled and as written."""
    _place(register, tell)
    _type(register, fields, tell)
    _length(register, fields, tell)
    _sentinels(register, fields, tell)
    _bits(register, fields, tell)
    if register.labels is not None:
        _enum(register, register.labels, fields, tell)
    if register.flags is not None:
        _flags(register, register.flags, fields, tell)
    _writing(register, fields, tell)


def _place(register: Register, tell: Tell) -> None:
    last = register.end - 1
    if register.address < 0:
        tell(
            "lies before `first` of its block; which number does the manual begin with?", "address"
        )
    elif last > 65535:
        tell(f"ends at {last} on the wire, beyond 65535; is `first` right?", "address")


def _type(register: Register, fields: Fields, tell: Tell) -> None:
    kind, table = register.type, register.table
    if table.is_bits and kind is not Type.BOOL:
        tell(f"{kind} is made of words; a {table} is bool, leave type out", "type")
    foreign = _WORDS_ONLY if table.is_bits else ()
    for name in foreign:
        if name in fields:
            tell(f"{name} is for words; leave it out, a {table} is one bit", name)
    for name in () if is_number(register) else _NUMBERS_ONLY:
        if name in fields and name not in foreign:
            tell(f"{name} is for numbers; leave it out, this one shows {shows(register)}", name)
    if fields.get("scale") == 0:
        tell("a scale of 0 makes every value the same; leave it out for 1", "scale")
    if fields.get("min", -math.inf) > fields.get("max", math.inf):
        tell("min is above max; swap them", "min")


def _length(register: Register, fields: Fields, tell: Tell) -> None:
    is_text = register.type is Type.STRING
    if register.table.is_bits or is_text == ("length" in fields):
        return
    if is_text:
        tell("a string needs its length in words; add length", "length")
    else:
        tell(f"only a string has a length; leave it out, {register.type} says it", "length")


def _sentinels(register: Register, fields: Fields, tell: Tell) -> None:
    kind, bits = register.type, 16 * register.words
    if kind is Type.STRING and "invalid" in fields:
        tell("a string has no numbers that mean no value; leave invalid out", "invalid")
        return
    lowest = -(1 << bits - 1) if kind in SIGNED else 0
    for index, raw in enumerate(fields.get("invalid", ())):
        if not lowest <= raw < 1 << bits:
            tell(f"does not fit {kind}: it has {bits} bits", "invalid", index)


def _bits(register: Register, fields: Fields, tell: Tell) -> None:
    if register.table.is_bits:
        return
    kind, bits = register.type, 16 * register.words
    if "bit" in fields and kind is not Type.BOOL:
        tell("a single bit is a bool; leave type out", "type")
    if "mask" not in fields:
        return
    if "bit" in fields:
        tell("there is a bit already; keep one of bit and mask", "mask")
    if "flags" in fields:
        tell("flags name their bits themselves; leave mask out", "mask")
    if kind not in INTEGERS and kind is not Type.BOOL:
        tell(f"{kind} can not be masked; use an integer type", "mask")
    elif fields["mask"] >= 1 << bits:
        tell(f"does not fit {kind}: it has {bits} bits", "mask")
    elif kind in SIGNED and not _is_solid(fields["mask"]):
        tell(f"the bits of {kind} must lie side by side; use an unsigned type", "mask")


def _is_solid(mask: int) -> bool:
    return (mask + (mask & -mask)) & mask == 0


def _enum(register: Register, labels: Mapping[int, str], fields: Fields, tell: Tell) -> None:
    if "flags" in fields:
        tell("there is an enum already; keep one of enum and flags", "flags")
    if register.type not in INTEGERS and register.type is not Type.BOOL:
        tell(f"{register.type} has no labels; use an integer type", "enum")
        return
    low, high = span(register)
    for number in labels:
        if not low <= number <= high:
            tell(f"does not fit: this register holds {low} to {high}", "enum", str(number))
    _apart(labels, "enum", tell)
    missing = list(islice(_missing(sorted(labels)), 4))
    if missing and not fields.get("enum_gaps"):
        told = ", ".join([*map(str, missing[:3]), *(["..."] if missing[3:] else [])])
        tell(f"no label for {told}; add it, or say enum_gaps: true to read it as unknown", "enum")


def _missing(numbers: list[int]) -> Iterator[int]:
    for before, after in pairwise(numbers):
        yield from range(before + 1, after)


def _flags(register: Register, flags: Mapping[int, str], fields: Fields, tell: Tell) -> None:
    if "bit" in fields:
        tell("there is a bit already; keep one of bit and flags", "flags")
    elif register.type not in INTEGERS:
        tell(f"{register.type} has no flags; use an integer type", "flags")
    highest = 16 * register.words - 1
    for bit in flags:
        if not 0 <= bit <= highest:
            tell(f"does not fit {register.type}: it has bits 0 to {highest}", "flags", str(bit))
    _apart(flags, "flags", tell)


def _apart(names: Mapping[int, str], at: str, tell: Tell) -> None:
    """Refuse one name for two numbers: nobody could tell them apart, nor write the right one."""
    seen: dict[str, int] = {}
    for number, name in names.items():
        if name in seen:
            tell(f"{name!r} stands for {seen[name]} already; name them apart", at, str(number))
        seen.setdefault(name, number)


def _writing(register: Register, fields: Fields, tell: Tell) -> None:
    table, write = register.table, fields.get("write")
    at = "access" if "access" in fields else "write"
    if not table.is_writable and register.access is not Access.READ and at in fields:
        tell(f"{table} can not be written; only coil and holding can", at)
    if write is None:
        return
    if register.access is Access.READ:
        tell("access: read forbids it; leave access out, or write", "write")
    if register.access is Access.WRITE and write.get("verify"):
        tell("access: write says that it is not read; leave verify out", "write", "verify")
    _function(register, Function(write["function"]), tell)
    _limits(register, write, tell)


def _function(register: Register, function: Function, tell: Tell) -> None:
    at = ("write", "function")
    words = register.words
    if function is Function.SINGLE and words > 1:
        tell(f"a single write is of one word, this has {words}; use multiple", *at)
    if function is not Function.MASK:
        return
    if register.mask is None or words > 1 or register.table is not Table.HOLDING:
        tell("a mask write is for some bits of one holding word; add bit or mask", *at)


def _limits(register: Register, write: Fields, tell: Tell) -> None:
    given = [name for name in ("min", "max", "step") if name in write]
    if not is_number(register):
        for name in given:
            told = f"{name} is for numbers; leave it out, this one shows {shows(register)}"
            tell(told, "write", name)
        return
    if write.get("min", -math.inf) > write.get("max", math.inf):
        tell("min is above max; swap them", "write", "min")
    low, high = reach(register)
    for name in ("min", "max"):
        if name in write and not low <= write[name] <= high:
            tell(f"can not be: this register shows {between(low, high)}", "write", name)
