"""Fields with a meaning beyond their form: secrets, and names of other resources.

A marker is an ordinary voluptuous validator, so a schema stays one declaration. `walk` finds the
markers of a schema and the places in a value they stand for.
"""

import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any, Final

import voluptuous as vol

Path = tuple[Hashable, ...]

SEALED: Final[dict[str, Any]] = {"sealed": True}
"""What a read shows in place of a secret; written back it keeps the secret."""

KEY: Final = re.compile(r"[a-z0-9](?:[a-z0-9_.-]{0,61}[a-z0-9])?")
"""A resource's key: small letters, digits, `_`, `.` and `-`, at most 63."""

IDENTITIES: Final = ("key", "id", "name", "username")
"""Fields by which an item of a list is known again after the list was reordered."""


class Secret:
    """A text that is written and never read back; sealed at rest."""

    def __init__(self, min: int = 1, max: int = 65536) -> None:
        """Accept `min` to `max` characters."""
        self.min = min
        self.max = max

    def __call__(self, value: object) -> Any:
        """Accept a text, or the placeholder that keeps what is there."""
        if value == SEALED:
            return dict(SEALED)
        if not isinstance(value, str):
            raise vol.Invalid('expected a text (or {"sealed": true} to keep the present one)')
        if len(value) < self.min:
            raise vol.Invalid(f"too short for a secret: at least {self.min} characters")
        if len(value) > self.max:
            raise vol.Invalid(f"too long for a secret: at most {self.max} characters")
        return value


class Reference:
    """The key of another resource; the store insists that it exists and keeps it from removal."""

    def __init__(self, type: str) -> None:
        """Name the resource type that is referred to, such as `host.server`."""
        self.type = type

    def __call__(self, value: object) -> str:
        """Accept a resource key."""
        return resource_key(value)


Marker = Secret | Reference


def resource_key(value: object) -> str:
    """Accept the key of a resource."""
    if not isinstance(value, str) or KEY.fullmatch(value) is None:
        raise vol.Invalid("expected small letters, digits, '_', '.' or '-', at most 63")
    return value


def walk(schema: Any, value: Any) -> Iterator[tuple[Path, Marker, Any]]:
    """Return path, marker and value of every marked field that `value` holds.

    Items of a list are named by the field that identifies them (`name=kitchen`), else by number.
    Branches of `vol.Any` that do not fit are passed over.
    """
    yield from _walk(schema, value, ())


def names(items: Sequence[Any]) -> list[Hashable]:
    """Return how paths name the items of a list; by number when two would share a name."""
    found = [_identity(item, index) for index, item in enumerate(items)]
    return found if len(set(found)) == len(found) else list(range(len(items)))


def markers(schema: Any) -> list[tuple[Path, Marker]]:
    """Return every marked field a schema knows; `*` stands for items of a list and free keys."""
    return list(_markers(schema, ()))


def replaced(value: Any, at: Mapping[Path, Any], path: Path = ()) -> Any:
    """Return a copy of `value` with the values of `at` in the places that its paths name."""
    if path in at:
        return at[path]
    if isinstance(value, Mapping):
        return {key: replaced(item, at, (*path, key)) for key, item in value.items()}
    if isinstance(value, list):
        named = zip(names(value), value, strict=True)
        return [replaced(item, at, (*path, name)) for name, item in named]
    return value


def dotted(path: Path) -> str:
    """Return a path as people read it."""
    return ".".join(str(part) for part in path)


def _identity(item: Any, index: int) -> Hashable:
    if isinstance(item, Mapping):
        for field in IDENTITIES:
            if isinstance(item.get(field), str):
                return f"{field}={item[field]}"
    return index


def _walk(schema: Any, value: Any, path: Path) -> Iterator[tuple[Path, Marker, Any]]:
    match schema:
        case Secret() | Reference():
            yield path, schema, value
        case vol.Schema():
            yield from _walk(schema.schema, value, path)
        case vol.All() | vol.Any():
            seen: set[Path] = set()
            for inner in schema.validators:
                for found in _walk(inner, value, path):
                    if found[0] not in seen:
                        seen.add(found[0])
                        yield found
        case dict() if isinstance(value, Mapping):
            for key, item in value.items():
                inner = _inner(schema, key)
                if inner is not None:
                    yield from _walk(inner, item, (*path, key))
        case list() if isinstance(value, list):
            for name, item in zip(names(value), value, strict=True):
                for inner in schema:
                    yield from _walk(inner, item, (*path, name))
        case _ if (inner := getattr(schema, "schema", None)) is not None and callable(schema):
            yield from _walk(inner, value, path)
        case _:
            pass


def _inner(schema: Mapping[Any, Any], key: object) -> Any:
    """Return the validator of a key: named, else that of free keys."""
    free: Any = None
    for known, inner in schema.items():
        name = known.schema if isinstance(known, vol.Marker) else known
        if name == key:
            return inner
        if not isinstance(name, Hashable) or isinstance(name, type) or callable(name):
            free = inner
    return free


def _markers(schema: Any, path: Path) -> Iterator[tuple[Path, Marker]]:
    match schema:
        case Secret() | Reference():
            yield path, schema
        case vol.Schema():
            yield from _markers(schema.schema, path)
        case vol.All() | vol.Any():
            for inner in schema.validators:
                yield from _markers(inner, path)
        case dict():
            for known, inner in schema.items():
                name = known.schema if isinstance(known, vol.Marker) else known
                yield from _markers(inner, (*path, name if isinstance(name, str) else "*"))
        case list():
            for inner in schema:
                yield from _markers(inner, (*path, "*"))
        case _ if (inner := getattr(schema, "schema", None)) is not None and callable(schema):
            yield from _markers(inner, path)
        case _:
            pass
