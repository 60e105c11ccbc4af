"""Signals between a connection and its users; they never leave the room."""


class NotStarted(Exception):  # noqa: N818 - a signal, not an error to be shown
    """No session was opened, so nothing was run; `lost` = the connection is gone."""

    def __init__(self, message: str, *, lost: bool) -> None:
        """Say why, and whether another connection may help."""
        super().__init__(message)
        self.lost = lost


class FilesLost(Exception):  # noqa: N818
    """The SFTP session ended; what was begun left at most a temporary file."""
