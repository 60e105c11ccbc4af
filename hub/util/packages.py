"""Where integrations lie: folders of the package `integrations` that have a manifest."""

import importlib.util
from pathlib import Path
from typing import Any, Final

from hub.util.json import loads

PACKAGE: Final = "integrations"
_MANIFEST: Final = "manifest.json"


def known() -> list[str]:
    """Return the names of the integrations that are installed, templates left out."""
    return sorted(
        found.parent.name
        for place in _places()
        for found in place.glob(f"*/{_MANIFEST}")
        if not found.parent.name.startswith("_")
    )


def manifest(domain: str) -> dict[str, Any]:
    """Return an integration's manifest; raises `LookupError` when there is none."""
    for place in _places():
        path = place / domain / _MANIFEST
        if path.is_file():
            found: dict[str, Any] = loads(path.read_bytes())
            return found
    raise LookupError(f"there is no integration {domain!r}; known are {', '.join(known())}")


def script(domain: str, name: str) -> str:
    """Return the text of `remote/<name>.sh` of an integration, when its manifest lists it.

    Raises `LookupError`.
    """
    if name not in (manifest(domain).get("scripts") or ()):
        raise LookupError(f'integration {domain} lists no {name!r} under "scripts"')
    for place in _places():
        path = place / domain / "remote" / f"{name}.sh"
        if path.is_file():
            return path.read_text(encoding="utf-8")
    raise LookupError(f"integration {domain} has no remote/{name}.sh")


def shipped(folder: str) -> list[Path]:
    """Return the folders of this name that integrations ship with them, ordered by integration."""
    found = [place / domain / folder for domain in known() for place in _places()]
    return [path for path in found if path.is_dir()]


def _places() -> list[Path]:
    spec = importlib.util.find_spec(PACKAGE)
    return [] if spec is None else [Path(place) for place in spec.submodule_search_locations or ()]
