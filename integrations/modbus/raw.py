"""Requests that no register map is behind: for people, scans and learning."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from hub.sdk import HubError, ServiceValidationError, TimedOut, Unavailable
from integrations.modbus.const import BROADCAST
from integrations.modbus.line.errors import Fault, NoAnswer, Refused
from integrations.modbus.line.turns import Priority
from integrations.modbus.mapping.models import Function, Table

if TYPE_CHECKING:
    from integrations.modbus.line.client import Line

_CALLERS: Final = frozenset({1, 2, 3})
"""Exceptions that say that the question was wrong: function, address, value."""


@contextmanager
def in_words(place: str) -> Iterator[None]:
    """Turn faults of a line into errors that services raise; `place` says whose."""
    try:
        yield
    except Fault as fault:
        raise as_error(fault, place) from None


def as_error(fault: Fault, place: str) -> HubError:
    """Return a fault as what a service raises."""
    message = f"{place}: {fault}"
    if isinstance(fault, Refused) and fault.code in _CALLERS:
        return ServiceValidationError(message)
    return TimedOut(message) if isinstance(fault, NoAnswer) else Unavailable(message)


async def read_once(
    line: "Line", unit: int, table: Table, first: int, count: int, priority: Priority
) -> list[int]:
    """Read without a second try; raises Faults."""
    found = await line.read(unit, table, first, count, priority, retries=0)
    return [int(item) for item in found]


async def read(line: "Line", unit: int, table: Table, first: int, count: int) -> list[int]:
    """Read as somebody asked; raises Faults."""
    found = await line.read(unit, table, first, count, Priority.ASKED)
    return [int(item) for item in found]


async def write(
    line: "Line", unit: int, table: Table, first: int, values: Sequence[int], function: Function
) -> tuple[list[int] | None, list[int] | None]:
    """Write; returns what was there before and after, None where it can not be read.

    Raises Faults of the write itself.
    """
    count = 1 if function is Function.MASK else len(values)
    async with line.alter(unit, Priority.WRITE):
        before = await _look(line, unit, table, first, count)
        await line.write(unit, table, first, values, function, Priority.WRITE)
        after = await _look(line, unit, table, first, count)
    return before, after


async def _look(line: "Line", unit: int, table: Table, first: int, count: int) -> list[int] | None:
    if unit == BROADCAST:
        return None
    try:
        return await read_once(line, unit, table, first, count, Priority.WRITE)
    except Fault:
        return None
