"""The resource type of the recorder's policies."""

from typing import Any, Final

import voluptuous as vol

from hub.resources import ResourceType
from hub.schema import boolean, finite_float, list_of, text
from hub.schema.render import described

MAX_DAYS: Final = 36_500.0
MAX_INTERVAL: Final = 86_400.0


def _above_zero(what: str, most: float, unit: str) -> Any:
    """Return a validator of numbers above 0 and at most `most`."""

    @described(type="float", min=0, exclusive_min=True, max=most, unit=unit)
    def validate(value: object) -> float:
        number = finite_float(value)
        if not 0 < number <= most:
            raise vol.Invalid(f"expected {what} above 0 and at most {most:g}")
        return number

    return validate


@described(type="string", min_length=1)
def _word(value: object) -> str:
    found = text(value)
    if not found.strip():
        raise vol.Invalid("expected a text that is not empty")
    return found


def _one_of(*words: str) -> Any:
    """Return a validator of some words."""
    return vol.In(words, msg=f"expected one of {', '.join(words)}")


_days: Final = _above_zero("days", MAX_DAYS, "d")
_texts: Final = list_of(_word)
_category: Final = list_of(_one_of("config", "diagnostic"))

SPEC: Final = vol.Schema(
    {
        vol.Optional("name"): text,
        vol.Optional(
            "order", description="Rules with small numbers are asked first; 100 if left out"
        ): finite_float,
        vol.Optional("match", description="Which entities; all of them if left out"): {
            vol.Optional("entity_globs", description="Such as sensor.*_power"): _texts,
            vol.Optional("domains"): _texts,
            vol.Optional("device_classes"): _texts,
            vol.Optional("integrations"): _texts,
            vol.Optional("areas", description="Ids or names"): _texts,
            vol.Optional("labels", description="Ids"): _texts,
            vol.Optional("entity_category"): _category,
        },
        vol.Optional("record"): _one_of("all", "none", "statistics_only", "changes"),
        vol.Optional("keep_days", description="How long single changes are kept"): _days,
        vol.Optional(
            "min_interval", description="At most one row in so many seconds, the last one"
        ): _above_zero("seconds", MAX_INTERVAL, "s"),
        vol.Optional("deadband", description="Smaller moves of a number make no row"): _above_zero(
            "a number", 1e12, ""
        ),
        vol.Optional("deadband_percent"): _above_zero("percent", 1000.0, "%"),
        vol.Optional("only_numeric", description="Keep numbers only"): boolean,
        vol.Optional("attributes", description="all, none, or a list of names"): vol.Any(
            _one_of("all", "none"), [_word], msg="expected all, none or a list of names"
        ),
        vol.Optional("statistics"): boolean,
        vol.Optional("priority", description="What is dropped first when space runs out"): _one_of(
            "low", "normal", "high"
        ),
    }
)


@described(schema=SPEC)
def as_written(value: Any) -> Any:
    """Check a spec and return it as it was written."""
    SPEC(value)
    both = {"deadband", "deadband_percent"}
    if both <= set(value):
        raise vol.Invalid("deadband and deadband_percent exclude each other", ["deadband_percent"])
    return value


TYPES: Final[tuple[ResourceType, ...]] = (
    ResourceType(
        name="hub.recorder_policy",
        schema=vol.Schema(as_written),
        title="Recorder policy",
        description="What is kept of which entities, how often and for how long",
        entities=False,
    ),
)
