"""What all registry entries have in common: immutable, serialised once, stored as JSON."""

from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from types import MappingProxyType
from typing import Any, ClassVar, Final, Self

from hub.util.json import dumps, kept

EMPTY: Final[Mapping[str, Any]] = MappingProxyType({})
"""The default of mapping fields: shared, and nobody can write into it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An immutable registry entry; times are epoch seconds."""

    PAIRS: ClassVar[frozenset[str]] = frozenset()
    """Fields that hold tuples of pairs."""

    created_at: float = 0.0
    modified_at: float = 0.0
    _json: bytes | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def key(self) -> str:
        """Return the primary key of the entry's row."""
        raise NotImplementedError

    @property
    def json(self) -> bytes:
        """Return the wire form as JSON, built at most once."""
        if (value := self._json) is None:
            value = kept(dumps(self.as_dict()))
            object.__setattr__(self, "_json", value)
        return value

    def as_dict(self) -> dict[str, Any]:
        """Return the wire form of the registry's list command."""
        raise NotImplementedError

    def row(self) -> dict[str, Any]:
        """Return the columns besides the key and `data`."""
        return {}

    def stored(self) -> str:
        """Return the JSON of everything that differs from the defaults."""
        return dumps(
            {
                name: dict(value) if isinstance(value, Mapping) else value
                for name, default in _defaults_of(type(self))
                if (value := getattr(self, name)) != default
            }
        ).decode()

    @classmethod
    def restore(cls, data: dict[str, Any]) -> Self:
        """Rebuild an entry from `stored`; raises `TypeError` for data of another shape."""
        for name, value in data.items():
            if type(value) is list:
                pairs = name in cls.PAIRS
                data[name] = tuple(map(tuple, value)) if pairs else tuple(value)
        return cls(**data)


_DEFAULTS: dict[type[Entry], tuple[tuple[str, Any], ...]] = {}


def _defaults_of(cls: type[Entry]) -> tuple[tuple[str, Any], ...]:
    """Return the stored fields with their defaults; a field without one equals nothing."""
    if (found := _DEFAULTS.get(cls)) is None:
        found = _DEFAULTS[cls] = tuple(
            (item.name, _default(item)) for item in fields(cls) if item.init
        )
    return found


def _default(item: "Field[Any]") -> Any:
    if item.default_factory is not MISSING:
        return item.default_factory()
    return object() if item.default is MISSING else item.default


def nothing() -> Mapping[str, Any]:
    """Return the shared empty mapping (dataclasses of 3.11 refuse it as a plain default)."""
    return EMPTY
