"""A reverse index: which entries refer to an area, a device, a label."""

from collections.abc import Iterable


class Index:
    """Keys by what they refer to, in the order they came."""

    __slots__ = ("_keys",)

    def __init__(self) -> None:
        """Start empty."""
        self._keys: dict[str, dict[str, None]] = {}

    def get(self, reference: str) -> Iterable[str]:
        """Return the keys that refer to `reference`."""
        return self._keys.get(reference, ())

    def add(self, references: Iterable[str | None], key: str) -> None:
        """Note that `key` refers to each of `references`."""
        for reference in references:
            if reference is not None:
                self._keys.setdefault(reference, {})[key] = None

    def remove(self, references: Iterable[str | None], key: str) -> None:
        """Forget that `key` refers to each of `references`."""
        for reference in references:
            if reference is not None and (keys := self._keys.get(reference)) is not None:
                keys.pop(key, None)
                if not keys:
                    del self._keys[reference]
