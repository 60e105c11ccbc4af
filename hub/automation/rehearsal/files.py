"""Test files: `<configuration>/tests/*.yaml`, read with the line of everything in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import voluptuous as vol

from hub.automation import fields
from hub.automation.rehearsal import given, wording
from hub.config import loader
from hub.errors import Problem
from hub.jobs.job import JobState
from hub.schema import boolean, text

FOLDER: Final = "tests"

_TRACE: Final = wording.strict(
    {
        vol.Optional("path"): [str],
        vol.Optional("includes"): wording.listed(text),
        vol.Optional("excludes"): wording.listed(text),
        vol.Optional("result"): text,
        vol.Optional("trigger"): text,
        vol.Optional("error"): text,
    }
)


def _trace(value: object) -> Any:
    return {"path": value} if isinstance(value, list) else _TRACE(value)


_EVENT: Final = wording.strict(
    {vol.Required("event"): text, vol.Optional("data", default=dict): dict}
)


def _event(value: object) -> Any:
    return _EVENT({"event": value} if isinstance(value, str) else value)


def _seen(value: object) -> Any:
    """Accept what a state should be: a text, state and attributes, or nothing at all."""
    if value is None:
        return None
    if isinstance(value, Mapping):
        return _SEEN(value)
    return {"state": wording.state_text(value)}


_SEEN: Final = wording.strict(
    {
        vol.Optional("state"): wording.state_text,
        vol.Optional("attributes"): dict,
    }
)

EXPECTED: Final[dict[vol.Marker, Any]] = {
    vol.Optional("calls"): wording.listed(wording.call),
    vol.Optional("calls_in_any_order"): wording.listed(wording.call),
    vol.Optional("calls_include"): wording.listed(wording.call),
    vol.Optional("not_called"): wording.listed(wording.call),
    vol.Optional("states"): wording.by_entity(_seen),
    vol.Optional("events"): wording.listed(_event),
    vol.Optional("runs"): wording.by_entity(vol.All(int, vol.Range(0))),
    vol.Optional("result"): wording.by_entity(text),
    vol.Optional("trace"): wording.by_entity(_trace),
    vol.Optional("response"): vol.Any(dict, None),
    vol.Optional("error"): text,
    vol.Optional("log"): text,
}
"""What is compared; `calls` are those since the last time that something was expected."""

_EXPECT: Final = wording.strict(EXPECTED)


def _expect(value: object) -> Any:
    found = _EXPECT(value)
    if not found:
        raise vol.Invalid("expects nothing: name calls, states, trace or another thing")
    return found


STEPS: Final[dict[str, dict[vol.Marker, Any]]] = {
    "set": {vol.Required("set"): wording.by_entity(given.state)},
    "remove": {vol.Required("remove"): fields.entity_ids},
    "advance": {vol.Required("advance"): wording.span},
    "until": {vol.Required("until"): wording.moment},
    "event": {vol.Required("event"): text, vol.Optional("data", default=dict): dict},
    "call": {
        vol.Required("call"): wording.service,
        vol.Optional("target"): wording.target,
        vol.Optional("data", default=dict): dict,
    },
    "mqtt": {
        vol.Required("mqtt"): text,
        vol.Optional("payload", default=""): object,
        vol.Optional("retain", default=False): boolean,
    },
    "webhook": {
        vol.Required("webhook"): text,
        vol.Optional("method", default="POST"): text,
        vol.Optional("json"): object,
        vol.Optional("data", default=dict): dict,
        vol.Optional("query", default=dict): dict,
    },
    "resource": {
        vol.Required("resource"): given.resource_id,
        **given.STATUS,
        vol.Optional("action"): vol.In(["added", "updated", "removed", "status"]),
    },
    "job": {
        vol.Required("job"): text,
        vol.Required("target"): text,
        vol.Required("state"): vol.In([*(state.value for state in JobState), "finished"]),
        vol.Optional("id"): text,
        vol.Optional("result"): object,
        vol.Optional("error"): text,
    },
    "homeassistant": {vol.Required("homeassistant"): vol.In(["start", "shutdown"])},
    "trigger": {
        vol.Required("trigger"): text,
        vol.Optional("variables", default=dict): dict,
        vol.Optional("skip_condition", default=True): boolean,
    },
    "expect": {vol.Required("expect"): _expect},
}
"""Every kind of step by the key that shows it."""


def step(value: object) -> dict[str, Any]:
    """Accept one step."""
    kinds = [key for key in STEPS if isinstance(value, Mapping) and key in value]
    if "trigger" in kinds and len(kinds) > 1:
        kinds.remove("trigger")
    if len(kinds) != 1:
        raise vol.Invalid(f"expected a step with one of {', '.join(STEPS)}")
    found: dict[str, Any] = wording.strict({vol.Optional("why"): text, **STEPS[kinds[0]]})(value)
    return {"kind": kinds[0], **found}


_TEST: Final = wording.strict(
    {
        vol.Required("name", msg="name is missing: what the test shows"): text,
        vol.Optional("given", default=dict): given.section,
        vol.Optional("steps", default=list): wording.listed(step),
        vol.Optional("expect"): _expect,
        vol.Optional("skip"): text,
    }
)


@dataclass(frozen=True, slots=True)
class Case:
    """One test of a file."""

    name: str
    given: Mapping[str, Any]
    steps: Sequence[Mapping[str, Any]]
    expect: Mapping[str, Any] | None
    skip: str | None
    file: str
    line: int | None
    lines: Mapping[tuple[Any, ...], tuple[str, int]] = field(repr=False)
    """File and line of each part, by the keys that lead to it from the test."""

    def where(self, *keys: Any) -> str:
        """Return `file:line` of a part of the test, or of what contains it."""
        while keys and keys not in self.lines:
            keys = keys[:-1]
        file, line = self.lines.get(keys, (self.file, self.line))
        return file if line is None else f"{file}:{line}"


def collect(config_dir: Path, paths: Sequence[Path] = ()) -> tuple[list[Case], list[Problem]]:
    """Read the test files of a configuration, or those that are named."""
    from hub.config.documents import files

    folder = config_dir / FOLDER
    cases: list[Case] = []
    problems: list[Problem] = []
    for path in files(paths or ([folder] if folder.is_dir() else [])):
        found, trouble = read(path, config_dir)
        cases += found
        problems += trouble
    return cases, problems


def read(path: Path, root: Path | None = None) -> tuple[list[Case], list[Problem]]:
    """Read one file; `!include` and `!secret` look no higher than `root`."""
    loaded = loader.load(path, root)
    if loaded.problems:
        return [], list(loaded.problems)
    if loaded.value is None:
        return [], []
    top: tuple[Any, ...] = ()
    value = loaded.value
    shared: dict[str, Any] = {}
    problems: list[Problem] = []
    if isinstance(value, Mapping):
        for key in value:
            if key not in ("given", "tests"):
                place = loaded.where((key,))
                message = f"unknown key {key!r}: a test file has given and tests"
                problems.append(Problem(*place, message))
        shared = _valid(given.section, value.get("given") or {}, ("given",), loaded, problems) or {}
        value, top = value.get("tests"), ("tests",)
    if not isinstance(value, list):
        problems.append(Problem(*loaded.where(top), "expected a list of tests"))
        return [], problems
    cases = []
    for index, item in enumerate(value):
        keys = (*top, index)
        found = _valid(_TEST, item, keys, loaded, problems)
        if found is None:
            continue
        expects = "expect" in found or any(one["kind"] == "expect" for one in found["steps"])
        if not expects and "skip" not in found:
            problems.append(Problem(*loaded.where(keys), f"{found['name']}: expects nothing"))
        file, line = loaded.where(keys)
        lines = {
            at[len(keys) :]: place for at, place in loaded.places.items() if at[: len(keys)] == keys
        }
        cases.append(
            Case(
                found["name"],
                given.merged(shared, found["given"]),
                found["steps"],
                found.get("expect"),
                found.get("skip"),
                file,
                line,
                lines,
            )
        )
    return cases, problems


def _valid(
    schema: Any,
    value: Any,
    keys: tuple[Any, ...],
    loaded: loader.Loaded,
    problems: list[Problem],
) -> Any:
    """Return the validated value, or None after noting every mistake with its line."""
    try:
        return schema(value)
    except vol.Invalid as error:
        for one in error.errors if isinstance(error, vol.MultipleInvalid) else [error]:
            path = tuple(getattr(part, "schema", part) for part in one.path)
            dotted = ".".join(str(part) for part in path)
            message = f"{dotted}: {one.error_message}" if dotted else str(one.error_message)
            problems.append(Problem(*loaded.where((*keys, *path)), message))
        return None
