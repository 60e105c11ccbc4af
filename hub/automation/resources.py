"""The resource types of automations and scripts; what is written is kept as it was written."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import voluptuous as vol

from hub.automation import validation
from hub.automation.blueprints import TYPES as BLUEPRINTS
from hub.automation.scenes import TYPES as SCENES
from hub.resources import ResourceType
from hub.schema import described

Validate = Callable[[Mapping[str, Any]], Any]


def as_written(validate: Validate) -> vol.Schema:
    """Return a schema that checks and gives back what it was given.

    An item made from a blueprint can be checked as a whole only when its blueprint is known: here
    its own few keys are.
    """

    @described(type="any")
    def check(value: dict[str, Any]) -> dict[str, Any]:
        if "use_blueprint" in value:
            _FROM_BLUEPRINT(value)
        else:
            validate(value)
        return value

    return vol.Schema(check)


_OWN: Final = (
    "alias",
    "description",
    "dry_run",
    "icon",
    "id",
    "initial_state",
    "max",
    "max_exceeded",
    "mode",
    "trace",
    "variables",
)

_BESIDE: Final[dict[vol.Marker, Any]] = {vol.Optional(key): object for key in _OWN}
_BLUEPRINT: Final[dict[vol.Marker, Any]] = {
    vol.Required("use_blueprint"): {
        vol.Required("path"): str,
        vol.Optional("input"): vol.Any(dict, None),
    },
}
_FROM_BLUEPRINT: Final = vol.Schema({**_BLUEPRINT, **_BESIDE})

AUTOMATION: Final = ResourceType(
    name="hub.automation",
    title="Automation",
    description="What is to happen when something happens, in Home Assistant's words",
    schema=as_written(validation.automation),
    title_of=lambda spec: spec.get("alias"),
    entities=False,
)

SCRIPT: Final = ResourceType(
    name="hub.script",
    title="Script",
    description="A sequence of actions with a name",
    schema=as_written(validation.script),
    title_of=lambda spec: spec.get("alias"),
    entities=False,
)

TYPES: Final[tuple[ResourceType, ...]] = (AUTOMATION, SCRIPT, *SCENES, *BLUEPRINTS)
