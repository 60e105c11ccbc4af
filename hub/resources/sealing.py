"""Secrets of specs: sealed before they are stored, opened for controllers, hidden from readers."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from hub.resources.errors import InvalidSpec
from hub.schema.markers import SEALED, Path, Secret, dotted, replaced, walk

if TYPE_CHECKING:
    import voluptuous as vol

    from hub.storage.secrets import Keyring

STORED: Final = "$sealed"
"""Key of the mapping that stands for a secret in a stored spec."""


def sealed(
    keyring: "Keyring",
    schema: "vol.Schema",
    id: str,
    spec: Mapping[str, Any],
    old: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Return `spec` as it is stored: secrets sealed, placeholders replaced by what `old` holds.

    A secret that did not change keeps its sealed text. Raises `InvalidSpec` for a placeholder where
    nothing is kept, `SecretUnreadable`.
    """
    kept = {} if old is None else _stored(schema, old)
    result: dict[Path, Any] = {}
    missing = []
    for path, marker, value in walk(schema, spec):
        if not isinstance(marker, Secret) or value is None:
            continue
        before = kept.get(path)
        if value == SEALED:
            if before is None:
                missing.append({"path": dotted(path), "message": "no secret is kept here, give it"})
            else:
                result[path] = _renewed(keyring, before, bind(id, path))
        elif before is not None and keyring.open(before[STORED], bind(id, path)) == value:
            result[path] = _renewed(keyring, before, bind(id, path))
        else:
            result[path] = {STORED: keyring.seal(value, bind(id, path))}
    if missing:
        raise InvalidSpec(id, missing)
    found: dict[str, Any] = replaced(spec, result)
    return found


def opened(
    keyring: "Keyring", schema: "vol.Schema", id: str, spec: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a stored spec with its secrets in the clear; raises `SecretUnreadable`."""
    values = {
        path: keyring.open(value[STORED], bind(id, path))
        for path, value in _stored(schema, spec).items()
    }
    found: dict[str, Any] = replaced(spec, values)
    return found


def renewed(
    keyring: "Keyring", schema: "vol.Schema", id: str, spec: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a stored spec sealed under the present key; raises `SecretUnreadable`."""
    values = {
        path: _renewed(keyring, value, bind(id, path))
        for path, value in _stored(schema, spec).items()
    }
    found: dict[str, Any] = replaced(spec, values)
    return found


def hidden(spec: Any) -> Any:
    """Return a stored spec as readers see it: every secret is `{"sealed": true}`."""
    if isinstance(spec, Mapping):
        if STORED in spec:
            return dict(SEALED)
        return {key: hidden(value) for key, value in spec.items()}
    return [hidden(item) for item in spec] if isinstance(spec, list) else spec


def bind(id: str, path: Path) -> str:
    """Return what a sealed text is bound to, so that it can not be moved."""
    return f"{id}:{dotted(path)}"


def _stored(schema: "vol.Schema", spec: Mapping[str, Any]) -> dict[Path, Mapping[str, str]]:
    """Return the sealed values of a stored spec by path."""
    return {
        path: value
        for path, marker, value in walk(schema, spec)
        if isinstance(marker, Secret) and isinstance(value, Mapping) and STORED in value
    }


def _renewed(keyring: "Keyring", stored: Mapping[str, str], place: str) -> dict[str, str]:
    """Return a sealed value under the present key: the one it has may be rotated away."""
    return {STORED: keyring.renewed(stored[STORED], place)}
