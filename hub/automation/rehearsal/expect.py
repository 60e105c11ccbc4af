"""What a test expects beside what is there; every difference in words."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from hub.automation.trace import plain
from hub.errors import NotFound
from hub.util.json import dumps

if TYPE_CHECKING:
    from hub.automation.rehearsal.calls import Call
    from hub.automation.rehearsal.house import House
    from hub.automation.trace import Trace

Wanted = Mapping[str, Any]


def check(
    house: "House",
    wanted: Wanted,
    calls: Sequence["Call"],
    events: Sequence[tuple[float, str, dict[str, Any]]],
    answered: Wanted,
) -> list[tuple[str, str]]:
    """Return (what, difference) for everything that is not as it is expected."""
    found: list[tuple[str, str | None]] = [
        (key, compare(wanted[key], calls)) for key, compare in _CALLS.items() if key in wanted
    ]
    found += [("not_called", _not_called(one, calls)) for one in wanted.get("not_called", ())]
    if "events" in wanted:
        found.append(("events", _events(wanted["events"], events)))
    for key, look in _LOOKS.items():
        for entity_id, one in wanted.get(key, {}).items():
            found.append((f"{key}.{entity_id}", look(house, entity_id, one)))
    for key in ("response", "error"):
        if key in wanted:
            found.append((key, _answered(wanted[key], answered.get(key))))
    return [(what, told) for what, told in found if told is not None]


# --- calls


def fits(wanted: Wanted, call: "Call") -> bool:
    """Tell whether a call is the wanted one: the same action and target, and the data named."""
    if wanted["action"] != call.name:
        return False
    target = wanted.get("target")
    if target is not None and any(
        sorted(ids) != sorted(call.target.get(key, [])) for key, ids in target.items()
    ):
        return False
    return _within(wanted["data"], call.data)


def _within(wanted: Any, value: Any) -> bool:
    """Tell whether a value has all that is wanted; numbers may differ in their last bits."""
    if isinstance(wanted, Mapping) and isinstance(value, Mapping):
        return all(key in value and _within(item, value[key]) for key, item in wanted.items())
    if isinstance(wanted, bool) or isinstance(value, bool):
        return wanted is value
    if isinstance(wanted, int | float) and isinstance(value, int | float):
        return abs(wanted - value) < 1e-9 * max(1.0, abs(wanted))
    if isinstance(wanted, list) and isinstance(value, list | tuple):
        pairs = zip(wanted, value, strict=False)
        return len(wanted) == len(value) and all(_within(one, other) for one, other in pairs)
    return bool(wanted == value)


def _in_order(wanted: Sequence[Wanted], calls: Sequence["Call"]) -> str | None:
    pairs = zip(wanted, calls, strict=False)
    if len(wanted) == len(calls) and all(fits(one, call) for one, call in pairs):
        return None
    lines = []
    for index in range(max(len(wanted), len(calls))):
        one = wanted[index] if index < len(wanted) else None
        call = calls[index] if index < len(calls) else None
        if one is not None and call is not None and fits(one, call):
            lines.append(f"  {told(call)}")
            continue
        if one is not None:
            lines.append(f"- {said(one)}")
        if call is not None:
            lines.append(f"+ {told(call)}")
    return "\n".join(["expected (-) and made (+):", *lines])


def _any_order(wanted: Sequence[Wanted], calls: Sequence["Call"]) -> str | None:
    left, missing = list(calls), []
    for one in wanted:
        found = next((call for call in left if fits(one, call)), None)
        if found is None:
            missing.append(one)
        else:
            left.remove(found)
    if not missing and not left:
        return None
    lines = [f"- {said(one)}" for one in missing] + [f"+ {told(call)}" for call in left]
    return "\n".join(["expected (-) and made (+):", *lines])


def _included(wanted: Sequence[Wanted], calls: Sequence["Call"]) -> str | None:
    rest = iter(calls)
    for one in wanted:
        if not any(fits(one, call) for call in rest):
            return "\n".join([f"not made, or not in this order: {said(one)}", *_made(calls)])
    return None


def _not_called(wanted: Wanted, calls: Sequence["Call"]) -> str | None:
    found = next((call for call in calls if fits(wanted, call)), None)
    return None if found is None else f"was made: {told(found)}"


def _made(calls: Sequence["Call"]) -> list[str]:
    return [f"+ {told(call)}" for call in calls] or ["no call was made"]


def told(call: "Call") -> str:
    """Return a made call in one line."""
    return _line(call.name, call.target, call.data)


def said(wanted: Wanted) -> str:
    """Return a wanted call in one line."""
    return _line(wanted["action"], wanted.get("target", {}), wanted["data"])


def _line(name: str, target: Wanted, data: Wanted) -> str:
    where = " ".join(f"{key}={','.join(ids)}" for key, ids in target.items())
    what = f"{shown(data)}" if data else ""
    return " ".join(part for part in (name, where, what) if part)


def shown(value: Any) -> str:
    """Return a value in one line."""
    return value if isinstance(value, str) else dumps(plain(value)).decode()


# --- the others


def _state(house: "House", entity_id: str, wanted: Wanted | None) -> str | None:
    state = house.world.states.get(entity_id)
    if wanted is None:
        return None if state is None else f"expected no state, it is {state.state!r}"
    if state is None:
        return f"expected {shown(wanted)}, there is no state"
    if "state" in wanted and state.state != wanted["state"]:
        return f"expected {wanted['state']!r}, it is {state.state!r}"
    for name, value in wanted.get("attributes", {}).items():
        if not _within(value, state.attributes.get(name)):
            present = shown(state.attributes.get(name))
            return f"attribute {name}: expected {shown(value)}, it is {present}"
    return None


def _events(
    wanted: Sequence[Wanted], events: Sequence[tuple[float, str, dict[str, Any]]]
) -> str | None:
    rest = iter(events)
    for one in wanted:
        if not any(name == one["event"] and _within(one["data"], data) for _, name, data in rest):
            lines = [f"+ {name} {shown(data)}" for _, name, data in events]
            told = f"not fired, or not in this order: {one['event']} {shown(one['data'])}"
            return "\n".join([told, *(lines or ["no event was fired"])])
    return None


def _runs(house: "House", entity_id: str, wanted: int) -> str | None:
    traces = _traces(house, entity_id)
    if traces is None:
        return "there is no such automation or script"
    runs = [trace for trace in traces if trace.execution not in _REFUSED]
    if len(runs) == wanted:
        return None
    lines = [f"  {at(house, trace.start)} {trace.trigger}: {trace.execution}" for trace in traces]
    return "\n".join([f"expected {wanted}, there were {len(runs)}", *lines])


_REFUSED = ("failed_conditions", "failed_single", "failed_max_runs")


def _trace(house: "House", entity_id: str, wanted: Wanted) -> str | None:
    traces = _traces(house, entity_id)
    if traces is None:
        return "there is no such automation or script"
    if not traces:
        return "it did not run"
    trace = traces[-1]
    present = {
        "path": trace.paths,
        "result": trace.execution or "running",
        "trigger": trace.trigger,
        "error": trace.error,
    }
    for key, value in present.items():
        if key in wanted and wanted[key] != value:
            return f"{key}: expected {shown(wanted[key])}, it is {shown(value)}"
    for path in wanted.get("includes", ()):
        if path not in trace.paths:
            return f"did not come to {path}; path: {' '.join(trace.paths)}"
    for path in wanted.get("excludes", ()):
        if path in trace.paths:
            return f"came to {path}; path: {' '.join(trace.paths)}"
    return None


def _result(house: "House", entity_id: str, wanted: str) -> str | None:
    return _trace(house, entity_id, {"result": wanted})


_CALLS: Final[dict[str, Callable[[Sequence[Wanted], Sequence["Call"]], str | None]]] = {
    "calls": _in_order,
    "calls_in_any_order": _any_order,
    "calls_include": _included,
}

_LOOKS: Final[dict[str, Callable[["House", str, Any], str | None]]] = {
    "states": _state,
    "runs": _runs,
    "result": _result,
    "trace": _trace,
}


def _answered(wanted: Any, present: Any) -> str | None:
    if isinstance(wanted, str) and isinstance(present, str) and wanted in present:
        return None
    return None if _within(wanted, present) else f"expected {shown(wanted)}, it is {shown(present)}"


def _traces(house: "House", entity_id: str) -> "list[Trace] | None":
    try:
        return list(house.automations.get(entity_id).traces)
    except NotFound:
        return None


def at(house: "House", time: float) -> str:
    """Return a moment as the clocks of the house show it."""
    from datetime import UTC, datetime
    from zoneinfo import ZoneInfo

    place = ZoneInfo(house.world.settings.hub.time_zone)
    return datetime.fromtimestamp(time, UTC).astimezone(place).strftime("%Y-%m-%d %H:%M:%S")
