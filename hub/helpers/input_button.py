"""A button that exists only in the hub."""

from datetime import UTC, datetime
from typing import Any, ClassVar, Final

from hub.entities.service import EntityService
from hub.helpers.fields import NAMED
from hub.helpers.helper import Helper, HelperKind


class InputButton(Helper):
    """Its state is the time of the last press."""

    kind = "input_button"
    SERVICES: ClassVar = (EntityService("press", "press", title="Press"),)
    pressed: str | None = None

    def restore(self, kept: Any) -> None:
        """Remember the last press."""
        self.pressed = kept if isinstance(kept, str) else None

    def kept(self) -> str | None:
        """Return the time of the last press."""
        return self.pressed

    @property
    def state_value(self) -> str | None:
        """Return the time of the last press; None = never."""
        return self.pressed

    def press(self) -> None:
        """Note that it was pressed."""
        self.pressed = datetime.fromtimestamp(self.hub.clock.time(), UTC).isoformat()
        self.changed()


KIND: Final = HelperKind(InputButton, dict(NAMED), "Button", "A button that exists only in the hub")
