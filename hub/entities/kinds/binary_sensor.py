"""Something that is on or off by itself."""

from hub.entities.entity import Entity


class BinarySensorEntity(Entity):
    """A yes or no that is only read."""

    kind = "binary_sensor"

    @property
    def is_on(self) -> bool | None:
        """Tell whether it is on; None = not known."""
        return None

    @property
    def state_value(self) -> str | None:
        """Return `on`, `off` or nothing."""
        on = self.is_on
        return None if on is None else ("on" if on else "off")
