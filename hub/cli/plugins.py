"""Commands that integrations bring: found by folder name, imported only when they are called.

Uses nothing but what a start of Python has loaded anyway: `hub --help` is asked to be quick.
"""

import os
import re
from importlib.machinery import PathFinder
from typing import Final

from hub.cli.group import Entry

PACKAGE: Final = "integrations"
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")


def found() -> dict[str, Entry]:
    """Return the groups of commands that manifests announce, by the integration's name.

    `"cli": "one line of help"` stands for the group of the integration's name in its `cli`.
    """
    spec = PathFinder.find_spec(PACKAGE)
    entries: dict[str, Entry] = {}
    for place in (spec.submodule_search_locations or ()) if spec is not None else ():
        for name in sorted(filter(_NAME.fullmatch, _names(place))):
            line = _line(f"{place}/{name}/manifest.json")
            if line is not None:
                entries.setdefault(name, Entry(f"{PACKAGE}.{name}.cli:{name}", line))
    return entries


def _names(place: str) -> list[str]:
    try:
        return os.listdir(place)  # noqa: PTH208 - pathlib costs more than all the rest
    except OSError:
        return []


def _line(path: str) -> str | None:
    """Return what a manifest says of its commands; one that can not be read says nothing."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - as above
            data = file.read()
        if b'"cli"' not in data:
            return None
        import json

        line = json.loads(data).get("cli")
    except (OSError, ValueError, AttributeError):
        return None
    return line if isinstance(line, str) and line.isprintable() else None
