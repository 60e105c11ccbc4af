"""One entity beside the registers of its map: what it names is there, and can do what it should."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from integrations.modbus.mapping import ranges
from integrations.modbus.mapping.encoding import encode
from integrations.modbus.mapping.models import Register, Value

Fields = Mapping[str, Any]
Tell = Callable[..., None]
"""Takes a message and the path of the field below the entity."""


class Fitting:
    """One entity beside the registers of its map."""

    def __init__(self, fields: Fields, registers: Mapping[str, Register], tell: Tell) -> None:
        self.fields = fields
        self.registers = registers
        self.tell = tell
        self.used: list[str] = []

    def register(self, *path: str) -> Register | None:
        """Return the register that a field names; None when there is none."""
        found: Any = self.fields
        for name in path:
            found = None if found is None else found.get(name)
        if found is None:
            return None
        register = self.registers.get(found)
        if register is None:
            self.tell(f"there is no register {found}", *path)
            return None
        if found not in self.used:
            self.used.append(found)
        return register

    def read(self, *path: str) -> Register | None:
        """Return a register that is read."""
        register = self.register(*path)
        if register is not None and not register.is_read:
            self.tell(f"{register.key} is never read: access is write", *path)
        return register

    def written(self, *path: str) -> Register | None:
        """Return a register that is written."""
        register = self.register(*path)
        if register is not None and register.write is None:
            self.tell(f"{register.key} is not written; give it write: {{}}", *path)
        return register

    def number(self, register: Register | None, *path: str) -> Register | None:
        """Return the register when it shows a number."""
        if register is not None and not ranges.is_number(register):
            self.tell(f"{register.key} shows {ranges.shows(register)}, no number", *path)
            return None
        return register

    def shown(self, register: Register | None, value: Any, *path: str | int) -> Value:
        """Return a value as the register shows it."""
        found: Value = value
        if register is None:
            return found
        try:
            found = ranges.as_shown(register, value)
        except ValueError as error:
            self.tell(f"{register.key}: {error}", *path)
        return found

    def value(self, register: Register | None, value: Any, *path: str | int) -> Value:
        """Return a value as the register shows it, when it can be written, too."""
        found: Value = value
        if register is None:
            return found
        try:
            found = ranges.as_shown(register, value)
            if register.write is not None and register.exponent is None:
                encode(register, found, current=(0,) * register.words)
        except ValueError as error:
            self.tell(f"{register.key}: {error}", *path)
        return found

    def on_off(self, register: Register | None, *path: str) -> tuple[Value, Value]:
        """Return the values for on and off, told apart."""
        fields: Fields = self.fields
        for name in path:
            fields = fields[name]
        if register is not None and register.flags is not None:
            self.tell(f"{register.key} shows flags; make a register of its bit", *path, "register")
            return 1, 0
        on = self.value(register, fields.get("on", True), *path, "on")
        off = self.value(register, fields.get("off", False), *path, "off")
        if on == off:
            self.tell("on and off are the same value; name two", *path, "off")
        return on, off

    def limits(
        self,
        register: Register | None,
        names: tuple[str, str, str],
        usual: tuple[float, float],
    ) -> dict[str, float]:
        """Return lowest, highest and step: as said, else as the register is written."""
        first, last, step = names
        low, high = (-math.inf, math.inf) if register is None else ranges.writable(register)
        lowest = self.fields.get(first, max(low, usual[0]))
        highest = self.fields.get(last, min(high, usual[1]))
        outside = [at for at in (first, last) if not low <= self.fields.get(at, low) <= high]
        for at in outside:
            self.tell(f"can not be written: expected {ranges.between(low, high)}", at)
        if lowest >= highest and not outside:
            at = last if last in self.fields else first
            self.tell(f"{lowest:g} is not below {highest:g}", at)
        by_register = None if register is None else ranges.step(register)
        return {first: lowest, last: highest, step: self.fields.get(step, by_register or 0.1)}
