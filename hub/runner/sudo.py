"""How a command becomes root's, and what a host says when it may not."""

import secrets
from collections.abc import Sequence
from enum import Enum
from typing import Final

from hub.errors import HubError, NotFound
from hub.runner.command import KILL_AFTER, Kind, Outcome, limited, printable
from hub.runner.errors import AccessDenied, CommandFailed, DiskFull, SudoRefused
from hub.runner.server import Server, Sudo

PREFLIGHT_SECONDS: Final = 20.0

# With a password, sudo reads one line of standard input, or none when a rule asks for none. What
# follows the mark is the command's, so that a password never ends in a file. Without the mark
# (a connection lost half way) nothing is run.
_HAND_OVER: Final = (
    'm=$1; shift; while IFS= read -r l; do [ "$l" = "$m" ] && exec "$@"; done; exit 125'
)
ASK_NOPASSWD: Final = (
    "env",
    "LC_ALL=C",
    "sh",
    "-c",
    (
        f"if sudo -n -- timeout -k {KILL_AFTER} 5 true; then echo hub-all;"
        " elif sudo -n -l >/dev/null; then echo hub-some; fi"
    ),
)


# The size tells a whole input from one that a lost connection cut off; -C keeps root from writing
# through a link that somebody else laid.
_WRITE: Final = (
    "export LC_ALL=C; set -eC; umask 077; trap 'rm -f -- \"$1\"' EXIT;"
    " trap 'exit 143' HUP INT PIPE TERM;"
    ' cat > "$1"; [ "$(wc -c < "$1")" -eq "$4" ] || { echo "input cut off" >&2; exit 74; };'
    ' chmod -- "$3" "$1"; sync -- "$1" 2>/dev/null || sync; mv -fT -- "$1" "$2"'
)


class Rights(Enum):
    """What sudo lets the user do."""

    ROOT = "root"
    """The user is root: no sudo needed."""
    ALL = "all"
    SOME = "some"
    """Only the commands that the host's rules name: no shell, no time limit inside sudo."""


def preflight(server: Server) -> tuple[list[str], bytes | None] | None:
    """Return the command and input that ask for the rights; None = no need to ask.

    Raises `SudoRefused` when the server's settings leave no way.
    """
    if server.user == "root":
        return None
    match server.sudo:
        case Sudo.NONE:
            raise SudoRefused(
                f"{server.id}: the command needs root, and sudo is 'none' in the resource;"
                " set it to nopasswd or password, or connect as root"
            )
        case Sudo.NOPASSWD:
            return [*ASK_NOPASSWD], None
        case Sudo.PASSWORD:
            ask = ["env", "LC_ALL=C", "sudo", "-k", "-S", "-p", "", "--", "sh", "-c"]
            return [*ask, "echo hub-all"], f"{_password(server)}\n".encode()


def rights(server: Server, outcome: Outcome) -> Rights:
    """Read the answer of the preflight; raises `SudoRefused` with what to do."""
    if outcome.kind not in {Kind.OK, Kind.EXIT}:
        outcome.check()
    words = outcome.text.split()
    if "hub-all" in words:
        return Rights.ALL
    if "hub-some" in words:
        return Rights.SOME
    raise SudoRefused(f"{server.id}: {_reason(server, outcome)}")


def wrapped(
    server: Server, granted: Rights, argv: Sequence[str], seconds: float, stdin: bytes | None
) -> tuple[list[str], bytes | None]:
    """Return command and input that run `argv` as root, with its time limit on the host."""
    if granted is Rights.ROOT:
        return limited(argv, seconds), stdin
    if granted is Rights.SOME:
        # rules name the very command, so the limit stays outside and can not end what is root's
        return limited(["sudo", "-n", "--", *argv], seconds), stdin
    if server.sudo is Sudo.NOPASSWD:
        return ["sudo", "-n", "--", *limited(argv, seconds)], stdin
    mark = secrets.token_hex(12)
    command = ["sudo", "-k", "-S", "-p", "", "--", "sh", "-c", _HAND_OVER, "hub-sudo", mark]
    given = f"{_password(server)}\n{mark}\n".encode() + (stdin or b"")
    return [*command, *limited(argv, seconds)], given


def write_file(path: str, mode: int, size: int) -> list[str]:
    """Return the command that replaces a file as a whole with `size` bytes from its input."""
    folder, _, name = path.rpartition("/")
    temporary = f"{folder}/.{name[:100]}.hub-{secrets.token_hex(6)}"
    return ["sh", "-c", _WRITE, "hub-write", temporary, path, f"{mode:o}", str(size)]


def file_error(outcome: Outcome, path: str) -> HubError | None:
    """Return the typed error of a file that could not be read or written as root."""
    if outcome.kind is not Kind.EXIT:
        return None
    said = outcome.error_text
    if "No space left" in said or "quota exceeded" in said:
        return DiskFull(f"{outcome.where}: no room for {path}")
    if "No such file" in said or "nonexistent" in said:
        return NotFound(f"{outcome.where}: there is no {path}")
    if "ermission denied" in said or "Read-only" in said:
        return AccessDenied(f"{outcome.where}: root may not touch {path}")
    return CommandFailed(f"{outcome.where}: {path}: {printable(said) or outcome.status}")


def refused(server: Server, granted: Rights, outcome: Outcome) -> SudoRefused | None:
    """Return the error when it was sudo that failed, and not the command."""
    if granted is Rights.ROOT or outcome.status != 1:
        return None
    said = outcome.error_text.lstrip()
    if said.startswith(("sudo: ", "Sorry, user ", "Sorry, try again")):
        return SudoRefused(f"{server.id}: {_reason(server, outcome)}")
    return None


def _password(server: Server) -> str:
    return server.sudo_password or server.password or ""


def _reason(server: Server, outcome: Outcome) -> str:
    said = outcome.error_text
    if "not found" in said and (outcome.status == 127 or "sudo: not found" in said):
        return "sudo is not installed there; install it or connect as root"
    if "No such file" in said and outcome.status == 127:
        return "sudo is not installed there; install it or connect as root"
    if "incorrect password" in said or "try again" in said:
        return "sudo refused the password; put the right one into sudo_password"
    if "a password is required" in said and server.sudo is Sudo.NOPASSWD:
        return (
            f"sudo asks user {server.user} for a password;"
            " add a NOPASSWD rule there, or set sudo to password"
        )
    if "may not run" in said or "not in the sudoers" in said or "is not allowed" in said:
        return f"user {server.user} has no right in sudo for this; add a rule in sudoers there"
    lines = [line for line in map(printable, said.splitlines()) if line]
    return f"sudo refused: {lines[-1] if lines else 'it gave no reason'}"
