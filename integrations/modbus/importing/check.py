"""What was made against the hub's own schemas: what does not pass is told and left out."""

from collections.abc import Callable, Sequence
from typing import Any

import voluptuous as vol

from hub.sdk import Report, explain
from integrations.modbus.importing.draft import Item, Map, Spec, blocks


def definition(one: Map, name: str, rate: Callable[[int], str], report: Report) -> Spec | None:
    """Return the definition of a map without what the hub would refuse; None when nothing stays.

    A map is refused as a whole for one wrong register: so the entities that are at fault go.
    """
    items = list(one.items)
    while items:
        spec = _spec(one, items, name, rate)
        problem = _problem(spec)
        if problem is None:
            return spec
        bad = _at_fault(problem, spec, items)
        for item in bad:
            told = f"{item.title}: {explain(problem)}"
            report.left_out(item.place, told, "write it by hand")
        items = [item for item in items if item not in bad]
    return None


def flaw(kind: str, spec: Spec) -> str:
    """Return why the hub would refuse a link or device; empty when it would not."""
    from integrations.modbus.link_schema import LINK
    from integrations.modbus.schema import DEVICE

    try:
        {"modbus.link": LINK, "modbus.device": DEVICE}[kind](dict(spec))
    except vol.Invalid as error:
        return explain(error)
    return ""


def _spec(one: Map, items: Sequence[Item], name: str, rate: Callable[[int], str]) -> Spec:
    used = {key for item in items for key in item.registers}
    entries = [entry for entry in one.entries if entry.key in used]
    return {
        "name": name,
        "blocks": blocks(entries, rate),
        "entities": [dict(spec) for item in items for spec in item.specs],
    }


def _problem(spec: Spec) -> vol.Invalid | None:
    from integrations.modbus.mapping.schema import DEFINITION, check_definition

    try:
        check_definition(DEFINITION(spec))
    except vol.MultipleInvalid as error:
        return error.errors[0]
    except vol.Invalid as error:
        return error
    return None


def _at_fault(problem: vol.Invalid, spec: Spec, items: Sequence[Item]) -> list[Item]:
    """Return the entities that a complaint is about; all when it names none."""
    path: list[Any] = list(problem.path)
    if path[:1] == ["entities"] and len(path) > 1:
        index = path[1]
        for item in items:
            index -= len(item.specs)
            if index < 0:
                return [item]
    if path[:1] == ["blocks"] and len(path) > 3:
        key = path[3]
        found = [item for item in items if key in item.registers]
        return found[:1] or list(items)
    del spec
    return list(items)
