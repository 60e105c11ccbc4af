"""The memory of the house: states, events and statistics in a database of its own."""

from hub.recorder.errors import RecorderUnavailable
from hub.recorder.recorder import Recorder
from hub.recorder.state import RecorderState

__all__ = ["Recorder", "RecorderState", "RecorderUnavailable"]
