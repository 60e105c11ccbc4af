"""What ends a chain of automations that set each other off without end."""

from hub.automation.actions.run import Endless
from hub.events import Context

BURST = 50
"""Runs that one automation may lead itself to at once."""

PER_SECOND = 10.0
"""How fast that allowance comes back; a slow loop, such as a blinking light, never uses it up."""


class RunContext(Context):
    """The context of a run; knows which automations led to it."""

    __slots__ = ("lineage",)

    def __init__(self, user_id: str | None, cause: Context | None, own: str) -> None:
        """Continue the line of `cause`, when that was a run itself."""
        super().__init__(user_id, None if cause is None else cause.id)
        self.lineage: frozenset[str] | set[str] = (
            cause.lineage | {own} if isinstance(cause, RunContext) else {own}
        )


class Guard:
    """Counts the runs of one automation that it led to itself."""

    __slots__ = ("_at", "_left")

    def __init__(self) -> None:
        """Start with the full allowance."""
        self._left = float(BURST)
        self._at = 0.0

    def check(self, own: str, cause: Context | None, now: float) -> None:
        """Refuse a run that is part of an endless loop; `now` is monotonic. Raises `Endless`."""
        if not isinstance(cause, RunContext) or own not in cause.lineage:
            return
        self._left = min(float(BURST), self._left + (now - self._at) * PER_SECOND)
        self._at = now
        if self._left < 1.0:
            raise Endless(
                f"it sets itself off again and again (through {_names(cause)}): change its "
                "trigger or add a condition; it may run again when that slows down"
            )
        self._left -= 1.0


def _names(cause: RunContext) -> str:
    return ", ".join(sorted(cause.lineage)[:5])
