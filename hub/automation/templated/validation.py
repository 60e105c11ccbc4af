"""What may be written under `template:`, in Home Assistant's modern form."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import voluptuous as vol

from hub.automation import fields, validation
from hub.entities.kinds import StateClass
from hub.schema import boolean, entity_id, finite_float, slug, text

KINDS: Final = ("sensor", "binary_sensor", "switch", "number", "select", "button")
Trouble = list[vol.Invalid]

_OLD_FIELDS: Final = {
    "attribute_templates": "attributes",
    "availability_template": "availability",
    "friendly_name": "name",
    "friendly_name_template": "name",
    "icon_template": "icon",
    "value_template": "state",
}
"""Fields of Home Assistant's former form, and what they are called now."""

_REFUSED: Final = {
    "entity_picture_template": "pictures are not supported",
    "last_reset": "last_reset is not supported: use state_class total_increasing",
    "picture": "pictures are not supported: leave it out",
}
_OLD_FORM: Final = frozenset({"platform", "sensors", "switches", "entity_id"})


@dataclass(frozen=True, slots=True)
class Definition:
    """One entity as it is written."""

    kind: str
    unique_id: str
    config: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Section:
    """One item of the list: entities, and what makes them render when they have triggers."""

    entities: tuple[Definition, ...]
    triggers: tuple[dict[str, Any], ...]
    conditions: tuple[dict[str, Any], ...]
    actions: tuple[dict[str, Any], ...]
    variables: Mapping[str, Any]


def number_or_template(value: object) -> Any:
    """Accept a number, or a template of one."""
    if fields.is_template(value):
        return fields.template(value)
    return finite_float(value)


def options(value: object) -> Any:
    """Accept a list of texts, or a template of one."""
    if fields.is_template(value):
        return fields.template(value)
    found = [str(item) for item in value] if isinstance(value, list) else []
    if not found:
        raise vol.Invalid("expected a list of texts, or a template that gives one")
    return found


def attributes(value: object) -> dict[str, str]:
    """Accept a mapping of names to templates."""
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise vol.Invalid("expected a mapping of names to templates")
    found = {}
    for key, item in value.items():
        try:
            found[key] = fields.template(item)
        except vol.Invalid as error:
            error.prepend([key])
            raise
    return found


_COMMON: Final[dict[vol.Marker, Any]] = {
    vol.Optional("name"): fields.template,
    vol.Optional("unique_id"): vol.Any(text, vol.All(int, vol.Coerce(str))),
    vol.Optional("default_entity_id"): entity_id,
    vol.Optional("icon"): fields.template,
    vol.Optional("availability"): fields.template,
    vol.Optional("attributes", default=dict): attributes,
    vol.Optional("variables", default=dict): validation.names,
}
_CLASS: Final[dict[vol.Marker, Any]] = {vol.Optional("device_class"): slug}
_UNIT: Final[dict[vol.Marker, Any]] = {vol.Optional("unit_of_measurement"): text}
_STATE: Final = vol.Required("state", msg="state is missing: the template of the state")

_SCHEMAS: Final[dict[str, vol.Schema]] = {
    "sensor": vol.Schema(
        {
            **_COMMON, **_CLASS, **_UNIT,
            _STATE: fields.template,
            vol.Optional("state_class"): validation.one_of(*StateClass),
            vol.Optional("options"): options,
        }
    ),
    "binary_sensor": vol.Schema(
        {
            **_COMMON, **_CLASS,
            _STATE: fields.template,
            vol.Optional("delay_on"): fields.period,
            vol.Optional("delay_off"): fields.period,
            vol.Optional("auto_off"): fields.period,
        }
    ),
    "switch": vol.Schema(
        {
            **_COMMON, **_CLASS,
            vol.Optional("state"): fields.template,
            vol.Optional("optimistic", default=False): boolean,
            vol.Required("turn_on", msg="turn_on is missing: the actions"): validation.actions,
            vol.Required("turn_off", msg="turn_off is missing: the actions"): validation.actions,
        }
    ),
    "number": vol.Schema(
        {
            **_COMMON, **_CLASS, **_UNIT,
            vol.Optional("state"): fields.template,
            vol.Optional("optimistic", default=False): boolean,
            vol.Optional("min", default=0.0): number_or_template,
            vol.Optional("max", default=100.0): number_or_template,
            vol.Optional("step", default=1.0): number_or_template,
            vol.Required("set_value", msg="set_value is missing: the actions"): validation.actions,
        }
    ),
    "select": vol.Schema(
        {
            **_COMMON,
            vol.Optional("state"): fields.template,
            vol.Optional("optimistic", default=False): boolean,
            vol.Required("options", msg="options is missing"): options,
            vol.Required("select_option", msg="select_option is missing"): validation.actions,
        }
    ),
    "button": vol.Schema(
        {
            **_COMMON, **_CLASS,
            vol.Required("press", msg="press is missing: the actions"): validation.actions,
        }
    ),
}  # fmt: skip

_SECTION: Final = vol.Schema(
    {
        vol.Optional("unique_id"): vol.Any(text, vol.All(int, vol.Coerce(str))),
        vol.Optional("variables", default=dict): validation.names,
        vol.Optional("triggers"): object,
        vol.Optional("conditions"): object,
        vol.Optional("actions"): object,
        **{vol.Optional(kind): object for kind in KINDS},
    }
)
_PARTS: Final[dict[str, Callable[[object], list[dict[str, Any]]]]] = {
    "triggers": validation.triggers,
    "conditions": validation.conditions,
    "actions": validation.actions,
}
_OLD_NAMES: Final = {"trigger": "triggers", "condition": "conditions", "action": "actions"}


def section(config: Mapping[str, Any], key: str = "template") -> Section:
    """Return an item of the list; raises `vol.MultipleInvalid` with every mistake's path.

    `key` is the resource's; it stands before the unique ids when the item has none of its own.
    """
    if old := sorted(_OLD_FORM.intersection(config)):
        raise vol.MultipleInvalid(
            [
                vol.Invalid(
                    f"{old[0]} belongs to the former form: write `- sensor:` with a list of "
                    "name and state, as docs/templates.md shows",
                    path=[old[0]],
                )
            ]
        )
    trouble: Trouble = []
    try:
        given, written = validation.renamed(config, _OLD_NAMES)
    except vol.Invalid as error:
        raise vol.MultipleInvalid([error]) from None
    found = _tried(trouble, [], lambda: validation.checked(_SECTION, given, written)) or {}
    parts: dict[str, list[dict[str, Any]]] = {}
    for name, normal in _PARTS.items():
        read = partial(normal, given.get(name))
        parts[name] = _tried(trouble, [written.get(name, name)], read) or []
    if given.get("triggers") is None:
        for name in ("conditions", "actions"):
            if given.get(name):
                words = f"{name} need triggers beside them"
                trouble.append(vol.Invalid(words, path=[written.get(name, name)]))
    prefix = str(given.get("unique_id") or key)
    entities = [
        entity
        for kind in KINDS
        if given.get(kind) is not None
        for entity in _entities(trouble, kind, given[kind], prefix, bool(parts["triggers"]))
    ]
    if not entities and not trouble:
        trouble.append(vol.Invalid(f"expected entities: one of {', '.join(KINDS)}"))
    _check_unique(trouble, entities)
    if trouble:
        raise vol.MultipleInvalid(trouble)
    return Section(
        tuple(entities),
        tuple(parts["triggers"]),
        tuple(parts["conditions"]),
        tuple(parts["actions"]),
        found["variables"],
    )


def _entities(
    trouble: Trouble, kind: str, value: object, prefix: str, triggered: bool
) -> list[Definition]:
    """Read the entities of one kind; a single mapping is a list of one."""
    if not isinstance(value, Mapping | list):
        trouble.append(vol.Invalid(f"expected a list of {kind}s", path=[kind]))
        return []
    made = []
    for index, item in enumerate(value if isinstance(value, list) else [value]):
        path: list[Any] = [kind, index] if isinstance(value, list) else [kind]
        config = _tried(trouble, path, partial(_entity, kind, item, triggered))
        if config is not None:
            own = config.get("unique_id") or f"{kind}_{index + 1}"
            made.append(Definition(kind, f"{prefix}-{own}", config))
    return made


def _entity(kind: str, value: object, triggered: bool) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise vol.Invalid(f"expected the fields of a {kind}")
    for name in value:
        if name in _OLD_FIELDS:
            now = _OLD_FIELDS[name]
            raise vol.Invalid(f"{name} belongs to the former form: write {now}", path=[name])
        if name in _REFUSED:
            raise vol.Invalid(_REFUSED[name], path=[name])
    config: dict[str, Any] = validation.checked(_SCHEMAS[kind], dict(value))
    if "auto_off" in config and not triggered:
        raise vol.Invalid("auto_off needs triggers beside it", path=["auto_off"])
    if "options" in config and kind == "sensor" and config.get("device_class") != "enum":
        raise vol.Invalid("options need device_class enum", path=["options"])
    given = config.get("default_entity_id")
    if given is not None and given.partition(".")[0] != kind:
        raise vol.Invalid(f"expected an id of {kind}", path=["default_entity_id"])
    return config


def _check_unique(trouble: Trouble, entities: list[Definition]) -> None:
    seen: set[tuple[str, str]] = set()
    for entity in entities:
        name = (entity.kind, entity.unique_id)
        if name in seen:
            words = f"unique_id {entity.config.get('unique_id')} is used twice"
            trouble.append(vol.Invalid(words, path=[entity.kind]))
        seen.add(name)


def _tried(trouble: Trouble, path: list[Any], read: Callable[[], Any]) -> Any:
    """Return what was read, or None after noting what is wrong with it."""
    try:
        return read()
    except vol.Invalid as error:
        error.prepend(path)
        trouble += error.errors if isinstance(error, vol.MultipleInvalid) else [error]
        return None
