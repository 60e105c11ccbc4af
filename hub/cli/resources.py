"""What the commands for resources share: ids, paths, and how changes are shown."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from hub.cli.errors import USAGE, CliError
from hub.cli.output import cell, clean, paint
from hub.cli.wire import quote

ROOT: Final = "/api/resources"

WIDE: Final = 80
"""Values longer than this are shown over several lines."""

COLOURS: Final = {
    "in_sync": "green",
    "done": "green",
    "pending": "yellow",
    "applying": "yellow",
    "running": "yellow",
    "deleting": "yellow",
    "drifted": "yellow",
    "unknown": "yellow",
    "failed": "red",
    "interrupted": "red",
}


def split(id: str) -> tuple[str, str]:
    """Return type and key of `type/key`; raises `CliError`."""
    kind, slash, key = id.partition("/")
    if not kind or not key:
        raise CliError(
            f"{id!r} does not name a resource: expected TYPE/KEY, such as host.server/nas",
            "see the types with `hub get`" if not slash else f"see the keys with `hub get {kind}`",
            status=USAGE,
        )
    return kind, key


def path(id: str, *rest: str) -> str:
    """Return the REST path of `type/key` and of what lies under it."""
    return "/".join((ROOT, *map(quote, split(id)), *rest))


def id_of(thing: Mapping[str, Any]) -> str:
    """Return `type/key` of a resource, change or plan."""
    return f"{thing['resource_type']}/{thing['key']}"


def differences(diff: Iterable[Mapping[str, Any]], indent: str = "  ") -> str:
    """Return a line for each place that differs: `+` new, `-` gone, `~` changed."""
    lines = []
    for item in diff:
        place = clean(str(item.get("path") or "spec"))
        if "before" not in item:
            lines += _side("+", place, item.get("after"), indent)
        elif "after" not in item:
            lines += _side("-", place, item["before"], indent)
        else:
            before, after = value(item["before"]), value(item["after"])
            if len(before) + len(after) > WIDE:
                lines += _side("-", place, item["before"], indent)
                lines += _side("+", place, item["after"], indent)
            else:
                lines.append(paint(f"{indent}~ {place}: {before} -> {after}", "yellow"))
    return "\n".join(lines)


def _side(sign: str, place: str, item: Any, indent: str) -> list[str]:
    """Return a value that came or went, long ones over several lines."""
    colour = "green" if sign == "+" else "red"
    text = value(item)
    if len(text) <= WIDE or not isinstance(item, Mapping | list):
        return [paint(f"{indent}{sign} {place}: {text}", colour)]
    lines = [f"{place}:", *_outline(item, 2)]
    return [paint(f"{indent}{sign} {line}", colour) for line in lines]


def value(item: Any) -> str:
    """Return a value of a spec on one line, texts in quotes so that `21` and `"21"` differ."""
    if isinstance(item, Mapping) and item.get("sealed") is True:
        return cell(item)
    return clean(json.dumps(item, ensure_ascii=False))


def counted(number: int, noun: str) -> str:
    """Return `1 change` or `2 changes`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def change_line(change: Mapping[str, Any], *, would: bool = False) -> str:
    """Return what a write did, or would do, with one resource."""
    action = change["action"]
    if action == "unchanged":
        text = f"{id_of(change)} unchanged"
    elif would:
        verbs = {"created": "create", "updated": "update"}
        text = f"would {verbs.get(action, 'delete')} {id_of(change)}"
    elif action in ("created", "updated"):
        text = f"{id_of(change)} {action}, revision {change['revision']}"
    else:
        text = f"{id_of(change)} {action}"
    return clean(text)


def outline(value: Any, indent: int = 0) -> str:
    """Return a spec as indented lines, as YAML looks, without importing YAML."""
    return "\n".join(_outline(value, indent))


def _outline(item: Any, indent: int) -> Iterable[str]:
    space = " " * indent
    if isinstance(item, Mapping) and item and item.get("sealed") is not True:
        for key, inner in item.items():
            yield from _entry(f"{space}{clean(str(key))}:", inner, indent + 2)
    elif isinstance(item, list) and item:
        for inner in item:
            first, *others = _outline(inner, indent + 2)
            yield f"{space}- {first.lstrip()}"
            yield from others
    else:
        yield space + _scalar(item)


def _entry(head: str, inner: Any, indent: int) -> Iterable[str]:
    if isinstance(inner, Mapping):
        below = bool(inner) and inner.get("sealed") is not True
    else:
        below = isinstance(inner, list) and any(isinstance(part, Mapping | list) for part in inner)
    if below:
        yield head
        yield from _outline(inner, indent)
    elif isinstance(inner, list):
        yield f"{head} {clean(json.dumps(inner, ensure_ascii=False))}"
    else:
        yield f"{head} {_scalar(inner)}"


def _scalar(item: Any) -> str:
    """Return a value as YAML would write it, as far as people care."""
    if isinstance(item, str) and item:
        return clean(item)
    if isinstance(item, Mapping) and item:
        return cell(item)
    return json.dumps(item)
