"""How the recorder is, told once for each change."""

import logging
from collections.abc import Callable
from typing import Final

from hub.recorder.errors import RecorderUnavailable
from hub.recorder.state import RecorderState

_LOGGER = logging.getLogger(__name__)

_GOOD: Final = frozenset({RecorderState.RECORDING, RecorderState.STARTING, RecorderState.OFF})


class Status:
    """State and reason; a trouble is one log line, its end another."""

    def __init__(self) -> None:
        """Begin switched off."""
        self.state = RecorderState.OFF
        self.reason: str | None = None
        """What is wrong, in words; None while nothing is."""
        self.changed: list[Callable[[], object]] = []

    def set(self, state: RecorderState, reason: str | None = None) -> None:
        """Say how it is; the same state with another reason makes no log line."""
        before, self.state, self.reason = self.state, state, reason
        if before is state:
            return
        if state is RecorderState.FAILED:
            _LOGGER.error("Nothing is recorded: %s", reason)
        elif state not in _GOOD:
            _LOGGER.warning("The recorder is %s: %s; it goes on by itself", state, reason)
        elif state is RecorderState.RECORDING and before not in _GOOD:
            _LOGGER.warning("The recorder writes again")
        for callback in tuple(self.changed):
            call(callback)

    def unavailable(self) -> RecorderUnavailable:
        """Return the error for who wants to read or write now."""
        if self.reason is not None:
            return RecorderUnavailable(f"the recorder is {self.state}: {self.reason}")
        if self.state is RecorderState.STARTING:
            return RecorderUnavailable("the recorder is starting; try again in a moment")
        return RecorderUnavailable("the recorder is off: recorder.enabled, or the hub stops")


def call(callback: Callable[[], object]) -> None:
    """Call a listener of the recorder, whatever it does."""
    try:
        callback()
    except Exception:
        _LOGGER.exception("A listener of the recorder failed")
