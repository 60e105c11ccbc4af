"""What is looked at before a template runs: its syntax, its size, and every name it calls."""

import difflib
from collections.abc import Iterable, Iterator
from typing import Final

from jinja2 import meta, nodes
from jinja2.exceptions import TemplateSyntaxError

from hub.templates.environment import HubEnvironment
from hub.templates.errors import TemplateError
from hub.templates.limits import MAX_NODES, MAX_TEMPLATE

_REFUSED: Final[dict[type[nodes.Node], str]] = {
    nodes.Extends: "extends",
    nodes.Include: "include",
    nodes.Import: "import",
    nodes.FromImport: "from ... import",
    nodes.Block: "block",
    nodes.ScopedEvalContextModifier: "autoescape",
}
"""A template is one text here: there are no others that it could take in."""

NOT_HERE: Final = frozenset(
    {
        "config_entry_attr",
        "config_entry_id",
        "issue",
        "issues",
        "state_attr_translated",
        "state_translated",
    }
)
"""Functions of Home Assistant that the hub does not have."""

_BY_NAME: Final = {
    "map": "filter", "select": "test", "reject": "test",
    "selectattr": "test", "rejectattr": "test",
}  # fmt: skip
"""Filters that take the name of another filter or test as a text."""


def parse(environment: HubEnvironment, text: str) -> nodes.Template:
    """Return the syntax tree; raises `TemplateError` with the line."""
    if len(text) > MAX_TEMPLATE:
        raise TemplateError(f"A template of {len(text)} characters, the limit is {MAX_TEMPLATE}")
    try:
        tree = environment.parse(text)
    except TemplateSyntaxError as error:
        raise TemplateError(f"TemplateSyntaxError: {error.message}", error.lineno) from None
    except (RecursionError, MemoryError):
        raise TemplateError("The template is nested too deeply") from None
    except ValueError as error:
        raise TemplateError(f"TemplateSyntaxError: {error}") from None
    try:
        _check(environment, tree)
    except RecursionError:
        raise TemplateError("The template is nested too deeply") from None
    return tree


def _check(environment: HubEnvironment, tree: nodes.Template) -> None:
    called: dict[str, int] = {}
    for count, node in enumerate(_walk(tree)):
        if count >= MAX_NODES:
            raise TemplateError(f"A template of more than {MAX_NODES} parts")
        for kind, name in _REFUSED.items():
            if isinstance(node, kind):
                raise TemplateError(f"The tag {name} is not supported", node.lineno)
        if isinstance(node, nodes.Filter):
            _known("filter", node.name, environment.filters, node.lineno)
            _check_by_name(environment, node)
        elif isinstance(node, nodes.Test):
            _known("test", node.name, environment.tests, node.lineno)
        elif isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name):
            called.setdefault(node.node.name, node.lineno)
    if not called:
        return
    undeclared = meta.find_undeclared_variables(tree)
    for name in called.keys() & undeclared:
        _known("function", name, environment.globals, called[name])


def _check_by_name(environment: HubEnvironment, node: nodes.Filter) -> None:
    kind = _BY_NAME.get(node.name)
    place = 1 if node.name.endswith("attr") else 0
    if kind is None or len(node.args) <= place:
        return
    name = node.args[place]
    if isinstance(name, nodes.Const) and isinstance(name.value, str):
        known = environment.filters if kind == "filter" else environment.tests
        _known(kind, name.value, known, node.lineno)


def _known(kind: str, name: str, known: Iterable[str], line: int) -> None:
    if name in known:
        return
    if name in NOT_HERE:
        raise TemplateError(f"The {kind} {name!r} of Home Assistant is not supported here", line)
    near = difflib.get_close_matches(name[:60], list(known), 1, 0.7)
    hint = f", did you mean {near[0]!r}?" if near else ""
    raise TemplateError(f"There is no {kind} {name[:60]!r}{hint}", line)


def _walk(tree: nodes.Node) -> Iterator[nodes.Node]:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(node.iter_child_nodes())
