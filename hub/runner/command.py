"""Commands: what is run, how it is written for a shell, and how it ended."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Self

from hub.runner.errors import (
    CommandFailed,
    CommandNotAllowed,
    CommandTimedOut,
    OutcomeUnknown,
    Unreachable,
)

KILL_AFTER: Final = 5
"""Seconds between the polite and the hard end of a command that is late."""
MAX_ARGUMENTS: Final = 100_000
"""Bytes of a command; sshd and kernels refuse far more, with worse words."""
_REFUSED: Final = re.compile(r"[\0\r\n]")
_PLAIN: Final = re.compile(r"[A-Za-z0-9_./:,@+-]+")
_PIECES: Final = re.compile(r"'|\\|[^'\\]+")


class Script(str):
    """The text of a shell script that ships with an integration: data never becomes part of it.

    Made by `hub.runner.allow.script` alone; the one argument that may have lines.
    """

    __slots__ = ()


class Kind(StrEnum):
    """How a command ended."""

    OK = "ok"
    """Exit status 0."""
    EXIT = "exit"
    """Another exit status."""
    SIGNAL = "signal"
    """Ended by a signal that was not the hub's."""
    UNKNOWN = "unknown"
    """It was started and the connection was lost: it may have done everything or nothing."""
    TIMEOUT = "timeout"
    """Not done in time; stopped, or left to the limit that runs beside it on the host."""
    TRANSPORT = "transport"
    """Never started: the host gave no session. Trying again is safe."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended and what it wrote; output of a host is hostile text."""

    kind: Kind
    argv: tuple[str, ...]
    where: str
    status: int | None = None
    signal: str | None = None
    stdout: bytes = field(default=b"", repr=False)
    stderr: bytes = field(default=b"", repr=False)
    seconds: float = 0.0
    truncated: bool = False
    """Whether there was more output than was asked for."""

    @property
    def ok(self) -> bool:
        """Tell whether the command ended with exit status 0."""
        return self.kind is Kind.OK

    @property
    def text(self) -> str:
        """Return standard output as text; what is not UTF-8 is replaced."""
        return self.stdout.decode("utf-8", "replace")

    @property
    def error_text(self) -> str:
        """Return standard error as text; what is not UTF-8 is replaced."""
        return self.stderr.decode("utf-8", "replace")

    def check(self) -> Self:
        """Return the outcome of a success; raises the typed error of any other."""
        name = f"{self.where}: {self.argv[0] if self.argv else 'command'}"
        match self.kind:
            case Kind.OK:
                return self
            case Kind.EXIT:
                raise CommandFailed(f"{name} ended with status {self.status}{self._why()}")
            case Kind.SIGNAL:
                raise CommandFailed(f"{name} was ended by signal {self.signal}{self._why()}")
            case Kind.TIMEOUT:
                raise CommandTimedOut(f"{name} was not done after {self.seconds:.0f} s")
            case Kind.TRANSPORT:
                raise Unreachable(f"{name} was not started{self._why()}")
            case Kind.UNKNOWN:
                raise OutcomeUnknown(
                    f"{name} was cut off after {self.seconds:.1f} s:"
                    " it may have done its work or not"
                )

    def _why(self) -> str:
        """Return the last line of standard error, made harmless."""
        lines = [line for line in map(printable, self.error_text.splitlines()) if line]
        return f": {lines[-1]}" if lines else ""


def printable(text: str, limit: int = 200) -> str:
    """Return hostile text as one line without control characters."""
    clean = "".join(char if char.isprintable() else " " for char in text[: 4 * limit])
    return " ".join(clean.split())[:limit]


def checked(argv: Sequence[str]) -> tuple[str, ...]:
    """Return the arguments as they may be run; raises `CommandNotAllowed`.

    A list of texts without NUL and line breaks, at most 100,000 bytes: whatever is longer or has
    lines belongs into standard input.
    """
    if isinstance(argv, (str, bytes)) or not argv:
        raise CommandNotAllowed("a command is a list of arguments, not a text and not empty")
    size = 0
    for index, argument in enumerate(argv):
        if not isinstance(argument, str):
            raise CommandNotAllowed(f"argument {index} is not a text")
        if not isinstance(argument, Script) and _REFUSED.search(argument):
            raise CommandNotAllowed(
                f"argument {index} holds NUL or a line break; give data on standard input"
            )
        try:
            size += len(argument.encode()) + 1
        except UnicodeEncodeError:
            raise CommandNotAllowed(f"argument {index} is no valid Unicode text") from None
    if not argv[0] or argv[0].startswith("-"):
        raise CommandNotAllowed("the program's name is empty or begins with '-'")
    if size > MAX_ARGUMENTS:
        raise CommandNotAllowed(f"the command has {size} bytes, more than {MAX_ARGUMENTS}")
    return tuple(argv)


def quote(argv: Sequence[str]) -> str:
    """Write arguments so that a shell hands on exactly them; the only place that does.

    Quotes and backslashes stand in double quotes, all else in single quotes, which sh, bash, zsh
    and fish read alike.
    """
    return " ".join(_quoted(argument) for argument in checked(argv))


def limited(argv: Sequence[str], seconds: float) -> list[str]:
    """Put a time limit before a command that holds on the host, whatever happens to the hub."""
    return ["timeout", "-k", str(KILL_AFTER), str(whole_seconds(seconds)), *argv]


def whole_seconds(seconds: float) -> int:
    """Return the limit as every `timeout` program understands it."""
    return max(1, math.ceil(seconds))


def _quoted(argument: str) -> str:
    if _PLAIN.fullmatch(argument):
        return argument
    if not argument:
        return "''"
    return "".join(map(_piece, _PIECES.findall(argument)))


def _piece(text: str) -> str:
    if text == "'":
        return '"\'"'
    if text == "\\":
        return '"\\\\"'
    return f"'{text}'"
