"""Lists, sets and mappings."""

import random
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from hub.templates.current import CURRENT
from hub.templates.limits import MAX_ITEMS, TooMuch, collected


def set_(values: Iterable[Any] = ()) -> set[Any]:
    """Return the different items."""
    found: set[Any] = collected(CURRENT.get(), values, set, set.add)
    return found


def list_(values: Iterable[Any] = ()) -> list[Any]:
    """Return the items as a list."""
    return list(values)


def tuple_(values: Iterable[Any] = ()) -> tuple[Any, ...]:
    """Return the items as a tuple."""
    return tuple(values)


def zip_(*values: Iterable[Any]) -> Iterable[tuple[Any, ...]]:
    """Return the first items of all, then the second, until the shortest ends."""
    return zip(*values, strict=False)


def flatten(value: Any, levels: int | None = None) -> list[Any]:
    """Return the items of lists inside a list, down to `levels`."""
    if isinstance(value, str | Mapping) or not isinstance(value, Iterable):
        raise TypeError(f"flatten takes a list, this is a {type(value).__name__}")
    run = CURRENT.get()
    found: list[Any] = []
    stack = [(iter(value), levels)]
    while stack:
        items, left = stack[-1]
        for item in items:
            run.tick()
            if isinstance(item, list | tuple | set | frozenset) and left != 0:
                stack.append((iter(item), None if left is None else left - 1))
                break
            found.append(item)
            if len(found) > MAX_ITEMS:
                raise TooMuch(f"A list or mapping of more than {MAX_ITEMS} items")
        else:
            stack.pop()
    return found


def _of_two(call: Callable[[set[Any], set[Any]], set[Any]]) -> Callable[..., list[Any]]:
    def function(left: Iterable[Any], right: Iterable[Any]) -> list[Any]:
        for value in (left, right):
            if isinstance(value, str) or not isinstance(value, Iterable):
                raise TypeError(f"expected a list, this is a {type(value).__name__}")
        return list(call(set_(left), set_(right)))

    return function


intersect = _of_two(lambda left, right: left & right)
difference = _of_two(lambda left, right: left - right)
symmetric_difference = _of_two(lambda left, right: left ^ right)
union = _of_two(lambda left, right: left | right)


def combine(*mappings: Any, recursive: bool = False) -> dict[Any, Any]:
    """Return one mapping of several, later ones winning; inner mappings too when `recursive`."""
    if not mappings:
        raise TypeError("combine takes at least one mapping")
    found: dict[Any, Any] = {}
    for mapping in mappings:
        if not isinstance(mapping, Mapping):
            raise TypeError(f"combine takes mappings, this is a {type(mapping).__name__}")
        found = _merged(found, mapping) if recursive else {**found, **mapping}
    return found


def _merged(left: Mapping[Any, Any], right: Mapping[Any, Any]) -> dict[Any, Any]:
    CURRENT.get().tick()
    found = dict(left)
    for key, value in right.items():
        before = found.get(key)
        if isinstance(value, Mapping) and isinstance(before, Mapping):
            value = _merged(before, value)  # noqa: PLW2901 - the same value, completed
        found[key] = value
    return found


def contains(values: Any, item: Any) -> bool:
    """Tell whether an item is among the values, or a text inside a text."""
    return item in values


def shuffle(*values: Any, seed: Any = None) -> list[Any]:
    """Return the items in another order; not followed, the next rendering may differ."""
    found = list(values[0]) if values and not isinstance(values[0], str) else list(values)
    if seed is None and len(values) == 2:
        seed = values[1]
    random.Random(None if seed is None else str(seed)).shuffle(found)  # noqa: S311 - no secret
    return found


def merge_response(value: Mapping[str, Any]) -> list[Any]:
    """Return the items of a service's response as one list, each with its `entity_id`."""
    if not isinstance(value, Mapping):
        raise TypeError("merge_response takes the response of a service")
    found: list[Any] = []
    for entity_id, response in value.items():
        CURRENT.get().tick()
        if not isinstance(response, Mapping):
            raise TypeError(f"the response of {entity_id} is not a mapping")
        lists = {key: items for key, items in response.items() if isinstance(items, list)}
        if not lists:
            found.append({**response, "entity_id": entity_id})
            continue
        for key, items in lists.items():
            for item in items:
                if not isinstance(item, Mapping):
                    raise TypeError(f"an item of {key} of {entity_id} is not a mapping")
                found.append({**item, "entity_id": entity_id, "value_key": key})
    return found


_BOTH: Final[dict[str, Any]] = {
    "combine": combine,
    "difference": difference,
    "flatten": flatten,
    "intersect": intersect,
    "merge_response": merge_response,
    "set": set_,
    "shuffle": shuffle,
    "symmetric_difference": symmetric_difference,
    "tuple": tuple_,
    "union": union,
    "zip": zip_,
}
GLOBALS: Final[dict[str, Any]] = {**_BOTH, "list": list_}
FILTERS: Final[dict[str, Callable[..., Any]]] = {**_BOTH, "contains": contains}
TESTS: Final[dict[str, Callable[..., Any]]] = {"contains": contains}
