"""From what a person wrote to the one form that the engine runs.

Old and new key names are both read (`trigger`/`triggers`, `platform`/`trigger`,
`service`/`action` ...) and become the new ones; whatever is not known is refused where it stands.
"""

import difflib
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, Final

import voluptuous as vol

from hub.automation import fields
from hub.schema import boolean, text

Config = dict[str, Any]

MODES: Final = ("single", "restart", "queued", "parallel")
SILENT: Final = "silent"
LEVELS: Final = (SILENT, "debug", "info", "warning", "error", "critical")
STORED_TRACES: Final = 5

COMMON: Final[dict[vol.Marker, Any]] = {
    vol.Optional("alias"): text,
    vol.Optional("enabled", default=True): fields.enabled,
}


def one_of(*words: str) -> Callable[[object], str]:
    """Accept one of some words."""

    def validate(value: object) -> str:
        if value not in words:
            raise vol.Invalid(f"expected one of {', '.join(words)}")
        return str(value)

    return validate


def count(value: object) -> int:
    """Accept a whole number of 1 or more."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise vol.Invalid("expected a whole number of 1 or more")
    return value


def names(value: object) -> dict[str, Any]:
    """Accept a mapping of variable names to values, templates in them checked."""
    if not isinstance(value, Mapping) or not all(
        isinstance(key, str) and key.isidentifier() for key in value
    ):
        raise vol.Invalid("expected a mapping of variable names to values")
    return dict(fields.templates(value))


def data(value: object) -> dict[str, Any]:
    """Accept a mapping with templates in its values."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise vol.Invalid("expected a mapping")
    return dict(fields.templates(value))


def icon(value: object) -> str:
    """Accept the name of an icon, such as `mdi:lamp`."""
    if not isinstance(value, str) or ":" not in value:
        raise vol.Invalid("expected an icon such as mdi:lamp")
    return value


def selector(value: object) -> Any:
    """Accept how a field is asked for, such as `{number: {min: 0, max: 10}}`."""
    from hub.services import Description, Field

    if value is None:
        return None
    if not isinstance(value, Mapping) or len(value) != 1:
        raise vol.Invalid("expected one selector such as {number: {min: 0, max: 10}}")
    try:
        Description(fields={"field": Field(dict(value))}).check("script")
    except ValueError as error:
        raise vol.Invalid(str(error)) from None
    return dict(value)


_RUNNING: Final[dict[vol.Marker, Any]] = {
    vol.Optional("mode", default="single"): one_of(*MODES),
    vol.Optional("max", default=10): count,
    vol.Optional("max_exceeded", default="warning"): one_of(*LEVELS),
    vol.Optional("variables", default=dict): names,
    vol.Optional("trace", default=dict): vol.Schema(
        {vol.Optional("stored_traces", default=STORED_TRACES): vol.All(int, vol.Range(0, 200))}
    ),
    vol.Optional("dry_run", default=False): boolean,
    vol.Optional("description", default=""): vol.Any(text, vol.All(None, lambda _: "")),
}

_AUTOMATION: Final = vol.Schema(
    {
        **_RUNNING,
        vol.Optional("id"): vol.Any(text, vol.All(int, vol.Coerce(str)), msg="expected a text"),
        vol.Optional("alias"): text,
        vol.Optional("initial_state"): boolean,
        vol.Optional("trigger_variables", default=dict): names,
        vol.Optional("triggers"): object,
        vol.Optional("conditions"): object,
        vol.Optional("actions"): object,
    }
)

_FIELD: Final = vol.Schema(
    {
        vol.Optional("name"): text,
        vol.Optional("description"): text,
        vol.Optional("required", default=False): boolean,
        vol.Optional("advanced", default=False): boolean,
        vol.Optional("example"): object,
        vol.Optional("default"): object,
        vol.Optional("selector"): selector,
    }
)

_SCRIPT: Final = vol.Schema(
    {
        **_RUNNING,
        vol.Optional("alias"): text,
        vol.Optional("icon"): icon,
        vol.Optional("fields", default=dict): vol.Any({text: vol.Any(_FIELD, None)}),
        vol.Required("sequence", msg="sequence is missing: the actions of the script"): object,
    }
)

_OLD: Final = {
    "trigger": "triggers",
    "condition": "conditions",
    "action": "actions",
}


def automation(config: Mapping[str, Any]) -> Config:
    """Return an automation in the form that the engine runs; raises `vol.Invalid`s with paths."""
    given, keys = renamed(config, _OLD)
    trouble = _Trouble()
    found: Config = trouble.check((), _AUTOMATION, given, keys) or {}
    for name, normal, needed in (
        ("triggers", triggers, True),
        ("conditions", conditions, False),
        ("actions", actions, True),
    ):
        if name in given:
            found[name] = trouble.check((keys.get(name, name),), normal, given[name]) or []
        elif needed:
            trouble.add(vol.Invalid(f"{name} is missing", path=[name]))
        else:
            found[name] = []
    trouble.end()
    return found


def script(config: Mapping[str, Any]) -> Config:
    """Return a script in the form that the engine runs; raises `vol.Invalid`s with paths."""
    trouble = _Trouble()
    found: Config = trouble.check((), _SCRIPT, dict(config)) or {}
    if "sequence" in config:
        found["sequence"] = trouble.check(("sequence",), actions, config["sequence"]) or []
    trouble.end()
    found["fields"] = {name: field or {} for name, field in found["fields"].items()}
    return found


# --- triggers and conditions


def triggers(value: object) -> list[Config]:
    """Return a list of triggers; one alone, and lists inside lists, are read too."""
    return _list(value, _trigger, "a trigger")


def _trigger(value: object) -> list[Config]:
    if isinstance(value, Mapping) and set(value) == {"triggers"}:
        inside: list[Config] = _below("triggers", triggers, value["triggers"])
        return inside
    if not isinstance(value, Mapping):
        raise vol.Invalid("expected a trigger such as {trigger: state, entity_id: light.hall}")
    from hub.automation.triggers import TRIGGERS

    given, _ = renamed(value, {"platform": "trigger"})
    kind = given.get("trigger")
    if kind is None:
        raise vol.Invalid("trigger is missing: the kind, such as state or time")
    if kind not in TRIGGERS:
        key = "trigger" if "trigger" in value else "platform"
        raise vol.Invalid(_unknown("trigger", kind, TRIGGERS), path=[key])
    found: Config = checked(_trigger_schema(str(kind)), given)
    if (check := TRIGGERS[str(kind)].check) is not None:
        check(found)
    return [found]


@cache
def _trigger_schema(kind: str) -> vol.Schema:
    from hub.automation.triggers import TRIGGERS

    return vol.Schema(
        {
            **COMMON,
            vol.Required("trigger"): kind,
            vol.Optional("id"): vol.Any(text, vol.All(int, vol.Coerce(str))),
            vol.Optional("variables", default=dict): names,
            **TRIGGERS[kind].schema,
        }
    )


def conditions(value: object) -> list[Config]:
    """Return a list of conditions; a template alone is one, too."""
    return _list(value, lambda item: [condition(item)], "a condition")


def condition(value: object) -> Config:
    """Return one condition, shorthands written out."""
    from hub.automation.conditions import CONDITIONS

    if isinstance(value, str):
        if not fields.is_template(value):
            raise vol.Invalid("expected a condition or a template")
        return {"condition": "template", "value_template": fields.template(value), "enabled": True}
    if not isinstance(value, Mapping):
        raise vol.Invalid("expected a condition such as {condition: state, ...} or a template")
    given, short = _written_out(value)
    kind = given.get("condition")
    if kind is None:
        raise vol.Invalid("condition is missing: the kind, such as state or time")
    if kind in _GROUPS:
        inside = given.pop("conditions", None)
        group: Config = checked(_GROUP, given)
        if inside is None:
            raise vol.Invalid(f"conditions is missing: what {kind} joins", path=["conditions"])
        return {**group, "conditions": _below(short, conditions, inside)}
    if kind not in CONDITIONS:
        message = _unknown("condition", kind, [*CONDITIONS, *_GROUPS])
        raise vol.Invalid(message, path=["condition"])
    found: Config = checked(_condition_schema(str(kind)), given)
    if (check := CONDITIONS[str(kind)].check) is not None:
        check(found)
    return found


_GROUPS: Final = ("and", "or", "not")
_GROUP: Final = vol.Schema({**COMMON, vol.Required("condition"): str})


def _written_out(value: Mapping[str, Any]) -> tuple[Config, str]:
    """Return a condition without shorthands, and the key that its inner ones stand under."""
    given = dict(value)
    short = next((key for key in _GROUPS if key in given), None)
    if "condition" not in given and short is not None:
        inside = given.pop(short)
        return {**given, "condition": short, "conditions": inside}, short
    kind = given.get("condition")
    if fields.is_template(kind):
        return {**given, "condition": "template", "value_template": kind}, "conditions"
    if isinstance(kind, list):
        return {**given, "condition": "and", "conditions": kind}, "condition"
    return given, "conditions"


@cache
def _condition_schema(kind: str) -> vol.Schema:
    from hub.automation.conditions import CONDITIONS

    return vol.Schema({**COMMON, vol.Required("condition"): kind, **CONDITIONS[kind].schema})


# --- actions


def actions(value: object) -> list[Config]:
    """Return a list of actions, each with one key that says what it does."""
    from hub.automation.actions.schema import action

    return _list(value, lambda item: [action(item)], "an action")


# --- how mistakes are collected and placed


class _Trouble:
    """Mistakes of several parts, told together."""

    def __init__(self) -> None:
        self._found: list[vol.Invalid] = []

    def add(self, error: vol.Invalid) -> None:
        self._found += error.errors if isinstance(error, vol.MultipleInvalid) else [error]

    def check(
        self,
        path: tuple[Any, ...],
        validate: Callable[[Any], Any],
        value: Any,
        written: Mapping[str, str] | None = None,
    ) -> Any:
        """Return the validated value, or None after noting what is wrong with it."""
        try:
            return checked(validate, value, written)
        except vol.Invalid as error:
            error.prepend(list(path))
            self.add(error)
            return None

    def end(self) -> None:
        """Raise what was found."""
        if self._found:
            raise vol.MultipleInvalid(self._found)


def checked(
    validate: Callable[[Any], Any], value: Any, written: Mapping[str, str] | None = None
) -> Any:
    """Validate; unknown keys get a hint, and keys are named as they were written."""
    try:
        return validate(value)
    except vol.Invalid as error:
        found = error.errors if isinstance(error, vol.MultipleInvalid) else [error]
        raise vol.MultipleInvalid(
            [_reworded(one, validate, written or {}) for one in found]
        ) from None


def _reworded(
    error: vol.Invalid, validate: Callable[[Any], Any], written: Mapping[str, str]
) -> vol.Invalid:
    path = [getattr(part, "schema", part) for part in error.path]
    message = error.error_message
    if len(path) == 1 and isinstance(validate, vol.Schema):
        if message == "extra keys not allowed":
            message = _unknown("key", path[0], _keys(validate))
        elif isinstance(error, vol.RequiredFieldInvalid) and "missing" not in message:
            message = f"{path[0]} is missing"
    if path:
        path[0] = written.get(str(path[0]), path[0])
    return vol.Invalid(message, path=path)


def _list(value: object, one: Callable[[object], list[Config]], noun: str) -> list[Config]:
    """Validate each item of a list, lists inside it included; all mistakes are told."""
    if value is None:
        return []
    if not isinstance(value, list):
        return one(value)
    trouble = _Trouble()
    found: list[Config] = []
    for index, item in enumerate(value):
        if item is None:
            trouble.add(vol.Invalid(f"expected {noun}, got nothing", path=[index]))
            continue
        inside = (lambda part: _list(part, one, noun)) if isinstance(item, list) else one
        found += trouble.check((index,), inside, item) or []
    trouble.end()
    return found


def _below(key: str, validate: Callable[[Any], Any], value: Any) -> Any:
    """Validate what stands under a key."""
    try:
        return validate(value)
    except vol.Invalid as error:
        error.prepend([key])
        raise


def renamed(
    config: Mapping[str, Any], old: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the mapping with new names for old ones, and what each was written as."""
    found, written = dict(config), {}
    for before, after in old.items():
        if before in found and before != after:
            if after in found:
                raise vol.Invalid(f"{before} and {after} mean the same: keep one", path=[before])
            found[after] = found.pop(before)
            written[after] = before
    return found, written


def _keys(schema: vol.Schema) -> list[str]:
    inside = schema.schema
    if not isinstance(inside, dict):
        return []
    return [str(getattr(key, "schema", key)) for key in inside]


def _unknown(noun: str, name: object, known: Iterable[str]) -> str:
    """Say that a word is not known, with the nearest one that is."""
    words = sorted(known)
    near = difflib.get_close_matches(str(name), words, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(words)}"
    return f"unknown {noun} {name!r}: {hint}"
