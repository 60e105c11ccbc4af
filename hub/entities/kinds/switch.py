"""Something that is on or off and can be told to."""

from collections.abc import Awaitable
from typing import ClassVar

from hub.entities.entity import Entity
from hub.entities.service import EntityService

ON_OFF: tuple[EntityService, ...] = (
    EntityService("turn_on", "turn_on", title="Turn on"),
    EntityService("turn_off", "turn_off", title="Turn off"),
    EntityService("toggle", "toggle", title="Toggle"),
)


class SwitchEntity(Entity):
    """A switch; `turn_on` and `turn_off` may be plain or async."""

    kind = "switch"
    SERVICES: ClassVar = ON_OFF

    @property
    def is_on(self) -> bool | None:
        """Tell whether it is on; None = not known."""
        return None

    @property
    def state_value(self) -> str | None:
        """Return `on`, `off` or nothing."""
        on = self.is_on
        return None if on is None else ("on" if on else "off")

    def turn_on(self) -> Awaitable[None] | None:
        """Switch on."""
        raise NotImplementedError

    def turn_off(self) -> Awaitable[None] | None:
        """Switch off."""
        raise NotImplementedError

    def toggle(self) -> Awaitable[None] | None:
        """Switch to the other side; an unknown one is switched on."""
        return self.turn_off() if self.is_on else self.turn_on()
