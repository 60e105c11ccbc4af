"""How the recorder is."""

from enum import StrEnum


class RecorderState(StrEnum):
    """What the recorder can do at the moment."""

    OFF = "off"
    """Switched off in the configuration, or stopped."""
    STARTING = "starting"
    """The database is being opened; what happens waits in memory."""
    RECORDING = "recording"
    WAITING = "waiting"
    """The database can not be reached or written; tried again by itself."""
    PAUSED = "paused"
    """The disk is nearly full; goes on by itself when there is room. Reading works."""
    FAILED = "failed"
    """Needs a person: a newer schema, or a database that is not the hub's."""
