"""From the installation that is wanted and the one that runs to steps; pure."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from hub.sdk import Step
from integrations.neasmart.models import GROUPS, Parts

START: Final = "start"
STOP: Final = "stop"
RESTART: Final = "restart"


def apart(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Take a spec apart: its settings by name, and every base, zone, group by its numbers."""
    things = {"bases", *GROUPS}
    parts: dict[str, Any] = {"capture": None}
    parts |= {name: value for name, value in spec.items() if name not in things}
    for base in spec["bases"]:
        number = base["number"]
        parts[f"base {number}"] = {"name": base.get("name") or f"Base station {number}"}
        for zone in base["zones"]:
            parts[f"zone {number}-{zone['channel']}"] = {
                "name": zone["name"],
                "area": zone.get("area"),
                "humidity": zone["humidity"],
            }
    for field, noun in GROUPS.items():
        parts |= {f"{noun} {number}": True for number in spec[field]}
    return parts


def steps(wanted: Parts | None, running: Parts | None, *, known: bool = False) -> list[Step]:
    """Return what makes `running` what is `wanted`, in order; None = there is to be, is, none.

    `known`: the hub still has devices of an installation that does not run.
    """
    if wanted is None:
        return _stop(running, known=known)
    if running is None:
        place = where(wanted["transport"])
        return [Step(START, "installation", f"start the installation on {place}", after=place)]
    things = [part for part in {**running, **wanted} if is_thing(part)]
    gone = sorted((part for part in things if part not in wanted), key=_is_base)
    new = sorted((part for part in things if part not in running), key=_is_base, reverse=True)
    kept = [part for part in things if part in wanted and part in running]
    return [
        *_line(wanted, running),
        *_settings(wanted, running),
        *(_remove(part, running[part]) for part in gone),
        *(_add(part, wanted[part]) for part in new),
        *(step for part in kept for step in _change(part, wanted[part], running[part])),
    ]


def done(parts: Parts, step: Step) -> dict[str, Any]:
    """Return what runs after a step; a second time it changes nothing."""
    return _with(parts, step.data, step.after)


def undone(parts: Parts, step: Step) -> dict[str, Any]:
    """Return what runs after a step was taken back."""
    return _with(parts, step.data, step.before)


def is_thing(part: str) -> bool:
    """Tell a base, zone, group from a setting."""
    return " " in part


def where(transport: Mapping[str, Any]) -> str:
    """Return the place of a line: `host:port`, or its serial device."""
    if transport["type"] == "serial":
        return str(transport["device"])
    return f"{transport['host']}:{transport['port']}"


def _with(parts: Parts, data: Mapping[str, Any], value: Any) -> dict[str, Any]:
    part, field = data["part"], data.get("field")
    found = dict(parts)
    if field is not None:
        found[part] = {**found.get(part, {}), field: value}
    elif value is None and is_thing(part):
        found.pop(part, None)
    else:
        found[part] = value
    return found


def _stop(running: Parts | None, *, known: bool) -> list[Step]:
    if running is not None:
        place = where(running["transport"])
        summary = f"stop the installation on {place} (its devices and entities go)"
        return [Step(STOP, "installation", summary, before=place, data={"parts": dict(running)})]
    if known:
        return [Step(STOP, "installation", "remove the devices and entities of the installation")]
    return []


def _line(wanted: Parts, running: Parts) -> Iterable[Step]:
    old, new = running["transport"], wanted["transport"]
    if old != new:
        fields = [name for name in sorted({**old, **new}) if old.get(name) != new.get(name)]
        told = ", ".join(
            f"{name} {_say(old.get(name))} -> {_say(new.get(name))}" for name in fields
        )
        summary = f"restart the line on {where(new)}: {told}"
        yield Step(RESTART, "line", summary, old, new, {"part": "transport"})


def _settings(wanted: Parts, running: Parts) -> Iterable[Step]:
    for name, new in sorted(wanted.items()):
        old = running.get(name)
        if is_thing(name) or name == "transport" or old == new:
            continue
        change = f"{_say(old)} -> {_say(new)}"
        action, summary = "change", f"change {name} {change}"
        if name == "name":
            action, summary = "rename", f"rename the installation {change}"
        elif name.startswith("startup_"):
            summary += " (sent at the next start)"
        yield Step(action, name, summary, old, new, {"part": name})


def _remove(part: str, old: Any) -> Step:
    summary = f"remove {_called(part, old)} (its entities go)"
    return Step("remove", part, summary, before=old, data={"part": part})


def _add(part: str, new: Any) -> Step:
    return Step("add", part, f"add {_called(part, new)}", after=new, data={"part": part})


def _change(part: str, new: Any, old: Any) -> Iterable[Step]:
    if not isinstance(new, Mapping):
        return
    for field, value in new.items():
        before = old.get(field)
        if before == value:
            continue
        action, summary = _words(part, field, before, value)
        yield Step(action, part, summary, before, value, {"part": part, "field": field})


def _words(part: str, field: str, old: Any, new: Any) -> tuple[str, str]:
    if field == "name":
        return "rename", f"rename {part} {old} -> {new}"
    if field == "area":
        told = f"move {part} to the area {new}" if new else f"leave {part} in the area where it is"
        return "move", told
    if new:
        return "change", f"add the humidity of {part}"
    return "change", f"remove the humidity of {part} (its entity goes)"


def _called(part: str, value: Any) -> str:
    return f"{part} {value['name']}" if isinstance(value, Mapping) else part


def _is_base(part: str) -> bool:
    """Tell what other parts hang on: it comes first and goes last."""
    return part.startswith("base ")


def _say(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list):
        return ", ".join(map(_say, value)) or "none"
    if isinstance(value, Mapping):
        return " ".join(map(_say, value.values()))
    return f"{value:g}" if isinstance(value, float) else str(value)
