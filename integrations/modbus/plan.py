"""From what is wanted and what runs to steps; pure, for links and devices alike."""

from collections.abc import Mapping
from typing import Any, Final

from hub.sdk import Step

START: Final = "start"
STOP: Final = "stop"
CHANGE: Final = "change"

Parts = Mapping[str, Any]
"""What was asked for, by field of the spec."""


def steps(
    wanted: Parts | None, running: Parts | None, thing: str, *, known: bool = False
) -> list[Step]:
    """Return what makes `running` what is `wanted`; None = there is to be, is, none.

    `thing` is "the link" or "the device"; `known`: the hub still has entities of one that does
    not run. Steps hold no secrets: who applies them has the spec.
    """
    if wanted is None:
        if running is not None:
            return [Step(STOP, thing, f"stop {thing} (its entities go)", before=_told(running))]
        return [Step(STOP, thing, f"remove the entities of {thing}")] if known else []
    if running is None:
        return [Step(START, thing, f"start {thing}", after=_told(wanted))]
    fields = [name for name in {**wanted, **running} if wanted.get(name) != running.get(name)]
    return [_change(name, running.get(name), wanted.get(name)) for name in sorted(fields)]


def _change(field: str, old: Any, new: Any) -> Step:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        names = [name for name in sorted({**old, **new}) if old.get(name) != new.get(name)]
        told = ", ".join(
            f"{field}.{name} {_say(old.get(name), new.get(name), secret=name in _SECRET)}"
            for name in names
        )
    else:
        told = f"{field} {_say(old, new)}"
    return Step(CHANGE, field, f"change {told}", _shown(old), _shown(new))


def _shown(value: Any) -> Any:
    """Return a value without what is secret in it."""
    if not isinstance(value, Mapping):
        return value
    return {name: item for name, item in value.items() if name not in _SECRET}


def _say(old: Any, new: Any, *, secret: bool = False) -> str:
    """Return both values where people can read them; keys and certificates only differ."""
    if secret:
        return "(another one)"
    pair = [_word(old), _word(new)]
    return " -> ".join(pair) if all(len(word) <= _LONGEST for word in pair) else "(another one)"


_LONGEST: Final = 60
_SECRET: Final = frozenset({"key"})


def _word(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _told(parts: Parts) -> dict[str, Any]:
    """Return what a person is shown of a start or stop."""
    shown = ("name", "link", "unit", "definition")
    found = {name: parts[name] for name in shown if name in parts}
    transport = parts.get("transport")
    if transport is not None:
        found["transport"] = {
            name: transport[name]
            for name in ("type", "host", "port", "device")
            if name in transport
        }
    return found
