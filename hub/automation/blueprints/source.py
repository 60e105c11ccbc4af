"""The text of a blueprint: what it says of itself, its inputs, and a body with holes."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import voluptuous as vol
import yaml

from hub.const import HA_VERSION
from hub.schema import boolean, text

DOMAINS: Final = ("automation", "script", "template")
MAX_TEXT: Final = 256 * 1024
MAX_NODES: Final = 20_000
"""Aliases can multiply without end; nobody writes so many values by hand."""
DEEPEST: Final = 60

Keys = tuple[Hashable, ...]
_PLAIN: Final = "tag:yaml.org,2002:"
_SCALARS: Final = frozenset({"str", "int", "float", "bool", "null"})


@dataclass(frozen=True, slots=True)
class Input:
    """A hole: `!input name`."""

    name: str


@dataclass(frozen=True, slots=True)
class Blueprint:
    """A blueprint that has been read."""

    metadata: dict[str, Any]
    """What stands under `blueprint`, as `blueprint/list` tells it."""
    inputs: dict[str, dict[str, Any]]
    """The inputs of all sections by name; one without `default` must be given."""
    body: dict[str, Any]
    """The rest of the text; holes are `Input`s."""

    @property
    def domain(self) -> str:
        """Return what it is for: automation, script or template."""
        return str(self.metadata["domain"])


def parse(source: str) -> Blueprint:
    """Read a blueprint; raises `vol.Invalid` naming the line and what is wrong there."""
    reader = _Reader()
    value = reader.read(source)
    if not isinstance(value, dict) or not isinstance(value.get("blueprint"), dict):
        raise vol.Invalid("line 1: expected a mapping with the key blueprint")
    try:
        metadata = {**_METADATA(value["blueprint"])}
        inputs = _inputs(metadata.get("input", {}))
    except vol.Invalid as error:
        raise _placed(error, reader) from None
    body = {key: item for key, item in value.items() if key != "blueprint"}
    for name, line in reader.holes:
        if name not in inputs:
            raise vol.Invalid(f"line {line}: !input {name} is no input of this blueprint")
    return Blueprint(metadata, inputs, body)


def too_new(blueprint: Blueprint) -> str | None:
    """Say which version a blueprint needs that the hub does not speak; None = it fits."""
    wanted = (blueprint.metadata.get("homeassistant") or {}).get("min_version")
    if wanted is None or _numbers(wanted) <= _numbers(HA_VERSION):
        return None
    return f"needs Home Assistant {wanted}; this hub does what {HA_VERSION} does"


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


# --- what stands under `blueprint`


def _version(value: object) -> str:
    """Accept a version such as 2024.6.0."""
    parts = str(value).split(".") if isinstance(value, str) else []
    if len(parts) != 3 or not all(part.isascii() and part.isdecimal() for part in parts):
        raise vol.Invalid('expected a version such as "2024.6.0"')
    return str(value)


def _selector(value: object) -> Any:
    """Accept the name of a selector with its configuration."""
    if value is None or (isinstance(value, Mapping) and len(value) == 1):
        return value
    raise vol.Invalid("expected one selector, such as {number: {min: 0, max: 100}}")


_INPUT: Final = vol.Schema(
    {
        vol.Optional("name"): vol.Any(text, None),
        vol.Optional("description"): vol.Any(text, None),
        vol.Optional("default"): object,
        vol.Optional("selector"): _selector,
    }
)
_SECTION: Final = vol.Schema(
    {
        vol.Optional("name"): vol.Any(text, None),
        vol.Optional("icon"): vol.Any(text, None),
        vol.Optional("description"): vol.Any(text, None),
        vol.Optional("collapsed"): boolean,
        vol.Required("input"): {text: vol.Any(_INPUT, None)},
    }
)


def _either(value: object) -> Any:
    """Accept an input or a section of inputs."""
    if isinstance(value, Mapping) and "input" in value:
        return _SECTION(value)
    return None if value is None else _INPUT(value)


_METADATA: Final = vol.Schema(
    {
        vol.Required("name"): text,
        vol.Optional("description"): vol.Any(text, None),
        vol.Required("domain"): vol.In(DOMAINS, msg=f"expected one of {', '.join(DOMAINS)}"),
        vol.Optional("author"): text,
        vol.Optional("source_url"): text,
        vol.Optional("homeassistant"): {vol.Optional("min_version"): _version},
        vol.Optional("input", default=dict): vol.Any(vol.All(None, lambda _: {}), {text: _either}),
    }
)


def _inputs(given: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the inputs of all sections; a name may stand once."""
    found: dict[str, dict[str, Any]] = {}
    for name, item in given.items():
        section = item["input"] if item is not None and "input" in item else {name: item}
        for inner, fields in section.items():
            if inner in found:
                raise vol.Invalid(f"the input {inner} is there twice", path=["input", name])
            found[inner] = dict(fields or {})
    return found


def _placed(error: vol.Invalid, reader: "_Reader") -> vol.Invalid:
    """Return the first mistake with its line."""
    first = error.errors[0] if isinstance(error, vol.MultipleInvalid) else error
    path = tuple(getattr(part, "schema", part) for part in first.path)
    line = reader.line(("blueprint", *path))
    where = ".".join(str(part) for part in ("blueprint", *path))
    return vol.Invalid(f"line {line}: {where}: {first.error_message}")


# --- YAML with one tag


@dataclass(slots=True)
class _Reader:
    """One reading; `!secret` and `!include` are not for blueprints."""

    holes: list[tuple[str, int]] = field(default_factory=list)
    _lines: dict[Keys, int] = field(default_factory=dict)
    _nodes: int = 0

    def read(self, source: str) -> Any:
        if len(source) > MAX_TEXT:
            raise vol.Invalid(f"a blueprint has at most {MAX_TEXT // 1024} KiB")
        try:
            loader = yaml.CSafeLoader(source)
            try:
                node = loader.get_single_node()
                return None if node is None else self._value(loader, node, ())
            finally:
                loader.dispose()
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = 1 if mark is None else mark.line + 1
            problem = getattr(error, "problem", None) or error
            raise vol.Invalid(f"line {line}: not valid YAML: {problem}") from None

    def line(self, keys: Keys) -> int:
        """Return the line of a value, or of the nearest one that contains it."""
        while keys and keys not in self._lines:
            keys = keys[:-1]
        return self._lines.get(keys, 1)

    def _value(self, loader: yaml.CSafeLoader, node: yaml.Node, keys: Keys) -> Any:
        self._nodes += 1
        line = node.start_mark.line + 1
        self._lines.setdefault(keys, line)
        if self._nodes > MAX_NODES or len(keys) > DEEPEST:
            raise vol.Invalid(f"line {line}: too many values, or nested too deeply")
        if isinstance(node, yaml.MappingNode) and node.tag == f"{_PLAIN}map":
            return self._mapping(loader, node, keys)
        if isinstance(node, yaml.SequenceNode) and node.tag == f"{_PLAIN}seq":
            return [
                self._value(loader, item, (*keys, index)) for index, item in enumerate(node.value)
            ]
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(loader, node, keys, line)
        raise vol.Invalid(f"line {line}: the tag {node.tag} is not for blueprints")

    def _mapping(
        self, loader: yaml.CSafeLoader, node: yaml.MappingNode, keys: Keys
    ) -> dict[str, Any]:
        own = [str(key.value) for key, _ in node.value if key.tag != f"{_PLAIN}merge"]
        twice = next((name for name in own if own.count(name) > 1), None)
        line = node.start_mark.line + 1
        if twice is not None:
            raise vol.Invalid(f"line {line}: {twice!r} is given twice in this mapping")
        loader.flatten_mapping(node)
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise vol.Invalid(f"line {line}: a key must be a single word")
            name = str(key_node.value)
            self._lines[(*keys, name)] = key_node.start_mark.line + 1
            found[name] = self._value(loader, value_node, (*keys, name))
        return found

    def _scalar(
        self, loader: yaml.CSafeLoader, node: yaml.ScalarNode, keys: Keys, line: int
    ) -> Any:
        if node.tag == "!input":
            if keys[:1] == ("blueprint",):
                raise vol.Invalid(f"line {line}: !input is for what follows the blueprint key")
            name = str(node.value).strip()
            self.holes.append((name, line))
            return Input(name)
        if node.tag == f"{_PLAIN}timestamp":
            return str(node.value)
        if node.tag.removeprefix(_PLAIN) not in _SCALARS:
            raise vol.Invalid(f"line {line}: the tag {node.tag} is not for blueprints; !input is")
        try:
            return loader.construct_object(node)
        except (ValueError, OverflowError) as error:
            raise vol.Invalid(f"line {line}: not a valid value: {error}") from None
