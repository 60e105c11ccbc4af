"""Which programs an integration may run: those its manifest names, and no others."""

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cache
from typing import Final

from hub.runner.command import Script
from hub.runner.errors import CommandNotAllowed
from hub.util.packages import manifest
from hub.util.packages import script as text_of

CORE: Final = "hub"
"""The name under which the hub itself runs commands."""
_CORE_COMMANDS: Final = frozenset({"true", "id", "uname"})
_SUDO_FLAGS: Final = frozenset({"-n", "-H", "--"})
_SUDO_OPTIONS: Final = frozenset({"-u", "-g"})

Commands = Callable[[str], Collection[str]]
"""Tells the programs of an integration: names or absolute paths."""


@cache
def commands_of(integration: str) -> frozenset[str]:
    """Return what a manifest allows under `commands`; nothing when it says nothing."""
    if integration == CORE:
        return _CORE_COMMANDS
    try:
        found = manifest(integration).get("commands") or ()
    except LookupError:
        return frozenset()
    return frozenset(name for name in found if isinstance(name, str))


def allow(argv: Sequence[str], integration: str, commands: Commands) -> None:
    """Raise `CommandNotAllowed` unless the integration may run the program.

    The first argument has to be listed exactly as it is written; with `sudo` before it, what sudo
    would run.
    """
    program = _program(argv)
    if program not in commands(integration):
        raise CommandNotAllowed(
            f"integration {integration} may not run {program!r}:"
            ' add it to "commands" in its manifest.json'
        )


@cache
def looks_of(integration: str) -> frozenset[str]:
    """Return the scripts that only look and run all the time: `looks` of the manifest."""
    try:
        found = manifest(integration).get("looks") or ()
    except LookupError:
        return frozenset()
    return frozenset(name for name in found if isinstance(name, str))


@cache
def script(integration: str, name: str) -> Script:
    """Return `remote/<name>.sh` of an integration, without its comments.

    Raises `CommandNotAllowed` unless the manifest lists it under `scripts`.
    """
    try:
        text = text_of(integration, name)
    except LookupError as error:
        raise CommandNotAllowed(str(error)) from None
    lines = (line.strip() for line in text.splitlines())
    return Script("\n".join(line for line in lines if line and not line.startswith("#")))


def _program(argv: Sequence[str]) -> str:
    rest = iter(argv)
    first = next(rest)
    return _after_sudo(rest) if first in {"sudo", "/usr/bin/sudo"} else first


def _after_sudo(rest: Iterator[str]) -> str:
    """Return what sudo would run; options that change more than the user are refused."""
    for argument in rest:
        if argument in _SUDO_OPTIONS:
            next(rest, None)
        elif argument in _SUDO_FLAGS:
            continue
        elif argument.startswith("-") or "=" in argument:
            raise CommandNotAllowed(f"sudo with {argument!r} is not allowed; use sudo=True")
        else:
            return argument
    raise CommandNotAllowed("sudo without a command is not allowed")
