"""What differs between two specs, path by path; secrets never show."""

from collections.abc import Hashable, Iterator, Mapping
from typing import Any

from hub.resources.sealing import STORED, hidden
from hub.schema.markers import SEALED, dotted, names

Difference = dict[str, Any]


def diff(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> list[Difference]:
    """Return `{"path", "before", "after"}` for each place that differs; an absent side is left out.

    Both are stored specs. Items of lists are matched by what identifies them.
    """
    return list(_compare(old or {}, new or {}, ()))


def _compare(old: Any, new: Any, path: tuple[Hashable, ...]) -> Iterator[Difference]:
    if old == new:
        return
    if _secret(old) and _secret(new):
        after = {**SEALED, "changed": True}
        yield {"path": dotted(path), "before": dict(SEALED), "after": after}
    elif (
        isinstance(old, Mapping) and isinstance(new, Mapping) and not (_secret(old) or _secret(new))
    ):
        yield from _keys(old, new, path)
    elif isinstance(old, list) and isinstance(new, list) and _named(old) and _named(new):
        yield from _items(old, new, path)
    else:
        yield {"path": dotted(path), "before": hidden(old), "after": hidden(new)}


def _keys(
    old: Mapping[Any, Any], new: Mapping[Any, Any], path: tuple[Hashable, ...]
) -> Iterator[Difference]:
    for key in dict.fromkeys((*old, *new)):
        place = (*path, key)
        if key not in new:
            yield {"path": dotted(place), "before": hidden(old[key])}
        elif key not in old:
            yield {"path": dotted(place), "after": hidden(new[key])}
        else:
            yield from _compare(old[key], new[key], place)


def _items(old: list[Any], new: list[Any], path: tuple[Hashable, ...]) -> Iterator[Difference]:
    """Compare lists whose items have names; a new order alone is told as such."""
    before = dict(zip(names(old), old, strict=True))
    after = dict(zip(names(new), new, strict=True))
    yield from _keys(before, after, path)
    shared = [name for name in before if name in after]
    if shared != [name for name in after if name in before]:
        yield {"path": dotted(path), "before": list(before), "after": list(after)}


def _named(items: list[Any]) -> bool:
    return all(isinstance(name, str) for name in names(items))


def _secret(value: Any) -> bool:
    return isinstance(value, Mapping) and STORED in value
