"""Values that people set: input_*, timers, counters and schedules."""

from hub.helpers.helpers import Helpers

__all__ = ["Helpers"]
