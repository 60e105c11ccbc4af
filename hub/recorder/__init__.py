"""The memory of the house: states, events and statistics in a database of its own."""

from hub.recorder.recorder import Recorder

__all__ = ["Recorder"]
