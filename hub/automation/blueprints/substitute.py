"""Fills the holes of a blueprint with what a configuration gives."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import voluptuous as vol

from hub.automation.blueprints.source import Blueprint, Input, parse, too_new
from hub.errors import NotFound
from hub.schema import text

Find = Callable[[str], str]
"""Returns the text of a blueprint by its path; raises `NotFound`."""

USE: Final = "use_blueprint"

USE_BLUEPRINT: Final = vol.Schema(
    {
        vol.Required("path", msg="path is missing: which blueprint"): text,
        vol.Optional("input"): vol.Any(None, {text: object}, msg="expected inputs by name"),
    }
)


def substitute(config: Mapping[str, Any], domain: str, find: Find) -> dict[str, Any]:
    """Return a configuration with its blueprint in place of `use_blueprint`.

    Keys of its own win over the blueprint's. One without `use_blueprint` comes back as it is.
    Raises `vol.Invalid`s whose paths begin with `use_blueprint`.
    """
    if USE not in config:
        return dict(config)
    try:
        use = USE_BLUEPRINT(config[USE])
        blueprint = _found(use["path"], domain, find)
        values = _values(blueprint, use.get("input") or {})
    except vol.Invalid as error:
        error.prepend([USE])
        raise
    own = {key: value for key, value in config.items() if key != USE}
    return {**filled(blueprint.body, values), **own}


def fill(blueprint: Blueprint, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body with its holes filled; raises `vol.Invalid`s with paths `input.NAME`."""
    found: dict[str, Any] = filled(blueprint.body, _values(blueprint, given))
    return found


def filled(value: Any, values: Mapping[str, Any]) -> Any:
    """Return a copy of a value with its holes filled."""
    if isinstance(value, Input):
        return filled(values[value.name], {})
    if isinstance(value, Mapping):
        return {key: filled(item, values) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, values) for item in value]
    return value


def _found(path: str, domain: str, find: Find) -> Blueprint:
    try:
        blueprint = parse(find(path))
    except NotFound:
        raise vol.Invalid(f"there is no {domain} blueprint {path}", path=["path"]) from None
    except vol.Invalid as error:
        raise vol.Invalid(f"{path}: {error.error_message}", path=["path"]) from None
    if blueprint.domain != domain:
        raise vol.Invalid(f"{path} is for {blueprint.domain}s", path=["path"])
    if (wrong := too_new(blueprint)) is not None:
        raise vol.Invalid(f"{path} {wrong}", path=["path"])
    return blueprint


def _values(blueprint: Blueprint, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a value for every input; raises `vol.MultipleInvalid` for missing and unknown."""
    errors = [
        vol.Invalid("missing input: it has no default", path=["input", name])
        for name, fields in blueprint.inputs.items()
        if name not in given and "default" not in fields
    ]
    known = ", ".join(blueprint.inputs) or "none"
    errors += [
        vol.Invalid(f"the blueprint has no such input; known are {known}", path=["input", name])
        for name in given
        if name not in blueprint.inputs
    ]
    if errors:
        raise vol.MultipleInvalid(errors)
    return {
        name: given[name] if name in given else fields["default"]
        for name, fields in blueprint.inputs.items()
    }
