"""Resources in YAML files: mappings of `type/key: spec`, with the line each comes from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hub.config import loader
from hub.errors import Problem

SUFFIXES: Final = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Document:
    """One resource of a file; secrets stand in `spec` in the clear."""

    id: str
    """`type/key`."""
    spec: dict[str, Any]
    file: str | None = None
    line: int | None = None
    places: "dict[tuple[Any, ...], tuple[str, int]] | None" = None
    """File and line of every field, by the keys that lead to it."""

    def __repr__(self) -> str:
        """Leave the spec out: it may hold secrets."""
        return f"Document({self.id!r}, {self.file}:{self.line})"


def files(paths: Iterable[Path]) -> list[Path]:
    """Return the YAML files that are named, or lie in the folders that are named, in order.

    Hidden files and `secrets.yaml` are left out.
    """
    found: list[Path] = []
    for path in paths:
        inside = path.rglob("*") if path.is_dir() else [path]
        found += sorted(
            item
            for item in inside
            if item == path
            or (
                item.suffix in SUFFIXES
                and item.is_file()
                and item.name != loader.SECRETS
                and not any(part.startswith(".") for part in item.relative_to(path).parts)
            )
        )
    return found


def read(paths: Sequence[Path], root: Path | None = None) -> tuple[list[Document], list[Problem]]:
    """Read files and folders; `!include` and `!secret` look no higher than `root`.

    Returns what could be read and every problem; nothing is to be applied when there is one.
    """
    documents: list[Document] = []
    problems: list[Problem] = []
    first: dict[str, Document] = {}
    for path in files(paths):
        loaded = loader.load(path, root)
        problems += loaded.problems
        if loaded.value is None or loaded.problems:
            continue
        if not isinstance(loaded.value, dict):
            problems.append(Problem(str(path), 1, "expected resources as `type/key: fields`"))
            continue
        inside: dict[Any, dict[Any, tuple[str, int]]] = {}
        for keys, at in loaded.places.items():
            if keys:
                inside.setdefault(keys[0], {})[keys[1:]] = at
        for name, spec in loaded.value.items():
            file, line = loaded.where((name,))
            if not isinstance(name, str) or "/" not in name or "." not in name.partition("/")[0]:
                problems.append(
                    Problem(file, line, f"{name!r}: expected type/key such as host.server/nas")
                )
            elif not isinstance(spec, dict):
                problems.append(Problem(file, line, f"{name}: expected its fields"))
            elif name in first:
                there = f"{first[name].file}:{first[name].line}"
                problems.append(Problem(file, line, f"{name} is given twice; first in {there}"))
            else:
                first[name] = Document(name, spec, file, line, inside[name])
                documents.append(first[name])
    return documents, problems
