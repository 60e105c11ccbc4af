"""A text that people set."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

import voluptuous as vol

from hub.entities.service import EntityService
from hub.errors import ServiceValidationError
from hub.helpers.fields import NAMED
from hub.helpers.helper import Helper, HelperKind
from hub.schema import described, integer, text
from hub.services import Field

LONGEST: Final = 255
"""A state can not hold more."""

PATTERN_SECONDS: Final = 0.1
"""What a pattern may take; some need for ever on a text that almost fits."""


@described(type="string")
def pattern(value: object) -> str:
    """Accept a regular expression."""
    import regex

    if not isinstance(value, str) or not 0 < len(value) <= 500:
        raise vol.Invalid("expected a regular expression of at most 500 characters")
    try:
        regex.compile(value)
    except regex.error as error:
        raise vol.Invalid(f"not a regular expression: {error}") from None
    return value


@described(type="string")
def _plain(value: object) -> str:
    """Accept a text, or a number that stands for one."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return text(value)


class InputText(Helper):
    """A text of `min` to `max` characters that fits `pattern`."""

    kind = "input_text"
    SERVICES: ClassVar = (
        EntityService(
            "set_value",
            "set_value",
            {vol.Required("value"): _plain},
            {"value": Field({"text": None}, required=True, name="Value")},
            title="Set",
        ),
    )
    value: str | None = None

    def configure(self, spec: Mapping[str, Any]) -> None:
        """Take length and pattern; a text that does not fit any more becomes unknown."""
        self.shortest, self.longest = spec["min"], spec["max"]
        self.unit = spec.get("unit_of_measurement")
        self._pattern: str | None = spec.get("pattern")
        self._mode = spec["mode"]
        self._initial: str | None = spec.get("initial")
        if self.value is not None and self._wrong(self.value) is not None:
            self.value = None

    def restore(self, kept: Any) -> None:
        """Begin as `initial` says, else as it was when that fits, else unknown."""
        fits = isinstance(kept, str) and self._wrong(kept) is None
        self.value = (kept if fits else None) if self._initial is None else self._initial

    def kept(self) -> str | None:
        """Return the text."""
        return self.value

    @property
    def state_value(self) -> str | None:
        """Return the text; None = not known."""
        return self.value

    def shown(self) -> Mapping[str, Any]:
        """Return length, pattern and how to show it."""
        return {
            "min": self.shortest,
            "max": self.longest,
            "pattern": self._pattern,
            "mode": self._mode,
        }

    def set_value(self, value: str) -> None:
        """Set a text; raises `ServiceValidationError` for one that does not fit."""
        if (wrong := self._wrong(value)) is not None:
            raise ServiceValidationError(f"Invalid value for {self.entity_id}: {wrong}")
        self.value = value
        self.changed()

    def _wrong(self, value: str) -> str | None:
        return wrong(value, self.shortest, self.longest, self._pattern)


def wrong(value: str, shortest: int, longest: int, pattern: str | None) -> str | None:
    """Say what is wrong with a text, None when it fits."""
    if not shortest <= len(value) <= longest:
        return f"{len(value)} characters (length {shortest} - {longest})"
    if pattern is None:
        return None
    import regex

    try:
        fits = regex.fullmatch(pattern, value, timeout=PATTERN_SECONDS) is not None
    except TimeoutError:
        return f"the pattern {pattern} takes too long"
    return None if fits else f"it does not fit the pattern {pattern}"


def _check(spec: Mapping[str, Any]) -> None:
    if spec["min"] > spec["max"]:
        raise vol.Invalid("max must not be below min", path=["max"])
    if (initial := spec.get("initial")) is not None:
        found = wrong(initial, spec["min"], spec["max"], spec.get("pattern"))
        if found is not None:
            raise vol.Invalid(f"initial does not fit: {found}", path=["initial"])


_LENGTH: Final = vol.All(integer, vol.Range(min=0, max=LONGEST, msg="expected 0 to 255"))

KIND: Final = HelperKind(
    InputText,
    {
        **NAMED,
        vol.Optional("min", default=0, description="The least number of characters"): _LENGTH,
        vol.Optional("max", default=100, description="The greatest number of characters"): _LENGTH,
        vol.Optional("initial", description="Text at each start; else it stays as it was"): _plain,
        vol.Optional("unit_of_measurement", description="Unit of the value"): text,
        vol.Optional("pattern", description="A regular expression that the whole fits"): pattern,
        vol.Optional("mode", default="text", description="How it is shown"): vol.In(
            ["text", "password"], msg="expected text or password"
        ),
    },
    "Text",
    "A text that people set",
    _check,
)
