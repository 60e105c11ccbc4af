"""One unit of a hub in the making: the registers its entities need, shared where they can be.

Home Assistant reads for every entity by itself, so that two may read the same words in two ways.
A register map has each word once: what does not fit beside the rest goes into a second map, which
a second device of the same unit reads.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from integrations.modbus.importing.formats import Form
from integrations.modbus.importing.names import Unique

Spec = dict[str, Any]
_PLAIN: Final = ("int16", "uint16")


@dataclass(frozen=True, slots=True)
class Want:
    """A register that an entity needs."""

    hint: str
    """Ends its key; empty = the entity's own."""
    table: str
    address: int
    form: Form
    words: int = 1
    unit: str | None = None
    interval: int = 0
    """Seconds between reads; 0 = after each connect only."""
    read: bool = True
    write: Mapping[str, Any] | None = None
    """How it is written; None = it is not."""
    values: tuple[int, ...] | None = None
    """Words that have to be told apart, whatever else the register means; None = as `form`."""

    @property
    def end(self) -> int:
        """Return the first address behind it."""
        return self.address + self.words


@dataclass(frozen=True, slots=True)
class Entry:
    """A register that is there."""

    key: str
    want: Want
    place: str
    """Of the entity that asked for it first."""


@dataclass(frozen=True, slots=True)
class Item:
    """What became of one entity of Home Assistant."""

    specs: tuple[Spec, ...]
    registers: tuple[str, ...]
    place: str
    title: str


Make = Callable[[Sequence[str], Callable[[str], str]], Iterable[Spec]]
"""Makes entities of the keys of their registers; the second gives entity keys."""


@dataclass(slots=True)
class Map:
    """A register map in the making."""

    entries: list[Entry] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    keys: Unique = field(default_factory=Unique)
    registers: Unique = field(default_factory=Unique)

    def add(self, wants: Sequence[Want], key: str, place: str, title: str, make: Make) -> bool:
        """Add an entity with its registers; False (and nothing is changed) when they clash."""
        entries = list(self.entries)
        chosen: list[int] = []
        for want in wants:
            found = _fit(entries, want)
            if found is None:
                return False
            index, merged = found
            if index == len(entries):
                entries.append(Entry("", merged, place))
            else:
                entries[index] = replace(entries[index], want=merged)
            chosen.append(index)
        for index, want in zip(chosen, wants, strict=True):
            if not entries[index].key:
                word = f"{key}_{want.hint}" if want.hint else key
                entries[index] = replace(entries[index], key=self.registers.take(word))
        self.entries = entries
        names = tuple(entries[index].key for index in chosen)
        self.items.append(Item(tuple(make(names, self.keys.take)), names, place, title))
        return True


class Draft:
    """The maps of one unit."""

    def __init__(self) -> None:
        """Begin with none."""
        self.maps: list[Map] = []

    def add(self, wants: Sequence[Want], key: str, place: str, title: str, make: Make) -> int:
        """Add an entity; returns the number of its map, -1 when its registers clash by themselves.

        Nearly all are in map 0.
        """
        for number, one in enumerate(self.maps):
            if one.add(wants, key, place, title, make):
                return number
        fresh = Map()
        if not fresh.add(wants, key, place, title, make):
            return -1
        self.maps.append(fresh)
        return len(self.maps) - 1

    def intervals(self) -> Iterator[int]:
        """Return the interval of every register that is read more than once."""
        for one in self.maps:
            for entry in one.entries:
                if entry.want.read and entry.want.interval:
                    yield entry.want.interval


def blocks(entries: Sequence[Entry], rate: Callable[[int], str]) -> list[Spec]:
    """Return the blocks of a definition; `rate` names that of an interval."""
    found: dict[str, dict[str, Spec]] = {}
    for entry in sorted(entries, key=lambda item: (item.want.table, item.want.address)):
        found.setdefault(entry.want.table, {})[entry.key] = _register(entry.want, rate)
    return [
        {"table": table, "first": 0, "registers": registers} for table, registers in found.items()
    ]


def _register(want: Want, rate: Callable[[int], str]) -> Spec:
    spec: Spec = {"address": want.address}
    if want.unit is not None:
        spec["unit"] = want.unit
    spec |= {
        name: value for name, value in want.form.items() if (name, value) != ("type", "uint16")
    }
    if want.read and (name := rate(want.interval)) != "normal":
        spec["rate"] = name
    if not want.read:
        spec["access"] = "write"
        if want.write:
            spec["write"] = {k: v for k, v in want.write.items() if not k.startswith("verify")}
    elif want.write is not None:
        spec["write"] = dict(want.write)
    return spec


def _fit(entries: Sequence[Entry], want: Want) -> tuple[int, Want] | None:
    """Return where a register goes, and what it is then; None when it clashes."""
    overlapping = [
        (number, entry.want)
        for number, entry in enumerate(entries)
        if entry.want.table == want.table
        and entry.want.end > want.address
        and want.end > entry.want.address
    ]
    index, merged = len(entries), want
    for number, other in overlapping:
        together = _merged(other, want)
        if together is not None:
            index, merged = number, together
            break
    if all(number == index or _beside(other, merged) for number, other in overlapping):
        return index, merged
    return None


def _merged(one: Want, other: Want) -> Want | None:
    """Return one register that serves both, None when there is none."""
    if (one.address, one.words) != (other.address, other.words):
        return None
    if _reads_only(one, other) or _reads_only(other, one):
        return None  # what was written there need not be what is read
    if one.unit is not None and other.unit is not None and one.unit != other.unit:
        return None
    form = _form(one, other)
    if form is None:
        return None
    write = one.write
    if other.write is not None:
        write = {**other.write, **(one.write or {})}
    intervals = [item.interval for item in (one, other) if item.read and item.interval]
    return replace(
        one,
        form=form,
        unit=one.unit or other.unit,
        interval=min(intervals, default=0),
        read=one.read or other.read,
        write=write,
        values=None if one.values is None or other.values is None else (*one.values, *other.values),
    )


def _reads_only(one: Want, other: Want) -> bool:
    return one.read and one.write is None and not other.read


def _form(one: Want, other: Want) -> Form | None:
    """Return the form that both can be read with."""
    if one.form == other.form:
        return one.form
    for kept, told in ((one, other), (other, one)):
        if told.values is None or told.form.keys() - {"type"}:
            continue
        if _is_plain(kept.form) and all(value < 0x8000 for value in told.values):
            return kept.form
    return None


def _is_plain(form: Form) -> bool:
    return form.get("type") in _PLAIN and not form.keys() - {"type"}


def _beside(one: Want, other: Want) -> bool:
    """Tell whether two registers may share addresses as they are."""
    if _reads_only(one, other) or _reads_only(other, one):
        return True
    if (one.address, one.words) != (other.address, other.words):
        return False
    masks = [_mask(item.form) for item in (one, other)]
    return None not in masks and not (masks[0] or 0) & (masks[1] or 0)


def _mask(form: Form) -> int | None:
    return 1 << form["bit"] if "bit" in form else form.get("mask")
