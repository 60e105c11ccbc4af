"""A number that can be set."""

from collections.abc import Awaitable, Mapping
from typing import Any, ClassVar

import voluptuous as vol

from hub.entities.entity import Entity
from hub.entities.kinds.values import check_range, value_text
from hub.entities.service import EntityService
from hub.schema import finite_float
from hub.services import Field


class NumberEntity(Entity):
    """A number between `min_value` and `max_value`, in the entity's unit."""

    kind = "number"
    SERVICES: ClassVar = (
        EntityService(
            "set_value",
            "handle_set_value",
            {vol.Required("value"): finite_float},
            {"value": Field({"text": None}, required=True, name="Value", example=50)},
            title="Set",
        ),
    )
    min_value: float = 0
    max_value: float = 100
    step: float = 1
    mode: str = "auto"

    @property
    def native_value(self) -> float | None:
        """Return the present number; None = not known."""
        return None

    @property
    def state_value(self) -> str | None:
        """Return the number as text."""
        return value_text(self.native_value)

    @property
    def capability_attributes(self) -> Mapping[str, Any]:
        """Return the range."""
        return {
            "min": self.min_value,
            "max": self.max_value,
            "step": self.step,
            "mode": self.mode,
        }

    def handle_set_value(self, value: float) -> Awaitable[None] | None:
        """Check the range, then set."""
        check_range(self.entity_id, "value", value, self.min_value, self.max_value)
        return self.set_value(value)

    def set_value(self, value: float) -> Awaitable[None] | None:
        """Set a number that is inside the range."""
        raise NotImplementedError
