"""A whole number that is counted up and down."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

import voluptuous as vol

from hub.entities.service import EntityService
from hub.errors import ServiceValidationError
from hub.helpers.fields import NAMED
from hub.helpers.helper import Helper, HelperKind
from hub.schema import boolean, integer
from hub.services import Field

MOST: Final = 2**53
"""JSON clients count no further."""

_count: Final = vol.All(integer, vol.Range(min=-MOST, max=MOST, msg=f"at most {MOST}"))


class Counter(Helper):
    """A count between `minimum` and `maximum`, where those are set."""

    kind = "counter"
    SERVICES: ClassVar = (
        EntityService("increment", "increment", title="Increment"),
        EntityService("decrement", "decrement", title="Decrement"),
        EntityService("reset", "reset", title="Reset"),
        EntityService(
            "set_value",
            "set_value",
            {vol.Required("value"): _count},
            {
                "value": Field(
                    {"number": {"min": -MOST, "max": MOST, "mode": "box"}},
                    required=True,
                    name="Value",
                )
            },
            title="Set",
        ),
    )
    value: int

    def configure(self, spec: Mapping[str, Any]) -> None:
        """Take limits and step; a count outside the limits goes to the nearer one."""
        self.initial, self.step = spec["initial"], spec["step"]
        self.minimum: int | None = spec["minimum"]
        self.maximum: int | None = spec["maximum"]
        self._restores = spec["restore"]
        if hasattr(self, "value"):
            self.value = self._limited(self.value)

    def restore(self, kept: Any) -> None:
        """Go on where it was, unless `restore` is off."""
        known = self._restores and isinstance(kept, int)
        self.value = self._limited(kept if known else self.initial)

    def kept(self) -> int:
        """Return the count."""
        return self.value

    @property
    def state_value(self) -> str:
        """Return the count as text."""
        return str(self.value)

    def shown(self) -> Mapping[str, Any]:
        """Return start, step and the limits that are set."""
        found = {"initial": self.initial, "step": self.step}
        limits = {"minimum": self.minimum, "maximum": self.maximum}
        return {**found, **{name: value for name, value in limits.items() if value is not None}}

    def increment(self) -> None:
        """Count up by one step, at most to the limit."""
        self._set(self._limited(self.value + self.step))

    def decrement(self) -> None:
        """Count down by one step, at most to the limit."""
        self._set(self._limited(self.value - self.step))

    def reset(self) -> None:
        """Go back to the start."""
        self._set(self._limited(self.initial))

    def set_value(self, value: int) -> None:
        """Set a count; raises `ServiceValidationError` for one outside the limits."""
        if value != self._limited(value):
            limits = f"{_words(self.minimum)} - {_words(self.maximum)}"
            raise ServiceValidationError(
                f"Invalid value for {self.entity_id}: {value} (range {limits})"
            )
        self._set(value)

    def _set(self, value: int) -> None:
        self.value = value
        self.changed()

    def _limited(self, value: int) -> int:
        low = -MOST if self.minimum is None else self.minimum
        high = MOST if self.maximum is None else self.maximum
        return min(max(value, low), high)


def _words(limit: int | None) -> str:
    return "any" if limit is None else str(limit)


def _check(spec: Mapping[str, Any]) -> None:
    low, high = spec["minimum"], spec["maximum"]
    if low is not None and high is not None and low >= high:
        raise vol.Invalid("maximum must be above minimum", path=["maximum"])
    for name, limit, wrong in (
        ("minimum", low, low is not None and spec["initial"] < low),
        ("maximum", high, high is not None and spec["initial"] > high),
    ):
        if wrong:
            raise vol.Invalid(f"initial lies beyond {name} {limit}", path=["initial"])


KIND: Final = HelperKind(
    Counter,
    {
        **NAMED,
        vol.Optional("initial", default=0, description="Where it begins and is reset to"): _count,
        vol.Optional("minimum", default=None, description="It counts no lower"): vol.Any(
            None, _count
        ),
        vol.Optional("maximum", default=None, description="It counts no higher"): vol.Any(
            None, _count
        ),
        vol.Optional("restore", default=True, description="Go on after a restart"): boolean,
        vol.Optional("step", default=1, description="What one count adds"): vol.All(
            integer, vol.Range(min=1, max=MOST, msg="expected 1 or more")
        ),
    },
    "Counter",
    "A whole number that is counted up and down",
    _check,
)
