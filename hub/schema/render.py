"""One voluptuous schema, shown as a form and as JSON Schema (2020-12, the dialect of OpenAPI 3.1).

`field` turns a validator into a plain description; a form is a list of them, and JSON Schema is
written from the same description, so the two never disagree. What is not understood becomes `any`:
a box for JSON in the form, no constraint in the document. Nothing here raises.

FIELD: name, type (string integer float boolean select secret reference list object any), required,
nullable?, default?, description?, min?, max?, exclusive_min?, exclusive_max?, min_length?,
max_length?, pattern?, unit?, multiline?, advanced? (few people need it), options? (select),
reference_type?, fields? (object), item? (what a list repeats, or what the free keys of an object
hold), any_of? (any).
"""

import enum
import logging
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, Final, TypeVar

import voluptuous as vol

from hub.schema import validators
from hub.schema.markers import KEY, Reference, Secret, resource_key
from hub.util.json import dumps, loads

_LOGGER = logging.getLogger(__name__)

Field = dict[str, Any]
F = TypeVar("F", bound=Callable[..., Any])

MAX_DEPTH: Final = 12
"""Objects inside objects; what lies deeper is `any`."""

_BY_TYPE: Final[dict[type, Field]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "float"},
    bool: {"type": "boolean"},
    dict: {"type": "object", "item": {"type": "any"}},
    list: {"type": "list", "item": {"type": "any"}},
}
_SLUG: Final = "^[a-z0-9]+(_[a-z0-9]+)*$"
_BY_FUNCTION: Final[dict[Any, Field]] = {
    validators.text: {"type": "string"},
    validators.boolean: {"type": "boolean"},
    validators.integer: {"type": "integer"},
    validators.finite_float: {"type": "float"},
    validators.positive_seconds: {
        "type": "float",
        "min": 0,
        "exclusive_min": True,
        "unit": "s",
    },
    validators.port: {"type": "integer", "min": 1, "max": 65535},
    validators.slug: {"type": "string", "pattern": _SLUG},
    validators.entity_id: {"type": "string", "pattern": f"{_SLUG[:-1]}\\.{_SLUG[1:]}"},
    resource_key: {"type": "string", "pattern": f"^{KEY.pattern}$", "max_length": 63},
    **{
        function: {"type": "string"}
        for function in (
            vol.Lower,
            vol.Upper,
            vol.Capitalize,
            vol.Title,
            vol.Strip,
            vol.Email,
            vol.Url,
            vol.FqdnUrl,
        )
    },
    vol.Boolean: {"type": "boolean"},
}
_SHOWN: Final = ("description", "unit", "multiline", "advanced")
"""What a marker's `description` may say when it is a mapping."""


def described(**field: Any) -> Callable[[F], F]:
    """Tell how a validator of one's own is shown: `@described(type="integer", min=1, max=8)`.

    `schema=...` instead shows it like another validator, which also lets markers be found in it.
    """

    def mark(validate: F) -> F:
        name, value = ("schema", field["schema"]) if "schema" in field else ("field", field)
        setattr(validate, name, value)
        return validate

    return mark


def form(schema: Any) -> list[Field]:
    """Return the fields of a mapping's form; empty when it is no mapping with named keys."""
    fields: list[Field] = field(schema).get("fields", [])
    return fields


def openapi(schema: Any) -> dict[str, Any]:
    """Return a validator as JSON Schema; `{}` for what is not understood."""
    return json_schema(field(schema))


def field(schema: Any, depth: int = 0) -> Field:
    """Describe a validator, without name."""
    try:
        found = {} if depth > MAX_DEPTH else _field(schema, depth)
    except Exception as error:  # noqa: BLE001 - a form must not fail over one odd validator
        _LOGGER.debug("A validator is shown as any: %r", error)
        found = {}
    return _complete(found)


def _complete(found: Field) -> Field:
    """Give a description its type, where only limits are known."""
    if "type" not in found:
        known = "float" if {"min", "max"} & set(found) else "any"
        known = "string" if "pattern" in found else known
        found = {"type": known, **found}
    return found


def _field(schema: Any, depth: int) -> Field:
    for kind, describe in _DESCRIBED:
        if isinstance(schema, kind):
            return describe(schema, depth)
    own = getattr(schema, "field", None)
    if isinstance(own, dict):
        return dict(own)
    inner = getattr(schema, "schema", None)
    if inner is not None and callable(schema):
        return _field(inner, depth + 1)
    return dict(_BY_FUNCTION.get(schema, {})) if isinstance(schema, Hashable) else {}


def _type(schema: type, depth: int) -> Field:
    del depth
    if issubclass(schema, enum.Enum):
        return {"type": "select", "options": [item.value for item in schema]}
    return dict(_BY_TYPE.get(schema, {}))


def _schema(schema: vol.Schema, depth: int) -> Field:
    if not isinstance(schema.schema, dict):
        return _field(schema.schema, depth)
    found = _object(schema.schema, depth, required=bool(schema.required))
    if schema.extra == vol.ALLOW_EXTRA:
        found.setdefault("item", {"type": "any"})
    return found


def _list(schema: Sequence[Any], depth: int) -> Field:
    item = _complete(_any(schema, depth + 1)) if schema else {"type": "any"}
    return {"type": "list", "item": item}


def _length(schema: vol.Length, depth: int) -> Field:
    del depth
    limits = {"min_length": schema.min, "max_length": schema.max}
    return {name: value for name, value in limits.items() if value is not None}


def _match(schema: vol.Match, depth: int) -> Field:
    del depth
    pattern = schema.pattern.pattern
    return {"pattern": pattern if pattern.startswith("^") else f"^(?:{pattern})"}


def _range(schema: vol.Range, depth: int) -> Field:
    del depth
    found: Field = {}
    for name, limit, included in (
        ("min", schema.min, schema.min_included),
        ("max", schema.max, schema.max_included),
    ):
        if isinstance(limit, int | float):
            found[name] = limit
            if not included:
                found[f"exclusive_{name}"] = True
    return found


def _options(container: Any) -> Field:
    if isinstance(container, Mapping):
        options = [{"value": value, "label": str(label)} for value, label in container.items()]
        return {"type": "select", "options": options}
    found = [item.value if isinstance(item, enum.Enum) else item for item in container]
    if isinstance(container, set | frozenset):
        found.sort(key=str)
    options = [item for item in found if item is not None]
    return {"type": "select", "options": options} | _nullable(len(options) < len(found))


def _all(schemas: Sequence[Any], depth: int) -> Field:
    """Describe what must hold together: the last known type, the narrowest limits."""
    found: Field = {}
    for schema in schemas:
        more = _field(schema, depth)
        for name, narrower in (("min", max), ("max", min), ("min_length", max)):
            if name in more and name in found:
                more[name] = narrower(more[name], found[name])
        if "max_length" in more and "max_length" in found:
            more["max_length"] = min(more["max_length"], found["max_length"])
        if more.get("type") in ("any", None):
            more.pop("type", None)
        if more.get("type") == "float" and found.get("type") == "integer":
            del more["type"]
        found |= more
    return found


def _any(schemas: Sequence[Any], depth: int) -> Field:
    """Describe alternatives: choices, one thing or a list of it, whole or broken numbers."""
    null = _nullable(any(schema is None or schema is type(None) for schema in schemas))
    found: list[Field] = []
    for schema in schemas:
        if schema is not None and schema is not type(None):
            one = _complete(_field(schema, depth))
            if one not in found:
                found.append(one)
    kinds = [one["type"] for one in found]
    if not found:
        return null
    if len(found) == 1:
        return found[0] | null
    if set(kinds) == {"select"}:
        options = [option for one in found for option in one["options"]]
        return {"type": "select", "options": options} | null
    if set(kinds) == {"integer", "float"} and all(len(one) == 1 for one in found):
        return {"type": "float"} | null
    if len(found) == 2 and kinds.count("list") == 1:
        listed = found[kinds.index("list")]
        if listed.get("item") == found[1 - kinds.index("list")]:
            return listed | null
    return {"type": "any", "any_of": found} | null


def _object(schema: Mapping[Any, Any], depth: int, *, required: bool) -> Field:
    fields: list[Field] = []
    found: Field = {"type": "object", "fields": fields}
    for key, validator in schema.items():
        if isinstance(key, vol.Remove):
            continue
        name = key.schema if isinstance(key, vol.Marker) else key
        one = field(validator, depth + 1)
        if isinstance(name, str):
            fields.append(_named(name, key, one, required=required))
        else:
            found.setdefault("item", one)
    if not fields and "item" in found:
        del found["fields"]
    return found


def _named(name: str, key: Any, found: Field, *, required: bool) -> Field:
    marked = isinstance(key, vol.Required) if isinstance(key, vol.Marker) else required
    named: Field = {"name": name, **found, "required": marked}
    told = getattr(key, "description", None)
    if isinstance(told, str):
        named["description"] = told
    elif isinstance(told, Mapping):
        named |= {shown: told[shown] for shown in _SHOWN if shown in told}
    make = getattr(key, "default", None)
    if callable(make) and not isinstance(make, vol.Undefined):
        try:
            named["default"] = loads(dumps(make()))
        except TypeError:
            _LOGGER.debug("The default of %s has no JSON form", name)
    return named


def _reference(schema: Reference) -> Field:
    shipped = {"shipped": sorted(schema.shipped)} if schema.shipped else {}
    return {"type": "reference", "reference_type": schema.type, **shipped}


def _nullable(null: bool) -> Field:
    return {"nullable": True} if null else {}


_DESCRIBED: Final[tuple[tuple[Any, Callable[[Any, int], Field]], ...]] = (
    (type(None), lambda _schema, _depth: {"nullable": True}),
    (
        Secret,
        lambda schema, _: {"type": "secret", "min_length": schema.min, "max_length": schema.max},
    ),
    (Reference, lambda schema, _: _reference(schema)),
    (vol.Schema, _schema),
    (vol.All, lambda schema, depth: _all(schema.validators, depth)),
    (vol.Any, lambda schema, depth: _any(schema.validators, depth)),
    (dict, lambda schema, depth: _object(schema, depth, required=False)),
    (list | tuple, _list),
    (str | bool | int | float, lambda schema, _: {"type": "select", "options": [schema]}),
    (vol.Coerce, lambda schema, depth: _field(schema.type, depth)),
    (vol.Range, _range),
    (vol.Length, _length),
    (vol.Match, _match),
    (vol.In, lambda schema, _: _options(schema.container)),
    (vol.Equal, lambda schema, _: {"type": "select", "options": [schema.target]}),
    (vol.Datetime, lambda _schema, _depth: {"type": "string"}),
    (type, _type),
)


# --- JSON Schema


def json_schema(found: Field) -> dict[str, Any]:
    """Return a description as JSON Schema."""
    result = _typed(found)
    if found.get("nullable"):
        result = {"anyOf": [result, {"type": "null"}]} if result else {}
    for name in ("description", "default"):
        if name in found:
            result[name] = found[name]
    return result


def _typed(found: Field) -> dict[str, Any]:
    limits = {
        theirs: found[ours]
        for ours, theirs in _LIMITS.get(found["type"], {}).items()
        if ours in found
    }
    for inclusive, exclusive, ours in (
        ("minimum", "exclusiveMinimum", "exclusive_min"),
        ("maximum", "exclusiveMaximum", "exclusive_max"),
    ):
        if found.get(ours) and inclusive in limits:
            limits[exclusive] = limits.pop(inclusive)
    write = _WRITTEN.get(found["type"])
    if write is not None:
        return write(found, limits)
    if alternatives := found.get("any_of"):
        return {"anyOf": [json_schema(one) for one in alternatives]}
    return {}


def _json_object(found: Field) -> dict[str, Any]:
    fields = found.get("fields", [])
    result: dict[str, Any] = {"type": "object"}
    if fields:
        result["properties"] = {one["name"]: json_schema(one) for one in fields}
    if required := [one["name"] for one in fields if one["required"]]:
        result["required"] = required
    item = found.get("item")
    result["additionalProperties"] = False if item is None else json_schema(item)
    return result


def _value(option: Any) -> Any:
    return option["value"] if isinstance(option, Mapping) else option


_NUMBER: Final = {"min": "minimum", "max": "maximum"}
_TEXT: Final = {"min_length": "minLength", "max_length": "maxLength", "pattern": "pattern"}
_LIMITS: Final[dict[str, dict[str, str]]] = {
    "integer": _NUMBER,
    "float": _NUMBER,
    "string": _TEXT,
    "secret": _TEXT,
    "list": {"min_length": "minItems", "max_length": "maxItems"},
}
_SEALED: Final = {
    "type": "object",
    "properties": {"sealed": {"const": True}},
    "required": ["sealed"],
    "additionalProperties": False,
}
_WRITTEN: Final[dict[str, Callable[[Field, dict[str, Any]], dict[str, Any]]]] = {
    "string": lambda _, limits: {"type": "string", **limits},
    "integer": lambda _, limits: {"type": "integer", **limits},
    "float": lambda _, limits: {"type": "number", **limits},
    "boolean": lambda _found, _limits: {"type": "boolean"},
    "select": lambda found, _: {"enum": [_value(option) for option in found["options"]]},
    "secret": lambda _, limits: {
        "anyOf": [{"type": "string", **limits}, _SEALED],
        "writeOnly": True,
    },
    "reference": lambda found, _: {
        "type": "string",
        "pattern": f"^{KEY.pattern}$",
        "x-reference": found["reference_type"],
    },
    "list": lambda found, limits: {
        "type": "array",
        "items": json_schema(found.get("item", {"type": "any"})),
        **limits,
    },
    "object": lambda found, _: _json_object(found),
}
