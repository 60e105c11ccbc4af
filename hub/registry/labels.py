"""Labels: free marks on areas, devices and entities."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from hub.const import EVENT_LABEL_REGISTRY_UPDATED
from hub.registry.base import NamedRegistry
from hub.registry.entry import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelEntry(Entry):
    """One label."""

    label_id: str
    name: str
    color: str | None = None
    description: str | None = None
    icon: str | None = None

    @property
    def key(self) -> str:
        """Return the label's id."""
        return self.label_id

    def as_dict(self) -> dict[str, Any]:
        """Return the wire form."""
        return {
            "color": self.color,
            "created_at": self.created_at,
            "description": self.description,
            "icon": self.icon,
            "label_id": self.label_id,
            "modified_at": self.modified_at,
            "name": self.name,
        }


class LabelRegistry(NamedRegistry[LabelEntry]):
    """All labels."""

    TABLE, KEY, NOUN = "labels", "label_id", "Label"
    EVENT = EVENT_LABEL_REGISTRY_UPDATED
    entry = LabelEntry

    def create(
        self,
        name: str,
        *,
        color: str | None = None,
        description: str | None = None,
        icon: str | None = None,
    ) -> LabelEntry:
        """Make a label; raises `InvalidInfo` when the name is taken."""
        name = self._named(name)
        now = self._clock.time()
        return self._add(
            LabelEntry(
                label_id=self._free_id(name),
                name=name,
                color=color,
                description=description,
                icon=icon,
                created_at=now,
                modified_at=now,
            )
        )

    def update(self, label_id: str, **changes: Any) -> LabelEntry:
        """Change name, color, description or icon; raises `NotFound` and `InvalidInfo`."""
        return self._update(label_id, changes)

    def existing(self, labels: Iterable[str]) -> tuple[str, ...]:
        """Return the labels that exist, sorted; the others are dropped silently."""
        return tuple(sorted({label for label in labels if label in self._entries}))
