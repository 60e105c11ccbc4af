"""What a register map says once checked: addresses as on the wire, all defaults filled."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from functools import cached_property
from typing import Any, Final

Value = bool | int | float | str | tuple[str, ...]
"""A decoded register: on/off, number, text or label, or the names of the flags that are set."""


class Table(StrEnum):
    """The four address spaces of a device (Modbus Application Protocol V1.1b3, section 4.3)."""

    COIL = "coil"
    DISCRETE = "discrete"
    INPUT = "input"
    HOLDING = "holding"

    @property
    def is_bits(self) -> bool:
        """Tell whether an address holds one bit instead of a word of 16."""
        return self in {Table.COIL, Table.DISCRETE}

    @property
    def is_writable(self) -> bool:
        """Tell whether the protocol has functions that write here."""
        return self in {Table.COIL, Table.HOLDING}


class Type(StrEnum):
    """How the words of a register are read; `bool` is the only one of the bit tables."""

    BOOL = "bool"
    UINT16 = "uint16"
    INT16 = "int16"
    UINT32 = "uint32"
    INT32 = "int32"
    UINT64 = "uint64"
    INT64 = "int64"
    FLOAT16 = "float16"
    FLOAT32 = "float32"
    FLOAT64 = "float64"
    DPT9 = "dpt9"
    """KNX 2-octet float, DPT 9.001 (KNX 03.07.02, section 3.10)."""
    STRING = "string"


WORDS: Final[Mapping[Type, int]] = {
    Type.BOOL: 1,
    Type.UINT16: 1,
    Type.INT16: 1,
    Type.UINT32: 2,
    Type.INT32: 2,
    Type.UINT64: 4,
    Type.INT64: 4,
    Type.FLOAT16: 1,
    Type.FLOAT32: 2,
    Type.FLOAT64: 4,
    Type.DPT9: 1,
}
"""Addresses that a type covers; a string says so itself."""


class Order(StrEnum):
    """Which part comes first: of the words of a value, or of the bytes of a word."""

    BIG = "big"
    LITTLE = "little"


class Rate(StrEnum):
    """How often a register is read; a device says how many seconds each rate means."""

    FAST = "fast"
    NORMAL = "normal"
    SLOW = "slow"
    ONCE = "once"
    """After each connect of its device."""


class Access(StrEnum):
    """What may be done with a register."""

    READ = "read"
    WRITE = "write"
    """It can not be read back: what was written is assumed."""
    READ_WRITE = "read_write"


class Function(StrEnum):
    """With which function a register is written."""

    AUTO = "auto"
    """05/06 for one address, 15/16 for several."""
    SINGLE = "single"
    MULTIPLE = "multiple"
    MASK = "mask"
    """22, mask write register: for some bits of a word."""


class Reason(Enum):
    """Why words that were read are no value. No StrEnum: texts are values too."""

    SENTINEL = "sentinel"
    OUT_OF_RANGE = "out_of_range"
    NOT_A_NUMBER = "not_a_number"
    NO_LABEL = "no_label"
    NOT_TEXT = "not_text"
    NO_EXPONENT = "no_exponent"


@dataclass(frozen=True, slots=True)
class Write:
    """How a register is written; the limits are in the register's unit."""

    function: Function = Function.AUTO
    low: float | None = None
    high: float | None = None
    step: float | None = None
    verify: bool = True
    verify_delay: float = 0.0
    """Seconds between the write and the first look."""
    verify_tries: int = 3


@dataclass(frozen=True, slots=True)
class Register:
    """One value of a device: round((raw & mask >> shift) * scale * 10^exponent + offset)."""

    key: str
    table: Table
    address: int
    """As on the wire, from 0."""
    type: Type
    words: int = 1
    """Addresses that it covers; bits in the bit tables."""
    word_order: Order = Order.BIG
    byte_order: Order = Order.BIG
    mask: int | None = None
    """Bits of the word that belong to it; None = all."""
    scale: float = 1.0
    offset: float = 0.0
    precision: int | None = None
    """Decimals kept; None = as they come."""
    exponent: str | None = None
    """Key of the register that holds a power of ten (SunSpec's sunssf)."""
    low: float | None = None
    high: float | None = None
    """What it can be; beyond that it reads as unknown."""
    sentinels: frozenset[int] = frozenset()
    """Raw patterns (unsigned, before the mask) that mean "no value"."""
    labels: Mapping[int, str] | None = None
    """Raw number after the mask -> label."""
    flags: Mapping[int, str] | None = None
    """Bit -> name; the value is the tuple of names that are set."""
    unit: str | None = None
    rate: Rate = Rate.NORMAL
    access: Access = Access.READ
    write: Write | None = None
    """None = is not written."""
    name: str = ""
    source: str = ""
    """Where its block was published."""

    @property
    def end(self) -> int:
        """Return the first address behind it."""
        return self.address + self.words

    @property
    def is_read(self) -> bool:
        """Tell whether it is read at all."""
        return self.access is not Access.WRITE


@dataclass(frozen=True, slots=True)
class EntitySpec:
    """One entity of a definition, as checked: `fields` are those of its kind."""

    kind: str
    key: str
    """Becomes part of the unique id; never derived from the name."""
    name: str | None
    """None = the device's main entity."""
    registers: tuple[str, ...]
    """Keys of all registers it shows or writes, the one that gives the quality first."""
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a device can stand in one request."""

    words: int = 125
    bits: int = 2000
    gap: int | None = None
    """Unwanted addresses that are read along rather than asked around; None = as its link says."""
    write_words: int = 123
    pause: float = 0.0
    """Seconds of rest before each of its requests."""
    forbidden: tuple[tuple[Table, int, int], ...] = ()
    """Table, first and last address that are never read along."""


@dataclass(frozen=True)
class Definition:
    """A register map: registers by table and address, and the entities made of them."""

    name: str
    manufacturer: str | None
    model: str | None
    registers: tuple[Register, ...]
    entities: tuple[EntitySpec, ...]
    limits: Limits = Limits()
    rates: Mapping[Rate, float] = field(default_factory=dict)
    """Seconds; the device's own go first."""

    @cached_property
    def by_key(self) -> Mapping[str, Register]:
        """Return the registers by key."""
        return {register.key: register for register in self.registers}
