"""What a command says when it can not go on: one line, and one what to do instead."""

from typing import Final

OK: Final = 0
FAILED: Final = 1
USAGE: Final = 2
INTERRUPTED: Final = 130
PIPE_CLOSED: Final = 141
"""What a shell reports for a program that SIGPIPE ended."""


class CliError(Exception):
    """A user's error: shown as `error: message` and `hint: hint`, never as a traceback."""

    def __init__(
        self, message: str, hint: str | None = None, *, status: int = FAILED, code: str = ""
    ) -> None:
        """Take the message, what to do about it, the exit status and the hub's error code."""
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.status = status
        self.code = code
