"""The variables of a run: scopes inside one another, as sequences are."""

from collections.abc import Mapping
from typing import Any


class Scope:
    """Names and values; a name that an outer scope defined is changed there.

    So a variable set in a branch of `choose` is seen behind it when it was made before it, and
    one that the branch made itself ends with the branch (Home Assistant since 2025.4).
    """

    __slots__ = ("_outer", "_own", "apart")

    def __init__(self, own: Mapping[str, Any], outer: "Scope | None" = None) -> None:
        """Start with some values."""
        self._own = dict(own)
        self._outer = outer
        self.apart = False
        """A branch of `parallel`: how its waits ended is seen only inside."""

    def inner(self, own: Mapping[str, Any] | None = None) -> "Scope":
        """Return a scope inside this one."""
        return Scope(own or {}, self)

    def set(self, name: str, value: Any) -> None:
        """Change a name where it was defined, or define it here."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope._own:  # noqa: SLF001 - the same class
                scope._own[name] = value  # noqa: SLF001
                return
            scope = scope._outer  # noqa: SLF001
        self._own[name] = value

    def define(self, name: str, value: Any) -> None:
        """Define a name here, whatever it means outside."""
        self._own[name] = value

    def surface(self, name: str, value: Any) -> None:
        """Define a name so that it is seen behind the block, too, as `wait` is."""
        scope = self
        while scope._outer is not None and not scope.apart:
            scope._own.pop(name, None)
            scope = scope._outer
        scope._own[name] = value  # noqa: SLF001

    @property
    def all(self) -> Mapping[str, Any]:
        """Return every name that is seen here; not to be changed."""
        if self._outer is None:
            return self._own
        # An outer scope may have been changed by a branch beside this one: no cache across them.
        return {**self._outer.all, **self._own}
