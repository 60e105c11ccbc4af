"""The resource type of template entities; what is written is kept as it was written."""

from typing import Any, Final

import voluptuous as vol

from hub.automation.templated.validation import KINDS, section
from hub.resources import ResourceType
from hub.schema import described


@described(type="any")
def _as_written(value: dict[str, Any]) -> dict[str, Any]:
    section(value)
    return value


def _title(spec: Any) -> str | None:
    """Return the name of the first entity."""
    for kind in KINDS:
        found = spec.get(kind)
        first = found[0] if isinstance(found, list) and found else found
        if isinstance(first, dict) and isinstance(first.get("name"), str):
            return str(first["name"])
    return None


TYPES: Final[tuple[ResourceType, ...]] = (
    ResourceType(
        name="hub.template",
        title="Template entities",
        description="Sensors, switches and others whose state is a template",
        schema=vol.Schema(_as_written),
        title_of=_title,
        entities=False,
    ),
)
