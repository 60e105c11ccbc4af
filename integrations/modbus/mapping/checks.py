"""What the registers of a map forbid together: every problem at once, each with its path."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import voluptuous as vol

from integrations.modbus.mapping.compile import NUMERIC
from integrations.modbus.mapping.compile import register as compiled
from integrations.modbus.mapping.models import Access, Register, Table, Type
from integrations.modbus.mapping.ranges import INTEGERS, is_number
from integrations.modbus.mapping.single import Tell, check

Fields = Mapping[str, Any]
Path = list[str | int]


def registers(spec: Fields, problems: list[vol.Invalid]) -> dict[str, Register]:
    """Return the registers by key, and add what is wrong with them to `problems`."""
    found: dict[str, Register] = {}
    tells: dict[str, Tell] = {}
    for index, block in enumerate(spec["blocks"]):
        _block(block, teller(problems, ["blocks", index]))
        for key, fields in block["registers"].items():
            tell = teller(problems, ["blocks", index, "registers", key])
            if key in found:
                tell(f"the key {key} is taken in an earlier block; give it another")
                continue
            found[key], tells[key] = compiled(block, key, fields), tell
            check(found[key], fields, tell)
            _size(found[key], spec["limits"], tell)
    _exponents(found, tells)
    _overlaps(found.values(), tells)
    _forbidden(spec["limits"]["forbidden"], found.values(), problems)
    return found


def teller(problems: list[vol.Invalid], base: Path) -> Tell:
    """Return what adds a problem, given its message and its path below `base`."""

    def tell(message: str, *path: str | int) -> None:
        problems.append(vol.Invalid(message, [*base, *path]))

    return tell


def _block(block: Fields, tell: Tell) -> None:
    table = Table(block["table"])
    if table.is_bits:
        for name in ("type", "word_order", "byte_order", *NUMERIC):
            if name in block and block[name] != Type.BOOL:
                tell(f"{name} is for words; leave it out, {table} holds single bits", name)
    if block.get("scale") == 0:
        tell("a scale of 0 makes every value the same; leave it out for 1", "scale")
    if not table.is_writable and block.get("access", "read") != "read":
        tell(f"{table} can not be written; only coil and holding can", "access")


def _size(register: Register, limits: Fields, tell: Tell) -> None:
    """Refuse what is larger than one request may be."""
    if register.table.is_bits:
        return
    words, read, written = register.words, limits["words"], limits["write_words"]
    at = "length" if register.type is Type.STRING else "type"
    if register.is_read and words > read:
        tell(f"has {words} words, but limits.words allows {read} in one read", at)
    if register.write is not None and words > written:
        tell(f"has {words} words, but limits.write_words allows {written} in one write", at)


def _exponents(found: Mapping[str, Register], tells: Mapping[str, Tell]) -> None:
    """Refuse exponents that are no plain whole numbers."""
    for register in found.values():
        if register.exponent is None or not is_number(register):
            continue
        tell, other = tells[register.key], found.get(register.exponent)
        if other is None:
            tell(f"there is no register {register.exponent}", "exponent")
        elif other.exponent is not None:
            tell(f"{other.key} has an exponent itself; name a plain register", "exponent")
        elif other.type not in INTEGERS or other.labels or other.flags or not other.is_read:
            tell(f"{other.key} is no whole number that is read; name one", "exponent")
        elif other.scale != 1 or other.offset != 0:
            tell(f"{other.key} has a scale or an offset; a power of ten has none", "exponent")


def _overlaps(found: Collection[Register], tells: Mapping[str, Tell]) -> None:
    """Refuse registers that share addresses without sharing them well."""
    for table in Table:
        held: list[Register] = []
        inside = (register for register in found if register.table is table)
        for register in sorted(inside, key=lambda register: register.address):
            held = [other for other in held if other.end > register.address]
            other = next((one for one in held if not _may_share(one, register)), None)
            if other is None:
                held.append(register)
                continue
            tells[register.key](
                f"overlaps {other.key}; only different bits of the same words may, "
                "or a write-only register beside a read-only one",
                "address",
            )


def _may_share(one: Register, other: Register) -> bool:
    if {one.access, other.access} == {Access.READ, Access.WRITE}:
        return True
    if one.mask is None or other.mask is None or one.mask & other.mask:
        return False
    return _place(one) == _place(other)


def _place(register: Register) -> tuple[object, ...]:
    return register.address, register.words, register.word_order, register.byte_order


def _forbidden(
    ranges: Iterable[Fields], found: Collection[Register], problems: list[vol.Invalid]
) -> None:
    """Refuse ranges that are no ranges, or forbid what is to be read."""
    for index, item in enumerate(ranges):
        tell = teller(problems, ["limits", "forbidden", index])
        if item["first"] > item["last"]:
            tell("first is above last; swap them", "first")
        hit = next((register for register in found if _is_inside(register, item)), None)
        if hit is not None:
            tell(f"forbids {hit.key}, which is to be read; leave one of them out")


def _is_inside(register: Register, item: Fields) -> bool:
    meets = register.address <= item["last"] and register.end > item["first"]
    return register.is_read and register.table == item["table"] and meets
