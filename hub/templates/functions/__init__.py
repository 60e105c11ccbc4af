"""What templates can call: one module for each subject, each with GLOBALS, FILTERS and TESTS."""

from collections.abc import Callable, Mapping
from typing import Any

from hub.templates.functions import (
    collections,
    encoding,
    house,
    jinja,
    logic,
    numbers,
    places,
    regexes,
    registries,
    states,
    times,
    wording,
)

_MODULES = (
    *(jinja, logic, numbers, collections, wording, regexes, encoding, times),
    *(states, registries, places, house),
)


def globals_() -> dict[str, Any]:
    """Return the functions and constants by name."""
    return _gathered("GLOBALS")


def filters(known: Mapping[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    """Return the filters by name: those of Jinja that are fit, then the hub's."""
    return {**jinja.fit(known), **_gathered("FILTERS")}


def tests(known: Mapping[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    """Return the tests by name: Jinja's, then the hub's."""
    return {**known, **_gathered("TESTS")}


def _gathered(kind: str) -> dict[str, Any]:
    return {name: value for module in _MODULES for name, value in getattr(module, kind).items()}
