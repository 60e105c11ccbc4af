"""Names inside templates: constants that functions of the house take, found in the syntax tree."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from hub.templates.errors import TemplateError

_ENTITY: Final = re.compile(r"[a-z0-9_]+\.[a-z0-9_]+")

_TAKES: Final[dict[str, str]] = {
    **dict.fromkeys(
        (
            *("states", "is_state", "state_attr", "is_state_attr", "has_value", "expand"),
            *("state_translated", "is_hidden_entity", "closest"),
        ),
        "entity",
    ),
    **dict.fromkeys(("area_entities", "area_devices"), "area"),
    **dict.fromkeys(("floor_areas", "floor_entities"), "floor"),
    **dict.fromkeys(("label_entities", "label_devices", "label_areas"), "label"),
    "device_entities": "device",
    "resource": "resource",
    **dict.fromkeys(
        (
            *("device_id", "device_attr", "is_device_attr", "device_name", "area_id", "area_name"),
            *("floor_id", "floor_name", "labels", "distance"),
        ),
        "any",
    ),
}
"""What the first argument of a function is; `any` may be an entity, a device or a name."""

Name = tuple[str, str, bool]
"""Kind, value, and whether it is surely one."""


@lru_cache(maxsize=4096)
def names(text: str) -> tuple[Name, ...]:
    """Return the names in a template; none in one that can not be compiled."""
    from jinja2 import TemplateSyntaxError

    from hub.templates.environment import environment

    try:
        tree = environment().parse(text)
    except (TemplateSyntaxError, TemplateError):
        return ()
    return tuple(dict.fromkeys(_names(tree)))


def _names(tree: Any) -> Iterator[Name]:
    from jinja2 import nodes

    for node in tree.find_all((nodes.Call, nodes.Filter, nodes.Test, nodes.Getattr, nodes.Getitem)):
        if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name):
            yield from _taken(node.node.name, node.args)
        elif isinstance(node, nodes.Filter | nodes.Test) and node.node is not None:
            yield from _taken(node.name, [node.node])
            if isinstance(node, nodes.Filter) and node.name in ("map", "select", "reject"):
                yield from _mapped(node)
        elif isinstance(node, nodes.Getattr | nodes.Getitem):
            yield from _attribute(node)
    for node in tree.find_all(nodes.Const):
        if isinstance(node.value, str) and _ENTITY.fullmatch(node.value):
            yield "entity", node.value, False


def _mapped(node: Any) -> Iterator[Name]:
    """Read `['sensor.a', 'sensor.b'] | map('states')`."""
    from jinja2 import nodes

    first = node.args[0] if node.args else None
    if isinstance(first, nodes.Const) and first.value in _TAKES:
        yield from _taken(first.value, [node.node])


def _taken(function: str, args: list[Any]) -> Iterator[Name]:
    """Read the constants that a function of the house is given."""
    kind = _TAKES.get(function)
    if kind is None:
        return
    many = args if function in ("expand", "closest", "distance") else args[:1]
    for value in _constants(many):
        if kind == "entity" or (kind == "any" and _ENTITY.fullmatch(value)):
            if _ENTITY.fullmatch(value):
                yield "entity", value, True
        elif kind != "any":
            yield kind, value, True


def _constants(args: list[Any]) -> Iterator[str]:
    from jinja2 import nodes

    for item in args:
        if isinstance(item, nodes.Const) and isinstance(item.value, str):
            yield item.value
        elif isinstance(item, nodes.List | nodes.Tuple):
            yield from _constants(item.items)


def _attribute(node: Any) -> Iterator[Name]:
    """Read `states.sensor.kitchen` and `states.sensor['kitchen']`."""
    inner = node.node
    domain, object_id = _key(inner), _key(node)
    if (
        domain is not None
        and object_id is not None
        and _is_states(getattr(inner, "node", None))
        and _ENTITY.fullmatch(f"{domain}.{object_id}")
    ):
        yield "entity", f"{domain}.{object_id}", True
    elif object_id is not None and _is_states(inner) and _ENTITY.fullmatch(object_id):
        yield "entity", object_id, True


def _key(node: Any) -> str | None:
    from jinja2 import nodes

    if isinstance(node, nodes.Getattr):
        return str(node.attr)
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        return node.arg.value if isinstance(node.arg.value, str) else None
    return None


def _is_states(node: Any) -> bool:
    from jinja2 import nodes

    return isinstance(node, nodes.Name) and node.name == "states"


def renamed(text: str, old: str, new: str) -> str:
    """Return a template with an entity id changed wherever it stands as a whole."""
    domain, _, object_id = old.partition(".")
    new_domain, _, new_object = new.partition(".")
    whole = re.compile(rf"(?<![\w.]){re.escape(old)}(?!\w)")
    attribute = re.compile(rf"\bstates\.{re.escape(domain)}\.{re.escape(object_id)}(?!\w)")
    item = re.compile(
        rf"\bstates(?:\.{re.escape(domain)}|\[(['\"]){re.escape(domain)}\1\])"
        rf"\[(['\"]){re.escape(object_id)}\2\]"
    )
    text = whole.sub(new, text)
    text = attribute.sub(f"states.{new_domain}.{new_object}", text)
    return item.sub(rf"states.{new_domain}[\2{new_object}\2]", text)
