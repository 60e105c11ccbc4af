"""Which calls make an entity as it is wanted: one entry for each kind, nothing that waits."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

Attributes = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """One service of the entity's own domain."""

    service: str
    data: Mapping[str, Any]


Plan = Callable[[str, Attributes, str, Attributes], list[Step]]
"""Takes the wanted state and attributes, then the present ones; returns only what differs."""

Wrong = Callable[[str, Attributes], str | None]
"""Says what is wrong with a wish, None when it can be tried."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How entities of one domain are set."""

    plan: Plan
    wrong: Wrong


def step(service: str, **data: Any) -> Step:
    """Return a step."""
    return Step(service, data)


# --- what differs


def _on_off(state: str, _wish: Attributes, now: str, _seen: Attributes) -> list[Step]:
    return [] if state == now else [step(f"turn_{state}")]


def _value(state: str, _wish: Attributes, now: str, _seen: Attributes) -> list[Step]:
    present = _number(now)
    wanted = float(state)
    return [] if present == wanted else [step("set_value", value=wanted)]


def _count(state: str, _wish: Attributes, now: str, _seen: Attributes) -> list[Step]:
    return [] if state == now else [step("set_value", value=int(state))]


def _text(state: str, _wish: Attributes, now: str, _seen: Attributes) -> list[Step]:
    return [] if state == now else [step("set_value", value=state)]


def _option(state: str, _wish: Attributes, now: str, _seen: Attributes) -> list[Step]:
    return [] if state == now else [step("select_option", option=state)]


def _input_option(state: str, wish: Attributes, now: str, seen: Attributes) -> list[Step]:
    options = wish.get("options")
    differ = isinstance(options, list) and options != seen.get("options")
    first = [step("set_options", options=options)] if differ else []
    return [*first, *_option(state, wish, now, seen)]


def _climate(state: str, wish: Attributes, now: str, seen: Attributes) -> list[Step]:
    """Mode, preset, temperature: each of the former may move the set point; then the fan."""
    found = [] if state == now else [step("set_hvac_mode", hvac_mode=state)]
    preset = wish.get("preset_mode")
    if preset is not None and preset != seen.get("preset_mode"):
        found.append(step("set_preset_mode", preset_mode=preset))
    temperature = wish.get("temperature")
    if temperature is not None and (found or temperature != seen.get("temperature")):
        found.append(step("set_temperature", temperature=temperature))
    fan = wish.get("fan_mode")
    if fan is not None and fan != seen.get("fan_mode"):
        found.append(step("set_fan_mode", fan_mode=fan))
    return found


def _moment(state: str, _wish: Attributes, now: str, _seen: Attributes) -> list[Step]:
    if state == now:
        return []
    if " " in state or "T" in state:
        return [step("set_datetime", datetime=state)]
    return [step("set_datetime", **{"time" if ":" in state else "date": state})]


def _timer(state: str, wish: Attributes, now: str, _seen: Attributes) -> list[Step]:
    if state == now:
        return []
    duration = {"duration": wish["duration"]} if wish.get("duration") is not None else {}
    start = [Step("start", duration)]
    if state == "active":
        return start
    if state == "idle":
        return [step("cancel")]
    return [*([] if now == "active" else start), step("pause")]


# --- what can not be


def _one_of(*states: str) -> Wrong:
    def wrong(state: str, _wish: Attributes) -> str | None:
        return None if state in states else f"expected one of {', '.join(states)}"

    return wrong


def _no_number(state: str, _wish: Attributes) -> str | None:
    return "expected a number" if _number(state) is None else None


def _no_count(state: str, _wish: Attributes) -> str | None:
    return None if re.fullmatch(r"-?\d{1,15}", state) else "expected a whole number"


def _no_moment(state: str, _wish: Attributes) -> str | None:
    shapes = r"(\d{4}-\d\d-\d\d)?[ T]?(\d?\d:\d\d(:\d\d)?)?"
    fits = bool(state) and re.fullmatch(shapes, state) is not None
    return None if fits else 'expected a date, a time or both, such as "2026-11-21 07:30:00"'


def _no_climate(_state: str, wish: Attributes) -> str | None:
    temperature = wish.get("temperature")
    if temperature is None or (_number(temperature) is not None and temperature is not True):
        return None
    return "temperature: expected a number"


def _nothing(_state: str, _wish: Attributes) -> str | None:
    return None


def _number(value: object) -> float | None:
    try:
        found = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return found if math.isfinite(found) else None


_SWITCH: Final = Kind(_on_off, _one_of("on", "off"))

KINDS: Final[dict[str, Kind]] = {
    "automation": _SWITCH,
    "climate": Kind(_climate, _no_climate),
    "counter": Kind(_count, _no_count),
    "input_boolean": _SWITCH,
    "input_datetime": Kind(_moment, _no_moment),
    "input_number": Kind(_value, _no_number),
    "input_select": Kind(_input_option, _nothing),
    "input_text": Kind(_text, _nothing),
    "number": Kind(_value, _no_number),
    "select": Kind(_option, _nothing),
    "switch": _SWITCH,
    "timer": Kind(_timer, _one_of("idle", "active", "paused")),
}
"""The domains that a scene can set. None of them takes a transition."""
