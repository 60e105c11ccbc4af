"""The fields of every kind of action; each becomes one mapping with `kind` beside them."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import voluptuous as vol

from hub.automation import fields, validation
from hub.automation.validation import Config
from hub.schema import boolean, text

_SERVICE: Final = re.compile(r"[a-z0-9_]+\.[a-z0-9_]+")

_COMMON: Final[dict[vol.Marker, Any]] = {
    **validation.COMMON,
    vol.Optional("continue_on_error", default=False): boolean,
}

NOT_SUPPORTED: Final = {
    "service_template": "write action: with the template",
    "set_conversation_response": "there is no voice assistant here",
    "device_id": "device actions are not supported: write action: with the device as target",
}
"""Keys of Home Assistant that are refused, and what to do instead."""


def _service(value: object) -> str:
    """Accept `domain.service` or a template of one."""
    if fields.is_template(value):
        return fields.template(value)
    if not isinstance(value, str) or _SERVICE.fullmatch(value) is None:
        raise vol.Invalid("expected an action such as light.turn_on, or a template of one")
    return value


def _target(value: object) -> dict[str, Any] | str:
    """Accept a target, a template of one, and templates in it."""
    if fields.is_template(value):
        return fields.template(value)
    if not isinstance(value, Mapping):
        raise vol.Invalid("expected a target such as {entity_id: light.hall}")
    return dict(fields.templates(validation.checked(_TARGET, dict(value))))


_IDS: Final = vol.Any(str, [str], msg="expected an id or a list of ids")
_TARGET: Final = vol.Schema(
    {
        vol.Optional(key): _IDS
        for key in ("entity_id", "device_id", "area_id", "floor_id", "label_id")
    }
)


def _data(value: object) -> dict[str, Any] | str:
    """Accept a mapping with templates in it, or a template of the whole."""
    return fields.template(value) if fields.is_template(value) else validation.data(value)


def _list_or_template(value: object) -> Any:
    """Accept a list, or a template of one."""
    if fields.is_template(value):
        return fields.template(value)
    if not isinstance(value, list):
        raise vol.Invalid("expected a list or a template of one")
    return fields.templates(value)


def _times(value: object) -> Any:
    """Accept how often: a number of 0 or more, or a template of one."""
    if fields.is_template(value):
        return fields.template(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise vol.Invalid("expected a whole number of 0 or more, or a template of one")
    return value


def _variable(value: object) -> str:
    """Accept the name of a variable."""
    if not isinstance(value, str) or not value.isidentifier():
        raise vol.Invalid("expected the name of a variable")
    return value


def _scene(value: object) -> str:
    """Accept a scene's entity id, or a template of one."""
    if fields.is_template(value):
        return fields.template(value)
    (found,) = fields.entity_ids([value])
    if not found.startswith("scene."):
        raise vol.Invalid("expected a scene such as scene.evening")
    return found


_WAIT: Final[dict[vol.Marker, Any]] = {
    vol.Optional("timeout"): fields.period,
    vol.Optional("continue_on_timeout", default=True): boolean,
}

_OPTION: Final = vol.Schema(
    {
        vol.Optional("alias"): text,
        vol.Required("conditions"): validation.conditions,
        vol.Required("sequence"): validation.actions,
    }
)


def _options(value: object) -> list[Config]:
    """Accept one option of `choose` or a list of them."""
    many = isinstance(value, list)
    items = value if isinstance(value, list) else [value]
    found: list[Config] = []
    for index, item in enumerate(items):
        try:
            found.append(_option(item))
        except vol.Invalid as error:
            error.prepend([index] if many else [])
            raise
    return found


def _option(value: object) -> Config:
    if not isinstance(value, Mapping):
        raise vol.Invalid("expected conditions and a sequence")
    given, keys = validation.renamed(value, {"condition": "conditions"})
    found: Config = validation.checked(_OPTION, given, keys)
    return found


def _branch(value: object) -> Config:
    """Accept one branch of `parallel`: an action, or `sequence` with an alias."""
    if isinstance(value, list):
        return {"sequence": validation.actions(value)}
    if isinstance(value, Mapping) and "sequence" in value:
        found: Config = _BRANCH(dict(value))
        return found
    return {"sequence": validation.actions([value])}


_BRANCH: Final = vol.Schema(
    {
        vol.Optional("alias"): text,
        vol.Required("sequence"): validation.actions,
        vol.Optional("enabled", default=True): fields.enabled,
        vol.Optional("continue_on_error", default=False): boolean,
    }
)


def _branches(value: object) -> list[Config]:
    """Accept the branches of `parallel`."""
    items = value if isinstance(value, list) else [value]
    found: list[Config] = []
    for index, item in enumerate(items):
        try:
            found.append(_branch(item))
        except vol.Invalid as error:
            error.prepend([index])
            raise
    if not found:
        raise vol.Invalid("expected one action or more")
    return found


_REPEAT: Final = vol.Schema(
    {
        vol.Optional("count"): _times,
        vol.Optional("while"): validation.conditions,
        vol.Optional("until"): validation.conditions,
        vol.Optional("for_each"): _list_or_template,
        vol.Required("sequence"): validation.actions,
    }
)
_REPEATS: Final = ("count", "while", "until", "for_each")


def _repeat(value: object) -> Config:
    """Accept what is repeated and how often."""
    if not isinstance(value, Mapping):
        raise vol.Invalid("expected count, while, until or for_each, and a sequence")
    found: Config = validation.checked(_REPEAT, dict(value))
    if len([key for key in _REPEATS if key in found]) != 1:
        raise vol.Invalid("expected one of count, while, until, for_each")
    return found


KINDS: Final[dict[str, dict[vol.Marker, Any]]] = {
    "action": {
        vol.Required("action"): _service,
        vol.Optional("data", default=dict): _data,
        vol.Optional("target"): _target,
        vol.Optional("response_variable"): _variable,
        vol.Optional("metadata"): dict,
    },
    "scene": {vol.Required("scene"): _scene, vol.Optional("metadata"): dict},
    "delay": {vol.Required("delay"): fields.period},
    "wait_template": {vol.Required("wait_template"): fields.template, **_WAIT},
    "wait_for_trigger": {vol.Required("wait_for_trigger"): validation.triggers, **_WAIT},
    "event": {
        vol.Required("event"): vol.All(text, vol.Length(min=1, max=64)),
        vol.Optional("event_data", default=dict): _data,
    },
    "choose": {
        vol.Required("choose"): _options,
        vol.Optional("default", default=list): validation.actions,
    },
    "if": {
        vol.Required("if"): validation.conditions,
        vol.Required("then"): validation.actions,
        vol.Optional("else", default=list): validation.actions,
    },
    "repeat": {vol.Required("repeat"): _repeat},
    "parallel": {vol.Required("parallel"): _branches},
    "sequence": {
        vol.Required("sequence"): validation.actions,
        vol.Optional("metadata"): dict,
    },
    "variables": {vol.Required("variables"): validation.names},
    "stop": {
        vol.Required("stop"): vol.Any(fields.template, vol.All(None, lambda _: "")),
        vol.Optional("error", default=False): boolean,
        vol.Optional("response_variable"): _variable,
    },
}
"""Every kind of action by the key that shows it."""

_SCHEMAS: Final = {
    kind: vol.Schema({**_COMMON, **schema}, extra=vol.PREVENT_EXTRA)
    for kind, schema in KINDS.items()
}


def action(value: object) -> Config:
    """Return one action with its `kind`; raises `vol.Invalid` with the path."""
    if isinstance(value, str):
        if not fields.is_template(value):
            raise vol.Invalid("expected an action, or a template as a condition")
        return _as_condition(value)
    if not isinstance(value, Mapping):
        raise vol.Invalid("expected an action such as {action: light.turn_on, target: ...}")
    given, keys = validation.renamed(value, {"service": "action"})
    if "condition" in given or (not given.keys() & KINDS.keys() and _is_group(given)):
        return _as_condition(given)
    kind = _kind(given)
    if kind == "action":
        given, keys = _old_call(given, keys)
    found: Config = validation.checked(_SCHEMAS[kind], given, keys)
    found["kind"] = kind
    return found


def _kind(given: Mapping[str, Any]) -> str:
    """Return what kind of action a mapping is; raises `vol.Invalid`."""
    for key, advice in NOT_SUPPORTED.items():
        if key in given and "action" not in given:
            raise vol.Invalid(f"{key} is not supported: {advice}", path=[key])
    kinds = [key for key in KINDS if key in given]
    if len(kinds) == 1:
        return kinds[0]
    if kinds:
        raise vol.Invalid(f"{' and '.join(kinds)} are two actions: write two items")
    keys = ", ".join(map(str, given)) or "nothing"
    words = ", ".join([*KINDS, "condition"])
    raise vol.Invalid(f"says not what to do ({keys}): expected one of {words}")


def _is_group(given: Mapping[str, Any]) -> bool:
    return any(key in given for key in ("and", "or", "not"))


def _as_condition(value: Any) -> Config:
    continues = False
    if isinstance(value, Mapping) and "continue_on_error" in value:
        value = dict(value)
        continues = boolean(value.pop("continue_on_error"))
    found = validation.condition(value)
    return {
        "kind": "condition",
        "condition": found,
        "enabled": found.get("enabled", True),
        "continue_on_error": continues,
        **({"alias": found["alias"]} if "alias" in found else {}),
    }


def _old_call(given: dict[str, Any], keys: dict[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Bring a call's old forms (`entity_id` beside it, `data_template`) to the new ones."""
    if "entity_id" in given:
        target = dict(given.get("target") or {})
        if "entity_id" in target:
            raise vol.Invalid("entity_id is given twice, here and in target", path=["entity_id"])
        given = {**given, "target": {**target, "entity_id": given["entity_id"]}}
        del given["entity_id"]
        keys = {**keys, "target": "entity_id"} if not target else keys
    if "data_template" in given:
        both = {**(given.get("data") or {}), **(given["data_template"] or {})}
        given = {**given, "data": both}
        del given["data_template"]
    return given, keys


Validate = Callable[[object], Config]
