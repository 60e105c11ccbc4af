"""How the hub's parts are: told by them, or asked of them; each item with a since."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from hub.util.clock import Cancel, Clock

_LOGGER = logging.getLogger(__name__)

LOOK_SECONDS: Final = 5.0
"""How often the checks are asked, so that `since` is right to this long."""


class Level(StrEnum):
    """How an item is; a failed critical item means that the hub is not ready."""

    OK = "ok"
    DEGRADED = "degraded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Item:
    """One part of the hub."""

    name: str
    level: Level
    message: str | None
    since: float
    """Epoch seconds of the last change of level."""
    critical: bool = False

    def as_dict(self, *, reasons: bool = True) -> dict[str, Any]:
        """Return the wire form; without `reasons` for those who may not know names of things."""
        return {
            "name": self.name,
            "level": self.level.value,
            "message": self.message if reasons else None,
            "since": self.since,
            "critical": self.critical,
        }


Found = tuple[Level, str | None] | None
Check = Callable[[], Found]


class Health:
    """All items by name; what says nothing is not an item."""

    def __init__(self, clock: "Clock") -> None:
        """Start without items."""
        self._clock = clock
        self._items: dict[str, Item] = {}
        self._checks: dict[str, tuple[Check, bool]] = {}
        self._timer: Cancel | None = None

    def set(
        self, name: str, level: Level, message: str | None = None, *, critical: bool = False
    ) -> None:
        """Say how an item is; `critical` makes a failure mean that the hub is not ready."""
        before = self._items.get(name)
        same = before is not None and before.level is level
        since = before.since if same and before is not None else self._clock.time()
        self._items[name] = Item(name, level, message, since, critical)
        if before is not None and not same:
            say = _LOGGER.info if level is Level.OK else _LOGGER.warning
            say("Health of %s: %s%s", name, level.value, "" if message is None else f", {message}")

    def drop(self, name: str) -> None:
        """Forget an item whose part is gone."""
        self._items.pop(name, None)

    def report(self, name: str) -> Callable[[str | None], None]:
        """Return a function for a part to call with what is wrong, None when it is well again."""

        def tell(problem: str | None) -> None:
            self.set(name, Level.OK if problem is None else Level.DEGRADED, problem)

        return tell

    def check(self, name: str, ask: Check, *, critical: bool = False) -> None:
        """Ask `ask()` for (level, message) now and then; None = there is no such part."""
        self._checks[name] = (ask, critical)

    def look(self) -> None:
        """Ask every check now."""
        for name, (ask, critical) in self._checks.items():
            try:
                found = ask()
            except Exception as error:
                _LOGGER.exception("The health check %s failed", name)
                found = (Level.FAILED, f"the check failed: {type(error).__name__}")
            if found is None:
                self.drop(name)
            else:
                self.set(name, *found, critical=critical)

    def items(self) -> list[Item]:
        """Return every item as it is now, by name."""
        self.look()
        return [self._items[name] for name in sorted(self._items)]

    @staticmethod
    def worst(items: Iterable[Item]) -> Level:
        """Return the level of all items together; only a critical one makes the whole failed."""
        items = list(items)
        if any(item.critical and item.level is Level.FAILED for item in items):
            return Level.FAILED
        if any(item.level is not Level.OK for item in items):
            return Level.DEGRADED
        return Level.OK

    def start(self) -> None:
        """Look at the checks every 5 s."""
        self.look()
        self._timer = self._clock.call_later(LOOK_SECONDS, self.start)

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer()
            self._timer = None
