"""YAML that knows its lines: `!include`, `!secret`, `!env_var`, and every mistake collected."""

import os
import stat
from collections.abc import Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from hub.errors import Problem

SECRETS: Final = "secrets.yaml"
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_DEEPEST: Final = 60
_MOST_NODES: Final = 1_000_000
"""Aliases can multiply without end; nobody writes so many values by hand."""

Place = tuple[str, int]
Keys = tuple[Hashable, ...]


@dataclass(slots=True)
class Loaded:
    """Plain data, the place every value came from, and what was wrong on the way."""

    value: Any = None
    problems: list[Problem] = field(default_factory=list)
    places: dict[Keys, Place] = field(default_factory=dict)
    broken: set[Keys] = field(default_factory=set)
    """Values that could not be read; nothing more is to be said about them."""
    exposed: list[Problem] = field(default_factory=list)
    """Files with secrets that other users of the machine may read."""

    def where(self, keys: Keys) -> Place:
        """Return file and line of a value, or of the nearest one that contains it."""
        while keys and keys not in self.places:
            keys = keys[:-1]
        return self.places[keys]

    def is_broken(self, keys: Keys) -> bool:
        """Tell whether the value, or one that contains it, could not be read."""
        return any(keys[:length] in self.broken for length in range(len(keys) + 1))


def load(path: Path, root: Path | None = None) -> Loaded:
    """Read a file and all it includes; never raises, `problems` tells what is wrong.

    Nothing outside `root`, by default the file's folder, is included or asked for secrets.
    """
    reader = _Reader(root or path.parent)
    reader.loaded.places[()] = (str(path), 1)
    reader.loaded.value = reader.file(path, (), ())
    return reader.loaded


class _Reader:
    """One reading of a configuration folder."""

    def __init__(self, root: Path) -> None:
        self.loaded = Loaded()
        self._given = root
        self._root = root.resolve()
        self._secrets: dict[Path, dict[str, Any]] = {}
        self._names: dict[Path, str] = {}
        self._nodes = 0

    def file(self, path: Path, keys: Keys, opened: tuple[Path, ...]) -> Any:
        """Read one file into its place in the tree."""
        loader = self._open(path, keys)
        if loader is None:
            return None
        try:
            node = loader.get_single_node()
            if node is None:
                return None
            return self._value(loader, node, keys, (*opened, path.resolve()))
        except yaml.YAMLError as error:
            self._syntax(path, keys, error)
            return None
        finally:
            loader.dispose()

    def _open(self, path: Path, keys: Keys) -> yaml.CSafeLoader | None:
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "is not UTF-8 text"
            if keys:
                self._problem(self.loaded.where(keys), keys, f"cannot read {path}: {reason}")
            else:
                self._problem((str(path), None), keys, f"cannot be read: {reason}")
            return None
        try:
            return yaml.CSafeLoader(text)
        except yaml.YAMLError as error:
            self._syntax(path, keys, error)
            return None

    def _value(
        self, loader: yaml.CSafeLoader, node: yaml.Node, keys: Keys, opened: tuple[Path, ...]
    ) -> Any:
        """Turn a node into plain data and note the places of what it holds."""
        self._nodes += 1
        if self._nodes > _MOST_NODES or len(keys) > _DEEPEST:
            raise yaml.YAMLError("nested too deeply, or an alias that contains itself")
        if not keys:
            self.loaded.places[keys] = self._place(opened, node)
        if not isinstance(node, yaml.ScalarNode) and str(node.tag).startswith("!"):
            message = f"{node.tag} can not stand before a list or a mapping"
            self._problem(self._place(opened, node), keys, message)
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(loader, node, keys, opened)
        if isinstance(node, yaml.SequenceNode):
            return self._sequence(loader, node, keys, opened)
        return self._scalar(loader, node, keys, opened)

    def _mapping(
        self, loader: yaml.CSafeLoader, node: yaml.MappingNode, keys: Keys, opened: tuple[Path, ...]
    ) -> dict[Hashable, Any]:
        self._own_keys_once(node, keys, opened)
        loader.flatten_mapping(node)
        result: dict[Hashable, Any] = {}
        for key_node, value_node in node.value:
            key = loader.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                self._problem(self._place(opened, key_node), keys, "a key must be a single word")
                continue
            self.loaded.places[(*keys, key)] = self._place(opened, key_node)
            result[key] = self._value(loader, value_node, (*keys, key), opened)
        return result

    def _own_keys_once(self, node: yaml.MappingNode, keys: Keys, opened: tuple[Path, ...]) -> None:
        """Report keys written twice; what `<<` merges in may be overridden."""
        first: dict[str, int] = {}
        for key_node, _value in node.value:
            name = str(key_node.value)
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            if name in first:
                message = f"{name!r} is given twice; first in line {first[name]}"
                self._problem(self._place(opened, key_node), (*keys, name), message)
            first.setdefault(name, key_node.start_mark.line + 1)

    def _sequence(
        self,
        loader: yaml.CSafeLoader,
        node: yaml.SequenceNode,
        keys: Keys,
        opened: tuple[Path, ...],
    ) -> list[Any]:
        result = []
        for index, item in enumerate(node.value):
            self.loaded.places[(*keys, index)] = self._place(opened, item)
            result.append(self._value(loader, item, (*keys, index), opened))
        return result

    def _scalar(
        self, loader: yaml.CSafeLoader, node: yaml.Node, keys: Keys, opened: tuple[Path, ...]
    ) -> Any:
        place = self._place(opened, node)
        match node.tag:
            case "!include":
                return self._include(str(node.value), place, keys, opened)
            case "!secret":
                return self._secret(str(node.value), place, keys, opened)
            case "!env_var":
                return self._env_var(str(node.value), place, keys)
            case tag if str(tag).startswith("!"):
                known = "!include, !secret and !env_var"
                self._problem(place, keys, f"unknown tag {tag}; known are {known}")
                return None
            case _:
                pass
        try:
            return loader.construct_object(node)
        except (ValueError, OverflowError) as error:
            self._problem(place, keys, f"not a valid value: {error}")
            return None

    def _include(self, name: str, place: Place, keys: Keys, opened: tuple[Path, ...]) -> Any:
        path = (opened[-1].parent / name).resolve()
        if not path.is_relative_to(self._root):
            self._problem(place, keys, f"!include {name} leaves the configuration folder")
        elif path in opened:
            self._problem(place, keys, f"!include {name} includes itself")
        elif not path.is_file():
            self._problem(place, keys, f"!include {name}: there is no such file")
        else:
            self.loaded.places.setdefault(keys, place)
            return self.file(path, keys, opened)
        return None

    def _secret(self, name: str, place: Place, keys: Keys, opened: tuple[Path, ...]) -> Any:
        """Look beside the file that asks, then in the folders above, up to the root."""
        if opened[-1].name == SECRETS:
            self._problem(place, keys, f"{SECRETS} can not use !secret itself")
            return None
        folder = opened[-1].parent
        while True:
            secrets = self._secrets_of(folder)
            if name in secrets:
                return secrets[name]
            if folder in (self._root, folder.parent):
                self._problem(place, keys, f"!secret {name}: {SECRETS} has no such name")
                return None
            folder = folder.parent

    def _secrets_of(self, folder: Path) -> dict[str, Any]:
        if folder not in self._secrets:
            self._secrets[folder] = {}
            path = folder / SECRETS
            if path.is_file():
                shown = self._shown(path)
                if (mode := stat.S_IMODE(path.stat().st_mode)) & _OTHERS:
                    message = f"other users may read it (mode {mode:04o}); chmod 600 {shown}"
                    self.loaded.exposed.append(Problem(str(shown), None, message))
                found = load(shown)
                self.loaded.problems += found.problems
                if isinstance(found.value, dict):
                    self._secrets[folder] = found.value
        return self._secrets[folder]

    def _env_var(self, text: str, place: Place, keys: Keys) -> str | None:
        name, _, default = text.partition(" ")
        if name in os.environ:
            return os.environ[name]
        if default:
            return default.strip()
        self._problem(place, keys, f"!env_var {name}: the variable is not set and has no default")
        return None

    def _place(self, opened: tuple[Path, ...], node: yaml.Node) -> Place:
        path = opened[-1]
        if (shown := self._names.get(path)) is None:
            shown = self._names[path] = str(self._shown(path))
        return shown, node.start_mark.line + 1

    def _shown(self, path: Path) -> Path:
        """Return the path as the person gave the folder, not as links resolve it."""
        inside = path.is_relative_to(self._root)
        return self._given / path.relative_to(self._root) if inside else path

    def _problem(self, place: tuple[str, int | None], keys: Keys, message: str) -> None:
        self.loaded.broken.add(keys)
        self.loaded.problems.append(Problem(*place, message))

    def _syntax(self, path: Path, keys: Keys, error: yaml.YAMLError) -> None:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        words = [getattr(error, "context", None), getattr(error, "problem", None)]
        reason = getattr(error, "reason", None)
        message = ", ".join(word for word in [*words, reason] if word) or str(error)
        line = None if mark is None else mark.line + 1
        self._problem((str(self._shown(path)), line), keys, f"not valid YAML: {message}")
