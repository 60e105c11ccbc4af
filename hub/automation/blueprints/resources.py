"""The resource type of blueprints that were saved through the API."""

import re
from typing import Any, Final

import voluptuous as vol

from hub.automation.blueprints.source import DOMAINS, MAX_TEXT, parse
from hub.resources import ResourceType
from hub.schema import described, text

TYPE: Final = "hub.blueprint"

_PATH: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_. -]*(?:/[A-Za-z0-9_-][A-Za-z0-9_. -]*){0,8}")


@described(type="string", description="Such as home/motion_light.yaml")
def path(value: object) -> str:
    """Accept a relative path of a YAML file that leads nowhere else."""
    if (
        not isinstance(value, str)
        or len(value) > 200
        or not value.endswith((".yaml", ".yml"))
        or _PATH.fullmatch(value) is None
        or any(part.startswith(".") for part in value.split("/"))
    ):
        raise vol.Invalid("expected a path such as home/motion_light.yaml")
    return value


SCHEMA: Final = vol.Schema(
    {
        vol.Required("domain", description="What it is for"): vol.In(DOMAINS),
        vol.Required("path", description="The path that `use_blueprint` names"): path,
        vol.Required(
            "source", description={"description": "The text of the blueprint", "multiline": True}
        ): vol.All(text, vol.Length(max=MAX_TEXT)),
        vol.Optional("source_url", description="Where it was found"): text,
    }
)


def check(spec: Any) -> None:
    """Refuse a text that is no blueprint, or one for something else."""
    try:
        blueprint = parse(spec["source"])
    except vol.Invalid as error:
        error.prepend(["source"])
        raise
    if blueprint.domain != spec["domain"]:
        raise vol.Invalid(f"the blueprint is for {blueprint.domain}s", path=["domain"])


BLUEPRINT: Final = ResourceType(
    name=TYPE,
    title="Blueprint",
    description="An automation or a script with holes, filled where it is used",
    schema=SCHEMA,
    check=check,
    title_of=lambda spec: spec.get("path"),
    entities=False,
)
