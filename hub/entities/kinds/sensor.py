"""A value that is only read."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from hub.entities.entity import Entity
from hub.entities.kinds.values import value_text


class StateClass(StrEnum):
    """How a number behaves over time."""

    MEASUREMENT = "measurement"
    TOTAL = "total"
    TOTAL_INCREASING = "total_increasing"


class SensorEntity(Entity):
    """A number, text or time; `native_value` None = not known."""

    kind = "sensor"
    options: Sequence[str] | None = None
    """All texts that an `enum` sensor can show."""
    state_class: StateClass | None = None
    suggested_display_precision: int | None = None

    @property
    def native_value(self) -> str | float | date | datetime | None:
        """Return the value in the entity's unit; times carry an offset."""
        return None

    @property
    def state_value(self) -> str | None:
        """Return the value as text."""
        return value_text(self.native_value)

    @property
    def registry_options(self) -> Mapping[str, Mapping[str, Any]]:
        """Return how many decimals to show, when the integration says so."""
        precision = self.suggested_display_precision
        return {} if precision is None else {"sensor": {"suggested_display_precision": precision}}

    @property
    def capability_attributes(self) -> Mapping[str, Any]:
        """Return the state class and the options."""
        found: dict[str, Any] = {}
        if self.state_class is not None:
            found["state_class"] = self.state_class.value
        if self.options is not None:
            found["options"] = list(self.options)
        return found
