"""Which addresses one request asks for, and which of them belong together."""

from collections.abc import Iterable
from dataclasses import dataclass

from integrations.modbus.mapping.models import Register, Table

Span = tuple[int, int]
"""First address, and the first behind: what is never torn apart."""


@dataclass(frozen=True, slots=True)
class Read:
    """One request for values."""

    table: Table
    start: int
    count: int

    @property
    def end(self) -> int:
        """Return the first address behind it."""
        return self.start + self.count

    def holds(self, register: Register) -> bool:
        """Tell whether its answer has the whole of a register."""
        return (
            register.table is self.table
            and self.start <= register.address
            and register.end <= self.end
        )


def spans(registers: Iterable[Register]) -> list[Span]:
    """Return what registers of one table cover, by address; what lies in another is left out."""
    found: list[Span] = []
    for start, negative in sorted({(one.address, -one.end) for one in registers}):
        if not found or -negative > found[-1][1]:
            found.append((start, -negative))
    return found


def merged(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return first and last addresses by address, those that touch made one."""
    found: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found
