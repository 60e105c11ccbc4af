"""What all entities of Home Assistant's modbus share: name, unit, interval, keys."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from integrations.modbus.importing.draft import Draft, Spec, Want
from integrations.modbus.importing.names import object_id
from integrations.modbus.importing.parts import Part

HOLDING: Final = "holding"
COIL: Final = "coil"
TABLES: Final = {
    "coil": "coil", "coils": "coil", "holding": "holding", "holdings": "holding",
    "discrete_input": "discrete", "discrete": "discrete", "input": "input",
}  # fmt: skip
BITS: Final = ("coil", "discrete")
INTERVAL: Final = 15
"""Seconds, where nothing is said (10 before 2025)."""
_GONE: Final = "lazy_error_count"


@dataclass(frozen=True, slots=True)
class Entity:
    """One entry of a list, its common keys read."""

    part: Part
    draft: Draft
    name: str
    key: str
    interval: int

    @classmethod
    def of(cls, part: Part, draft: Draft) -> "Entity":
        """Read the common keys."""
        name = part.text("name")
        if len(name) > 100:
            raise part.unfit("the name has more than 100 characters")
        return cls(part, draft, name, object_id(part.text("unique_id", name)), interval(part))

    def numbered(self, number: int) -> "Entity":
        """Return one of those that follow (`virtual_count`)."""
        if number == 0:
            return self
        return replace(self, name=f"{self.name} {number}", key=f"{self.key}_{number}")

    def words(self, hint: str, table: str, address: int, form: Spec, **more: Any) -> Want:
        """Return a register that is read as often as the entity."""
        return Want(hint, table, address, form, interval=self.interval, **more)

    def raw(self, hint: str, table: str, address: int, values: Sequence[int], **more: Any) -> Want:
        """Return a word or bit of which only some values have a meaning."""
        form = {} if table in BITS else {"type": "uint16"}
        known = None if table in BITS else tuple(values)
        return self.words(hint, table, address, form, values=known, **more)

    def spec(self, kind: str, word: str = "", **fields: Any) -> Spec:
        """Return an entity's spec with its name, and a word behind it."""
        name = f"{self.name} {word}".strip()
        given = {field: value for field, value in fields.items() if value is not None}
        return {"kind": kind, **given, "name": name, "object_id": object_id(name)}

    def add(self, wants: Sequence[Want], make: Callable[..., list[Spec]]) -> None:
        """Put the entity into its unit's map; `make` gets the registers' keys."""

        def made(registers: Sequence[str], take: Callable[[str], str]) -> list[Spec]:
            found = make(*registers)
            for spec in found:
                wanted = spec.pop("suffix", "")
                spec["key"] = take(f"{self.key}_{wanted}" if wanted else self.key)
            return found

        title = self.part.title
        number = self.draft.add(wants, self.key, self.part.place(), title, made)
        if number < 0:
            raise self.part.unfit("reads the same registers in two ways", "make two entities of it")
        if number:
            self.part.do(
                None, "its registers overlap others that are read in another way",
                f"they are read by a device of their own ({number + 1}); join them by hand if one "
                "way is enough",
            )  # fmt: skip


def interval(part: Part) -> int:
    """Return the seconds between reads; 0 = after each connect only."""
    found = part.whole("scan_interval", INTERVAL, high=86400)
    if "scan_interval" in part and found == 0:
        part.do(
            "scan_interval", "scan_interval 0 never reads",
            "it is read once after each connect; give its register another rate to read it more",
        )  # fmt: skip
    if part.raw(_GONE):
        part.left_out(
            _GONE, f"{_GONE} is unknown to Home Assistant since 2024",
            "values stay for three intervals of silence; `stale_after` of the device changes that",
        )  # fmt: skip
    return found


def unit(part: Part) -> int:
    """Return the unit on the line that an entity is read from."""
    for key in ("slave", "device_address"):
        if key in part:
            return part.whole(key, high=255)
    return 1
