"""Register maps that come with the hub, by file name; nothing is read before it is asked for."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parent / "definitions"
_NAME: Final = re.compile(r"^name: *(?P<quote>[\"']?)(?P<name>.+?)(?P=quote) *$", re.MULTILINE)
_HEAD: Final = 4096
"""Characters in which a file's name is looked for."""


@cache
def names() -> tuple[str, ...]:
    """Return the names of the shipped definitions, sorted."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def text(name: str) -> str:
    """Return a shipped definition as it is written; raises `KeyError`."""
    if name not in names():
        raise KeyError(name)
    return (FOLDER / f"{name}.yaml").read_text(encoding="utf-8")


@cache
def title(name: str) -> str:
    """Return what people call a shipped definition, without checking it; raises `KeyError`."""
    found = _NAME.search(text(name)[:_HEAD])
    return name if found is None else found["name"]


@cache
def load(name: str) -> Mapping[str, Any]:
    """Return a shipped definition's checked spec; raises `KeyError`, `vol.Invalid`."""
    import yaml

    from integrations.modbus.mapping.schema import DEFINITION, check_definition

    spec: dict[str, Any] = DEFINITION(yaml.load(text(name), yaml.CSafeLoader))
    check_definition(spec)
    return spec
