"""The states that helpers start with, as their configuration says."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from hub.const import UNKNOWN

New = tuple[str, dict[str, Any]]


def helpers(specs: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the first state of every helper among resources, by entity id."""
    found = {}
    for name, spec in specs.items():
        domain, key = name.removeprefix("hub.").split("/", 1)
        start = _STARTS.get(domain)
        if start is not None:
            state, attributes = start(spec)
            named = {"friendly_name": spec["name"]} if "name" in spec else {}
            given = {"state": state, "attributes": {**named, **attributes}, "for": 0.0}
            found[f"{domain}.{key}"] = given
    return found


def _boolean(spec: Mapping[str, Any]) -> New:
    return "on" if spec.get("initial") else "off", {}


def _button(spec: Mapping[str, Any]) -> New:
    del spec
    return UNKNOWN, {}


def _number(spec: Mapping[str, Any]) -> New:
    low = spec.get("min", 0)
    attributes = {"min": low, "max": spec.get("max", 100), "step": spec.get("step", 1)}
    return str(float(spec.get("initial", low))), attributes


def _select(spec: Mapping[str, Any]) -> New:
    options = [str(option) for option in spec.get("options", ())]
    first = options[0] if options else UNKNOWN
    return str(spec.get("initial", first)), {"options": options}


def _text(spec: Mapping[str, Any]) -> New:
    return str(spec.get("initial", "")), {}


def _datetime(spec: Mapping[str, Any]) -> New:
    has = {name: bool(spec.get(name)) for name in ("has_date", "has_time")}
    empty = " ".join(
        part for name, part in (("has_date", "1970-01-01"), ("has_time", "00:00:00")) if has[name]
    )
    return str(spec.get("initial", empty)), dict(has)


def _counter(spec: Mapping[str, Any]) -> New:
    initial = spec.get("initial", 0)
    limits = {name: spec[name] for name in ("minimum", "maximum") if name in spec}
    return str(initial), {"initial": initial, "step": spec.get("step", 1), **limits}


def _timer(spec: Mapping[str, Any]) -> New:
    return "idle", {"duration": spec.get("duration", 0)}


_STARTS: Final[dict[str, Callable[[Mapping[str, Any]], New]]] = {
    "input_boolean": _boolean,
    "input_button": _button,
    "input_number": _number,
    "input_select": _select,
    "input_text": _text,
    "input_datetime": _datetime,
    "counter": _counter,
    "timer": _timer,
}
