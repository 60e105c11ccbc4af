"""Something that can be pressed."""

import inspect
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import ClassVar

from hub.entities.entity import Entity
from hub.entities.service import EntityService


class ButtonEntity(Entity):
    """A button; its state is the time of the last press."""

    kind = "button"
    SERVICES: ClassVar = (EntityService("press", "handle_press", title="Press"),)
    _pressed: datetime | None = None

    @property
    def state_value(self) -> str | None:
        """Return the time of the last press since the start."""
        return None if self._pressed is None else self._pressed.isoformat()

    def press(self) -> Awaitable[None] | None:
        """Do what the button is for."""
        raise NotImplementedError

    def handle_press(self) -> Awaitable[None] | None:
        """Press, and note the time when that worked."""
        result = self.press()
        if inspect.isawaitable(result):
            return self._after(result)
        self._note()
        return None

    async def _after(self, result: Awaitable[None]) -> None:
        await result
        self._note()

    def _note(self) -> None:
        self._pressed = datetime.fromtimestamp(self.hub.clock.time(), UTC)
        self.write()
