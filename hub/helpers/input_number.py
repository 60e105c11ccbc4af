"""A number that people set."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

import voluptuous as vol

from hub.entities.kinds.values import check_range, value_text
from hub.entities.service import EntityService
from hub.helpers.fields import NAMED
from hub.helpers.helper import Helper, HelperKind
from hub.schema import finite_float, text
from hub.services import Field

LEAST_STEP: Final = 1e-9


class InputNumber(Helper):
    """A number between `min` and `max`."""

    kind = "input_number"
    SERVICES: ClassVar = (
        EntityService(
            "set_value",
            "set_value",
            {vol.Required("value"): finite_float},
            {
                "value": Field(
                    {"number": {"min": 0.0, "max": 2.0**63, "step": 0.001, "mode": "box"}},
                    required=True,
                    name="Value",
                )
            },
            title="Set",
        ),
        EntityService("increment", "increment", title="Increment"),
        EntityService("decrement", "decrement", title="Decrement"),
    )
    value: float
    low: float
    high: float
    step: float

    def configure(self, spec: Mapping[str, Any]) -> None:
        """Take range and step; a value outside the range goes to its nearer end."""
        self.low, self.high, self.step = spec["min"], spec["max"], spec["step"]
        self.unit = spec.get("unit_of_measurement")
        self._mode = spec["mode"]
        self._initial: float | None = spec.get("initial")
        if hasattr(self, "value"):
            self.value = min(max(self.value, self.low), self.high)

    def restore(self, kept: Any) -> None:
        """Begin as `initial` says, else as it was when that is in the range, else at `min`."""
        known = isinstance(kept, int | float) and self.low <= kept <= self.high
        value = self.low if not known else float(kept)
        self.value = value if self._initial is None else self._initial

    def kept(self) -> float:
        """Return the number."""
        return self.value

    @property
    def state_value(self) -> str | None:
        """Return the number as text."""
        return value_text(self.value)

    def shown(self) -> Mapping[str, Any]:
        """Return range, step and how to show it."""
        return {
            "initial": self._initial,
            "min": self.low,
            "max": self.high,
            "step": self.step,
            "mode": self._mode,
        }

    def set_value(self, value: float) -> None:
        """Set a number; raises `ServiceValidationError` for one outside the range."""
        check_range(self.entity_id, "value", value, self.low, self.high)
        self.value = value
        self.changed()

    def increment(self) -> None:
        """Go up by one step, at most to the end."""
        self.set_value(min(_sum(self.value, self.step), self.high))

    def decrement(self) -> None:
        """Go down by one step, at most to the end."""
        self.set_value(max(_sum(self.value, -self.step), self.low))


def _sum(value: float, step: float) -> float:
    """Add without the dust of binary fractions: 0.1 + 0.2 is 0.3."""
    return round(value + step, 9)


def _check(spec: Mapping[str, Any]) -> None:
    if spec["min"] >= spec["max"]:
        raise vol.Invalid("max must be above min", path=["max"])
    initial = spec.get("initial")
    if initial is not None and not spec["min"] <= initial <= spec["max"]:
        raise vol.Invalid("initial must lie between min and max", path=["initial"])


KIND: Final = HelperKind(
    InputNumber,
    {
        **NAMED,
        vol.Required("min", description="The least value"): finite_float,
        vol.Required("max", description="The greatest value"): finite_float,
        vol.Optional("initial", description="Value at each start; else it stays as it was"): (
            finite_float
        ),
        vol.Optional("step", default=1.0, description="What one increment adds"): vol.All(
            finite_float, vol.Range(min=LEAST_STEP, msg="expected a step above 0")
        ),
        vol.Optional("mode", default="slider", description="How it is shown"): vol.In(
            ["slider", "box"], msg="expected slider or box"
        ),
        vol.Optional("unit_of_measurement", description="Unit of the value"): text,
    },
    "Number",
    "A number that people set",
    _check,
)
