"""A switch that exists only in the hub."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

import voluptuous as vol

from hub.entities.kinds.switch import ON_OFF
from hub.helpers.fields import NAMED
from hub.helpers.helper import OFF, ON, Helper, HelperKind
from hub.schema import boolean


class InputBoolean(Helper):
    """On or off."""

    kind = "input_boolean"
    SERVICES: ClassVar = ON_OFF
    is_on = False
    _initial: bool | None = None

    def configure(self, spec: Mapping[str, Any]) -> None:
        """Take what it begins with."""
        self._initial = spec.get("initial")

    def restore(self, kept: Any) -> None:
        """Begin as `initial` says, else as it was, else off."""
        self.is_on = kept == ON if self._initial is None else self._initial

    def kept(self) -> str:
        """Return the state."""
        return self.state_value

    @property
    def state_value(self) -> str:
        """Return `on` or `off`."""
        return ON if self.is_on else OFF

    def turn_on(self) -> None:
        """Switch on."""
        self._set(on=True)

    def turn_off(self) -> None:
        """Switch off."""
        self._set(on=False)

    def toggle(self) -> None:
        """Switch to the other side."""
        self._set(on=not self.is_on)

    def _set(self, *, on: bool) -> None:
        self.is_on = on
        self.changed()


KIND: Final = HelperKind(
    InputBoolean,
    {
        **NAMED,
        vol.Optional("initial", description="State at each start; else it stays as it was"): (
            boolean
        ),
    },
    "Toggle",
    "A switch that exists only in the hub",
)
