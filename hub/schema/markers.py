"""Fields with a meaning beyond their form: secrets, and names of other resources.

A marker is an ordinary voluptuous validator, so a schema stays one declaration. `walk` finds the
markers of a schema and the places in a value they stand for.
"""

import re
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
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

    def __init__(self, type: str, shipped: Iterable[str] = ()) -> None:
        """Name the resource type that is referred to, such as `host.server`.

        `shipped`: names that an integration brings; they need no resource, and one of the same
        key goes first.
        """
        self.type = type
        self.shipped = frozenset(shipped)

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
    for path, marker, held in _walk(schema, value, ()):
        if not _is_shipped(marker, held):
            yield path, marker, held


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
    """Go down schema and value side by side."""
    if isinstance(schema, Secret | Reference):
        yield path, schema, value
    elif isinstance(schema, vol.All | vol.Any):
        # branches may name a field twice
        found = {
            at: (at, marker, held)
            for inner in schema.validators
            for at, marker, held in _walk(inner, value, path)
        }
        yield from found.values()
    elif isinstance(schema, dict):
        for key, item in value.items() if isinstance(value, Mapping) else ():
            if (inner := _inner(schema, key)) is not None:
                yield from _walk(inner, item, (*path, key))
    elif isinstance(schema, list):
        items = value if isinstance(value, list) else []
        for name, item in zip(names(items), items, strict=True):
            for inner in schema:
                yield from _walk(inner, item, (*path, name))
    elif (nested := _nested(schema)) is not None:
        yield from _walk(nested, value, path)


def _is_shipped(marker: Marker, value: Any) -> bool:
    """Tell a name that is no resource, because an integration brings what it stands for."""
    return isinstance(marker, Reference) and isinstance(value, str) and value in marker.shipped


def _nested(schema: Any) -> Any:
    """Return the schema inside a `vol.Schema` or a validator that carries one."""
    return getattr(schema, "schema", None) if callable(schema) else None


def _inner(schema: Mapping[Any, Any], key: object) -> Any:
    """Return the validator of a key: named, else that of free keys."""
    free: Any = None
    for known, inner in schema.items():
        name = known.schema if isinstance(known, vol.Marker) else known
        if name == key:
            return inner
        if callable(name):
            free = inner
    return free


def _markers(schema: Any, path: Path) -> Iterator[tuple[Path, Marker]]:
    """Go down a schema alone."""
    if isinstance(schema, Secret | Reference):
        yield path, schema
    elif isinstance(schema, vol.All | vol.Any):
        for inner in schema.validators:
            yield from _markers(inner, path)
    elif isinstance(schema, dict):
        for known, inner in schema.items():
            name = known.schema if isinstance(known, vol.Marker) else known
            yield from _markers(inner, (*path, name if isinstance(name, str) else "*"))
    elif isinstance(schema, list):
        for inner in schema:
            yield from _markers(inner, (*path, "*"))
    elif (nested := _nested(schema)) is not None:
        yield from _markers(nested, path)
