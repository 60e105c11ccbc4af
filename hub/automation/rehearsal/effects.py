"""What common services do to states that a test gave, so that chains of automations can be tried.

Only entities that have a state are changed, and only as far as everybody expects of the service;
what is not listed here is recorded and changes nothing.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from hub.automation.rehearsal.timers import Timers
from hub.entities.targets import resolve
from hub.util.times import iso

if TYPE_CHECKING:
    from hub.automation.rehearsal.world import RehearsalWorld
    from hub.events import Context
    from hub.hub import Hub
    from hub.services import Target
    from hub.states import State

New = tuple[str, dict[str, Any]]
"""State and the attributes that change; an attribute of None goes away."""

Change = Callable[["State", Mapping[str, Any]], New]


class Effects:
    """Changes the states of one world as services would."""

    def __init__(self, world: "RehearsalWorld") -> None:
        """Change states of `world`."""
        self._world = world
        self._timers = Timers(world)

    def apply(
        self,
        domain: str,
        service: str,
        data: Mapping[str, Any],
        target: "Target",
        context: "Context",
    ) -> None:
        """Do what a call of a common service does."""
        world = self._world
        kind = None if domain == "homeassistant" else domain
        for entity_id in resolve(cast("Hub", world), target, kind):
            state = world.states.get(entity_id)
            if state is None:
                continue
            if state.domain == "timer" and domain in ("timer", "homeassistant"):
                self._timers.call(state, service, data, context)
                continue
            found = effect(state, domain, service, data, iso(world.clock.time()))
            if found is not None:
                attributes = {**state.attributes, **found[1]}
                kept = {name: value for name, value in attributes.items() if value is not None}
                world.states.set(entity_id, found[0], kept, context)


def effect(
    state: "State", domain: str, service: str, data: Mapping[str, Any], now: str
) -> New | None:
    """Return what a service makes of a state; None = it changes nothing that is known here."""
    kind = state.domain
    if domain not in (kind, "homeassistant") or kind in _OWN:
        return None
    if service == "press" and kind in ("button", "input_button"):
        return now, {}
    special = _SPECIAL.get((kind, service))
    if special is not None:
        return special(state, data)
    if service in _SWITCHING:
        return _switched(state, service), dict(data)
    return None


_OWN: Final = ("automation", "script", "scene", "sensor", "binary_sensor", "weather")
"""What can not be switched, or has services of its own here."""

_SWITCHING: Final = ("turn_on", "turn_off", "toggle")


def _switched(state: "State", service: str, on: str = "on", off: str = "off") -> str:
    if service == "toggle":
        return on if state.state == off else off
    return on if service == "turn_on" else off


def _becomes(value: str) -> Change:
    return lambda _state, _data: (value, {})


def _is(field: str) -> Change:
    """Take the state from a field of the call."""
    return lambda state, data: (_text(data.get(field, state.state)), {})


def _keeps(*fields: str) -> Change:
    """Take attributes from fields of the call."""
    return lambda state, data: (
        state.state,
        {name: data[name] for name in fields if name in data},
    )


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _light(state: "State", data: Mapping[str, Any]) -> New:
    found = {name: value for name, value in data.items() if name not in ("transition", "flash")}
    if "brightness_pct" in found:
        found["brightness"] = round(float(found.pop("brightness_pct")) * 255 / 100)
    del state
    return "on", found


def _light_off(state: "State", data: Mapping[str, Any]) -> New:
    del state, data
    return "off", {"brightness": None}


def _light_toggle(state: "State", data: Mapping[str, Any]) -> New:
    return _light_off(state, data) if state.state == "on" else _light(state, data)


def _temperature(state: "State", data: Mapping[str, Any]) -> New:
    names = ("temperature", "target_temp_low", "target_temp_high")
    changed = {name: data[name] for name in names if name in data}
    return str(data.get("hvac_mode", state.state)), changed


def _climate_on(state: "State", data: Mapping[str, Any]) -> New:
    del data
    modes = [mode for mode in state.attributes.get("hvac_modes", ["heat"]) if mode != "off"]
    return (state.state if state.state != "off" or not modes else modes[0]), {}


def _position(state: "State", data: Mapping[str, Any]) -> New:
    del state
    position = data.get("position", 0)
    return ("closed" if position == 0 else "open"), {"current_position": position}


def _moved(value: str, position: int) -> Change:
    def change(state: "State", data: Mapping[str, Any]) -> New:
        del data
        known = "current_position" in state.attributes
        return value, {"current_position": position} if known else {}

    return change


def _percentage(state: "State", data: Mapping[str, Any]) -> New:
    del state
    speed = data.get("percentage", 0)
    return ("on" if speed else "off"), {"percentage": speed}


def _by(sign: int, name: str = "step") -> Change:
    """Count up or down by the entity's step, within its limits."""

    def change(state: "State", data: Mapping[str, Any]) -> New:
        step = float(data.get("amount", state.attributes.get(name, 1)))
        try:
            value = float(state.state) + sign * step
        except ValueError:
            return state.state, {}
        low = state.attributes.get("min", state.attributes.get("minimum"))
        high = state.attributes.get("max", state.attributes.get("maximum"))
        value = value if low is None else max(float(low), value)
        value = value if high is None else min(float(high), value)
        exact = "." in state.state
        return (str(value) if exact else f"{value:g}"), {}

    return change


def _option(move: int | None, end: int = 0) -> Change:
    """Choose the option `move` further (around the end by default), or the one at an end."""

    def change(state: "State", data: Mapping[str, Any]) -> New:
        options = list(state.attributes.get("options", ()))
        if not options:
            return state.state, {}
        if move is None:
            return options[end], {}
        at = options.index(state.state) + move if state.state in options else 0
        if not data.get("cycle", True):
            at = min(max(at, 0), len(options) - 1)
        return options[at % len(options)], {}

    return change


def _datetime(state: "State", data: Mapping[str, Any]) -> New:
    if "datetime" in data:
        return str(data["datetime"]), {}
    date, time = data.get("date"), data.get("time")
    if date is None and time is None:
        return state.state, {}
    had_date, _, had_time = state.state.partition(" ")
    if not had_time:  # has only one of both
        return str(time if date is None else date), {}
    return f"{date or had_date} {time or had_time}", {}


def _reset(state: "State", data: Mapping[str, Any]) -> New:
    del data
    return str(state.attributes.get("initial", 0)), {}


_VALUE: Final = _is("value")

_SPECIAL: Final[dict[tuple[str, str], Change]] = {
    ("light", "turn_on"): _light,
    ("light", "turn_off"): _light_off,
    ("light", "toggle"): _light_toggle,
    ("climate", "set_temperature"): _temperature,
    ("climate", "set_hvac_mode"): _is("hvac_mode"),
    ("climate", "set_preset_mode"): _keeps("preset_mode"),
    ("climate", "set_fan_mode"): _keeps("fan_mode"),
    ("climate", "set_humidity"): _keeps("humidity"),
    ("climate", "turn_on"): _climate_on,
    ("climate", "turn_off"): _becomes("off"),
    ("cover", "open_cover"): _moved("open", 100),
    ("cover", "close_cover"): _moved("closed", 0),
    ("cover", "set_cover_position"): _position,
    ("valve", "open_valve"): _moved("open", 100),
    ("valve", "close_valve"): _moved("closed", 0),
    ("lock", "lock"): _becomes("locked"),
    ("lock", "unlock"): _becomes("unlocked"),
    ("lock", "open"): _becomes("open"),
    ("fan", "set_percentage"): _percentage,
    ("fan", "set_preset_mode"): _keeps("preset_mode"),
    ("humidifier", "set_humidity"): _keeps("humidity"),
    ("water_heater", "set_temperature"): _keeps("temperature"),
    ("media_player", "media_play"): _becomes("playing"),
    ("media_player", "media_pause"): _becomes("paused"),
    ("media_player", "media_stop"): _becomes("idle"),
    ("media_player", "volume_set"): _keeps("volume_level"),
    ("media_player", "select_source"): _keeps("source"),
    ("alarm_control_panel", "alarm_arm_home"): _becomes("armed_home"),
    ("alarm_control_panel", "alarm_arm_away"): _becomes("armed_away"),
    ("alarm_control_panel", "alarm_arm_night"): _becomes("armed_night"),
    ("alarm_control_panel", "alarm_disarm"): _becomes("disarmed"),
    ("alarm_control_panel", "alarm_trigger"): _becomes("triggered"),
    ("number", "set_value"): _VALUE,
    ("text", "set_value"): _VALUE,
    ("input_text", "set_value"): _VALUE,
    ("input_number", "set_value"): _VALUE,
    ("input_number", "increment"): _by(1),
    ("input_number", "decrement"): _by(-1),
    ("input_datetime", "set_datetime"): _datetime,
    ("counter", "set_value"): _VALUE,
    ("counter", "increment"): _by(1),
    ("counter", "decrement"): _by(-1),
    ("counter", "reset"): _reset,
    **{
        (kind, service): change
        for kind in ("select", "input_select")
        for service, change in {
            "select_option": _is("option"),
            "select_next": _option(1),
            "select_previous": _option(-1),
            "select_first": _option(None),
            "select_last": _option(None, -1),
        }.items()
    },
}
