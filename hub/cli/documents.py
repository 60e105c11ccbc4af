"""Specs and files of resources on this side: read with line numbers, changed by path."""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hub.cli.errors import USAGE, CliError
from hub.cli.resources import counted

if TYPE_CHECKING:
    from hub.config.loader import Loaded

STDIN: Final = "-"
_COMPLAINT: Final = re.compile(
    r"(?P<file>.+?):(?P<line>\d+): (?P<id>[a-z0-9_.]+/[^:\s]+): (?P<rest>.+)"
)
"""How the hub names a problem of a document: file, line, resource, path of the field, words."""

_ITEM: Final = re.compile(r"(?P<index>\d+)|(?P<field>\w+)=(?P<text>[^.=]*)")


@dataclass(frozen=True, slots=True)
class Documents:
    """What files hold: documents as the API takes them, and where each field came from."""

    wire: list[dict[str, Any]]
    """`{id, spec, file, line}`."""
    _places: dict[str, dict[str, tuple[str, int]]]

    @contextmanager
    def placed(self) -> Iterator[None]:
        """Give the hub's complaints about fields the lines of those fields: it has no files."""
        try:
            yield
        except CliError as error:
            if error.code == "invalid_config":
                error.message = "\n".join(map(self._placed, error.message.split("\n")))
            raise

    def where(self, id: str, path: Sequence[Any]) -> tuple[str, int]:
        """Return file and line of a field, or of the nearest one around it."""
        places = self._places.get(id, {})
        for length in range(len(path), 0, -1):
            if (found := places.get(".".join(map(str, path[:length])))) is not None:
                return _near(found[0]), found[1]
        here = next(item for item in self.wire if item["id"] == id)
        return _near(here["file"] or "-"), here["line"] or 1

    def _placed(self, line: str) -> str:
        """Return a complaint with the place of the field it names, else as it is."""
        match = _COMPLAINT.fullmatch(line)
        places = self._places.get(match["id"]) if match else None
        if match is None or places is None:
            return line
        parts = match["rest"].partition(": ")[0].split(".")
        while parts:
            if (found := places.get(".".join(parts))) is not None:
                return f"{_near(found[0])}:{found[1]}: {match['id']}: {match['rest']}"
            parts.pop()
        return f"{_near(match['file'])}:{match['line']}: {match['id']}: {match['rest']}"


def read(paths: Sequence[str]) -> Documents:
    """Read files and folders; `-` = standard input.

    Raises `CliError` (status 2) with `file:line: message` of every problem.
    """
    from hub.config.documents import read as read_files
    from hub.errors import Problem

    for name in paths:
        if name != STDIN and not Path(name).exists():
            raise CliError(f"{name}: there is no such file or folder", status=USAGE)
    documents, problems = [], []
    first: dict[str, str] = {}
    for name in paths:
        place = Path("/dev/stdin" if name == STDIN else name)
        found, wrong = read_files([place], _root(place))
        problems += wrong
        for document in found:
            at = f"{_near(document.file or name)}:{document.line}"
            if document.id in first:
                message = f"{document.id} is given twice; first in {first[document.id]}"
                problems.append(Problem(document.file or name, document.line, message))
            first.setdefault(document.id, at)
        documents += found
    if problems:
        shown = [Problem(_near(item.file), item.line, item.message) for item in problems]
        told = "\n".join(str(problem) for problem in sorted(shown))
        words = counted(len(problems), "problem")
        raise CliError(f"{words}, nothing was applied\n{told}", status=USAGE)
    if not documents:
        raise CliError(f"there are no resources in {', '.join(paths)}", status=USAGE)
    wire = [
        {
            "id": document.id,
            "spec": document.spec,
            "file": None if document.file is None else _absolute(document.file),
            "line": document.line,
        }
        for document in documents
    ]
    places = {
        document.id: {".".join(map(str, keys)): at for keys, at in (document.places or {}).items()}
        for document in documents
    }
    return Documents(wire, places)


def read_spec(id: str, name: str) -> dict[str, Any]:
    """Return the spec in a file: the bare fields, or a file of resources that holds `id`.

    Raises `CliError` (status 2).
    """
    from hub.config.loader import load

    path = Path("/dev/stdin" if name == STDIN else name)
    loaded = load(path)
    if loaded.problems:
        told = "\n".join(str(problem) for problem in sorted(loaded.problems))
        raise CliError(told, status=USAGE)
    return spec_of(id, loaded.value, "standard input" if name == STDIN else name)


def load(name: str, landmark: str) -> "Loaded":
    """Read any YAML, with the line of every value; `problems` tells what is wrong with it.

    `!include` and `!secret` may look as far up as the folder that holds `landmark`.
    """
    from hub.config.loader import load as load_file

    place = Path("/dev/stdin" if name == STDIN else name)
    return load_file(place, _root(place, landmark))


def spec_of(id: str, value: Any, where: str) -> dict[str, Any]:
    """Return the spec that a parsed document holds for `id`; raises `CliError` (status 2)."""
    if not isinstance(value, dict):
        raise CliError(f"{where}: expected the fields of {id}", status=USAGE)
    if id in value:
        value = value[id]
        if not isinstance(value, dict):
            raise CliError(f"{where}: expected the fields of {id}", status=USAGE)
        return value
    others = [key for key in value if isinstance(key, str) and "/" in key]
    if others:
        raise CliError(
            f"{where} holds {', '.join(others[:3])}, not {id}",
            "write many resources at once with `hub apply -f`",
            status=USAGE,
        )
    return value


def assign(spec: dict[str, Any], change: str) -> None:
    """Do one `path=value`: dots between keys, list items as `name=kitchen` or by number.

    The value is JSON (`21`, `true`, `null`, `[1, 2]`), anything else is a text. Raises `CliError`.
    """
    place: Any = spec
    rest = change
    while True:
        name, rest, last = _step(place, rest, change)
        if last:
            place[name] = _value(rest)
            return
        if isinstance(place, dict):
            inner = place.setdefault(name, {})
            if not isinstance(inner, dict | list):
                raise _wrong(change, f"{name} has no fields")
            place = inner
        else:
            place = place[name]


def _step(place: Any, rest: str, change: str) -> tuple[Any, str, bool]:
    """Return key or index, what is left, and whether that is the value."""
    if isinstance(place, dict):
        match = re.match(r"([^.=]+)([.=])", rest)
        if match is None:
            raise _wrong(change, "expected path=value")
        return match[1], rest[match.end() :], match[2] == "="
    if not isinstance(place, list):
        raise _wrong(change, "there are no fields below this")
    match = _ITEM.match(rest)
    after = rest[match.end() : match.end() + 1] if match else ""
    if match is None or after not in (".", "="):
        raise _wrong(change, "name an item of the list by number or as field=text")
    left = rest[match.end() + 1 :]
    if match["index"] is not None:
        index = int(match["index"])
        if index >= len(place):
            raise _wrong(change, f"the list has {len(place)} items")
        return index, left, after == "="
    for index, item in enumerate(place):
        if isinstance(item, dict) and str(item.get(match["field"])) == match["text"]:
            return index, left, after == "="
    raise _wrong(change, f"no item has {match[0]}")


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _wrong(change: str, why: str) -> CliError:
    return CliError(
        f"--set {change}: {why}",
        "write --set path=value, such as --set zones.name=kitchen.setpoint=21",
        status=USAGE,
    )


def _root(place: Path, landmark: str = "hub.yaml") -> Path:
    """Return how far up `!include` and `!secret` may look: the folder of hub.yaml, or the named."""
    folder = place.resolve() if place.is_dir() else place.resolve().parent
    return next((up for up in (folder, *folder.parents) if (up / landmark).is_file()), folder)


def _near(file: str) -> str:
    """Return a file's name as seen from here, when it is below."""
    path, here = Path(file), Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else file


def _absolute(file: str) -> str | None:
    """Return the file's full name; None for what came through a pipe."""
    return None if file == "/dev/stdin" else str(Path(file).resolve())
