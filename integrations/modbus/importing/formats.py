"""How Home Assistant reads words: data_type, structure, swap and nan_value as fields of registers.

Facts of homeassistant/components/modbus (2026.10): words are swapped first, then unpacked by
Python's struct from big-endian bytes, then value = scale * number + offset, rounded to precision.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from integrations.modbus.importing.parts import Part, whole

Form = dict[str, Any]
"""Fields of a register that say what its words mean."""

CODES: Final = {
    "h": "int16", "H": "uint16", "i": "int32", "I": "uint32", "l": "int32", "L": "uint32",
    "q": "int64", "Q": "uint64", "e": "float16", "f": "float32", "d": "float64",
}  # fmt: skip
"""Letters of Python's struct."""
LETTERS: Final = {
    "int16": "h", "uint16": "H", "int32": "i", "uint32": "I", "int64": "q", "uint64": "Q",
    "float16": "e", "float32": "f", "float64": "d",
}  # fmt: skip
WIDE: Final = {"l": "q", "L": "Q"}
"""Longs have eight bytes where the structure names no byte order."""
BY_COUNT: Final = {
    "int": {1: "int16", 2: "int32", 4: "int64"},
    "uint": {1: "uint16", 2: "uint32", 4: "uint64"},
    "float": {1: "float16", 2: "float32", 4: "float64"},
}
"""Types of releases until 2021, whose size the key count told."""
OLD: Final = {"int": "int", "integer": "int", "uint": "uint", "float": "float"}
DEFAULT_COUNT: Final = {"int": 1, "uint": 1, "float": 2}
SWAPS: Final[dict[str, tuple[str, ...]]] = {
    "none": (), "byte": ("byte_order",), "word": ("word_order",),
    "word_byte": ("byte_order", "word_order"),
}  # fmt: skip
_TOKEN: Final = re.compile(r"\s*(\d*)([a-zA-Z?])\s*")
_NATIVE: Final = ("@", "=", "<")
"""Machines that run Home Assistant are little-endian."""


@dataclass(frozen=True, slots=True)
class Format:
    """One number, text or byte of what a sensor reads."""

    form: Form
    words: int
    at: int = 0
    """Words before it."""

    @property
    def is_text(self) -> bool:
        """Tell whether it is no number."""
        return bool(self.form["type"] == "string")

    @property
    def is_whole(self) -> bool:
        """Tell whether Home Assistant takes it for a whole number, rounded by default."""
        return "int" in self.form["type"]


def formats(part: Part) -> list[Format]:
    """Return what the words of a sensor or climate are; several only of a custom structure."""
    kind = str(part.raw("data_type", "int16"))
    if kind == "custom":
        found = _custom(part)
    elif kind == "string":
        found = [_text(part)]
    else:
        found = [_plain(part, kind)]
        part.ignored("structure", why="is only read with data_type custom")
    return _with_nan(part, found)


def numbers(part: Part, found: Format, scale: float, offset: float, *, custom: bool) -> Form:
    """Return the whole form of a number: how it is read, and what is calculated then."""
    form = dict(found.form)
    if found.is_text:
        return form
    if scale == 0:
        raise part.unfit("a scale of 0 is refused by Home Assistant, too")
    if scale != 1:
        form["scale"] = scale
    if offset != 0:
        form["offset"] = offset
    default = 0 if found.is_whole and not custom else 2
    precision = part.whole("precision", default, high=10)
    if found.is_whole:
        own = max(decimals(scale), decimals(offset))
        if own:
            form["precision"] = min(precision, own)
    else:
        form["precision"] = precision
    return form


def decimals(number: float) -> int:
    """Return how many decimals a number is written with."""
    exponent = Decimal(repr(number)).normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _plain(part: Part, kind: str) -> Format:
    """Return a number of a named type."""
    kind, old = OLD.get(kind, kind), kind in OLD
    count = whole(part.raw("count"))
    if old:
        size = count or DEFAULT_COUNT[kind]
        if size not in BY_COUNT[kind]:
            raise part.unfit(f"data_type {kind} with count {size} is no type")
        kind = BY_COUNT[kind][size]
        part.note("data_type", f"data_type is the {kind} of older releases")
    elif "data_type" not in part and count in BY_COUNT["int"] and count != 1:
        kind = BY_COUNT["int"][count]
        part.do(
            "count", f"count {count} without data_type is refused today, and was {kind} in 2021",
            "look whether the value is right, else change its type",
        )  # fmt: skip
    elif kind not in LETTERS:
        raise part.unfit(f"data_type {kind!r} is not known")
    elif count is not None:
        part.note("count", f"count is told by data_type {kind}")
    words = struct.calcsize(f">{LETTERS[kind]}") // 2
    return Format({"type": kind, **_swap(part, words)}, words)


def _text(part: Part) -> Format:
    words = part.whole("count", high=125)
    if words == 0:
        raise part.unfit("count: expected the words of the text")
    return Format({"type": "string", "length": words, **_swap(part, 1)}, words)


def _swap(part: Part, words: int) -> Form:
    """Return the orders that differ from the usual."""
    swap = part.choice("swap", tuple(SWAPS), "none")
    if words == 1 and "word_order" in SWAPS[swap]:
        part.note("swap", f"swap {swap} has no words to change")
    return {name: "little" for name in SWAPS[swap] if words > 1 or name == "byte_order"}


def _custom(part: Part) -> list[Format]:
    """Return what a structure of Python's struct holds."""
    structure = part.text("structure", ">f")
    count = whole(part.raw("count"))
    if "swap" in part and part.raw("swap") != "none":
        part.note("swap", "swap has no effect on a custom structure")
    try:
        size = struct.calcsize(structure)
        found = list(_items(structure))
    except (struct.error, ValueError) as error:
        raise part.unfit(f"structure {structure!r}: {error}") from None
    if count is not None and 2 * count != size:
        part.do(
            "structure", f"structure {structure!r} has {size} bytes, count says {2 * count}: "
            "Home Assistant refuses this",
            "the structure was taken; look whether the value is right",
        )  # fmt: skip
    if not found:
        raise part.unfit(f"structure {structure!r} holds no value")
    return found


def _items(structure: str) -> Iterator[Format]:
    """Take a structure apart; raises `ValueError` for what no register can be."""
    order = structure[0] if structure[:1] in ("@", "=", "<", ">", "!") else ""
    little, done, rest = (order or "@") in _NATIVE, order, structure[len(order) :]
    while rest.strip():
        match = _TOKEN.match(rest)
        if match is None:
            raise ValueError("not a structure")
        rest = rest[match.end() :]
        times, letter = int(match[1] or 1), match[2]
        if letter in "sx" or times == 0:
            done += f"{times}{letter}"
            if letter == "s":
                yield _string(struct.calcsize(done) - times, times)
            continue
        for _ in range(times):
            done += letter
            size = struct.calcsize(f"{order}{letter}")
            yield _number(letter, struct.calcsize(done) - size, size, order, little=little)


def _string(start: int, size: int) -> Format:
    if start % 2 or size % 2 or not size:
        raise ValueError("a text that does not begin and end with a word")
    return Format({"type": "string", "length": size // 2}, size // 2, start // 2)


def _number(letter: str, start: int, size: int, order: str, *, little: bool) -> Format:
    if letter in "bB?":
        mask = 0x00FF if start % 2 else 0xFF00
        kind = "int16" if letter == "b" else "uint16"
        return Format({"type": kind, "mask": mask}, 1, start // 2)
    letter = WIDE.get(letter, letter) if size == 8 and order in ("", "@") else letter
    if letter not in CODES:
        raise ValueError(f"{letter!r} is no number that a register can hold")
    if start % 2:
        raise ValueError("a number that begins in the middle of a word")
    orders = ("byte_order", "word_order") if size > 2 else ("byte_order",)
    form = {"type": CODES[letter], **(dict.fromkeys(orders, "little") if little else {})}
    return Format(form, size // 2, start // 2)


def _with_nan(part: Part, found: list[Format]) -> list[Format]:
    """Add the words that mean "no value": Home Assistant compares with the number and its minus."""
    given = part.raw("nan_value")
    if given is None:
        return found
    number = _nan(given)
    if number is None:
        raise part.unfit(f"nan_value {given!r} is no number")
    marked = []
    for one in found:
        patterns = [] if one.is_text else _patterns(one, number)
        if not patterns and not one.is_text:
            kind = one.form["type"]
            hint = f"write `invalid: [{number:#x}]` at its register if these words are meant"
            part.left_out("nan_value", f"no {kind} is {given}: it had no effect", hint)
        marked.append(
            Format({**one.form, "invalid": patterns} if patterns else one.form, one.words, one.at)
        )
    return marked


def _nan(given: Any) -> int | None:
    if isinstance(given, str):
        try:
            return int(given)
        except ValueError:
            pass
        try:
            return int(given, 16)
        except ValueError:
            return None
    return whole(given)


def _patterns(one: Format, number: int) -> list[int]:
    """Return the words, as one unsigned number, that decode to a number or its minus."""
    if "mask" in one.form:
        return []
    letter, found = LETTERS[one.form["type"]], []
    for value in dict.fromkeys((number, -number)):
        try:
            packed = struct.pack(f">{letter}", value)
        except (struct.error, OverflowError):
            continue
        if struct.unpack(f">{letter}", packed)[0] == value:
            found.append(int.from_bytes(packed, "big"))
    return found
