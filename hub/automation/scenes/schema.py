"""What a scene may say, and how an entity's wish is read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import voluptuous as vol

from hub.automation.scenes.steps import KINDS
from hub.resources import ResourceType
from hub.schema import described, entity_id, text

MAX_ENTITIES: Final = 500


@dataclass(frozen=True, slots=True)
class Wanted:
    """How one entity is to be."""

    state: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


Wishes = dict[str, Wanted]
"""How entities are to be, by id."""


def wishes(value: object) -> Wishes:
    """Read `{entity_id: state or {state: ..., attributes}}`; raises `vol.Invalid`s with paths."""
    if not isinstance(value, Mapping) or not value:
        raise vol.Invalid("expected a mapping of entity ids to states")
    if len(value) > MAX_ENTITIES:
        raise vol.Invalid(f"a scene has at most {MAX_ENTITIES} entities")
    found: Wishes = {}
    errors: list[vol.Invalid] = []
    for name, wish in value.items():
        try:
            found[entity_id(name)] = wanted(str(name), wish)
        except vol.Invalid as error:
            error.prepend([name])
            errors.append(error)
    if errors:
        raise vol.MultipleInvalid(errors)
    return found


def wanted(name: str, value: object) -> Wanted:
    """Read how one entity is to be; raises `vol.Invalid`."""
    domain = entity_id(name).partition(".")[0]
    kind = KINDS.get(domain)
    if kind is None:
        known = ", ".join(sorted(KINDS))
        raise vol.Invalid(f"a scene can not set {entity_id(name)}; it can set {known}")
    given = dict(value) if isinstance(value, Mapping) else {"state": value}
    if "state" not in given:
        raise vol.Invalid("state is missing")
    state = _state(given.pop("state"))
    wish = Wanted(state, given)
    if (wrong := kind.wrong(wish.state, wish.attributes)) is not None:
        raise vol.Invalid(wrong, path=["state"] if isinstance(value, Mapping) else [])
    return wish


def _state(value: object) -> str:
    """Return a state's text; YAML reads `on` and `off` as true and false."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, str | int | float):
        return str(value)
    raise vol.Invalid("expected a state, such as on or 21.5")


_ENTITIES: Final = {text: object}


@described(schema=_ENTITIES)
def entities(value: Any) -> Any:
    """Accept the entities of a scene, as they were written."""
    wishes(value)
    return value


@described(type="string")
def _icon(value: object) -> str:
    if not isinstance(value, str) or not all(value.partition(":")):
        raise vol.Invalid("expected an icon such as mdi:palette")
    return value


SCHEMA: Final = vol.Schema(
    {
        vol.Optional("id", description="What clients know it by"): vol.Any(
            text, int, msg="expected a text"
        ),
        vol.Required("name", description="What people call it"): vol.All(
            text, vol.Length(min=1, max=255)
        ),
        vol.Optional("icon", description="An icon such as mdi:palette"): _icon,
        vol.Required("entities", description="How entities are to be"): entities,
        vol.Optional("metadata", description="What an editor keeps"): vol.Any(dict, None),
    }
)

SCENE: Final = ResourceType(
    name="hub.scene",
    title="Scene",
    description="How some entities are to be, all at once",
    schema=SCHEMA,
    entities=False,
)
