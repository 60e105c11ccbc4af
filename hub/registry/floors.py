"""Floors: areas one above the other."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from hub.const import EVENT_FLOOR_REGISTRY_UPDATED
from hub.registry.base import NamedRegistry, tidy
from hub.registry.entry import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class FloorEntry(Entry):
    """One floor; `level` counts from the ground, 0."""

    floor_id: str
    name: str
    aliases: tuple[str, ...] = ()
    icon: str | None = None
    level: int | None = None

    @property
    def key(self) -> str:
        """Return the floor's id."""
        return self.floor_id

    def as_dict(self) -> dict[str, Any]:
        """Return the wire form."""
        return {
            "aliases": list(self.aliases),
            "created_at": self.created_at,
            "floor_id": self.floor_id,
            "icon": self.icon,
            "level": self.level,
            "modified_at": self.modified_at,
            "name": self.name,
        }


class FloorRegistry(NamedRegistry[FloorEntry]):
    """All floors."""

    TABLE, KEY, NOUN = "floors", "floor_id", "Floor"
    EVENT = EVENT_FLOOR_REGISTRY_UPDATED
    entry = FloorEntry

    def create(
        self,
        name: str,
        *,
        aliases: Iterable[str] = (),
        icon: str | None = None,
        level: int | None = None,
    ) -> FloorEntry:
        """Make a floor; raises `InvalidInfo` when the name is taken."""
        name = self._named(name)
        now = self._clock.time()
        return self._add(
            FloorEntry(
                floor_id=self._free_id(name),
                name=name,
                aliases=tidy(aliases),
                icon=icon,
                level=level,
                created_at=now,
                modified_at=now,
            )
        )

    def update(self, floor_id: str, **changes: Any) -> FloorEntry:
        """Change name, aliases, icon or level; raises `NotFound` and `InvalidInfo`."""
        if "aliases" in changes:
            changes["aliases"] = tidy(changes["aliases"] or ())
        return self._update(floor_id, changes)
