"""Runners on a real sshd, and what they tell the audit log."""

import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from hub.events import Context
from hub.runner import Limits, Runners, Server, SSHRunner
from hub.util.clock import SystemClock
from hub.util.tasks import Tasks
from tests.peers.sshd import Sshd


class Everything:
    """A list of programs that holds every one."""

    def __contains__(self, name: object) -> bool:
        return True


@dataclass
class Told:
    """What the runners told: (action, target, result, data), and each context."""

    entries: list[tuple[str, str, str, dict[str, Any]]] = field(default_factory=list)
    contexts: list[Context | None] = field(default_factory=list)

    def __call__(
        self, action: str, target: str, result: str, context: Context | None,
        data: Mapping[str, Any],
    ) -> None:  # fmt: skip
        self.entries.append((action, target, result, dict(data)))
        self.contexts.append(context)

    def of(self, action: str) -> list[tuple[str, str, str, dict[str, Any]]]:
        """Return the entries of one action."""
        return [entry for entry in self.entries if entry[0] == action]


MakeRunners = Callable[..., Runners]


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
async def make_runners(told: Told) -> AsyncIterator[MakeRunners]:
    """Return a function that makes runners (`clock`, `commands`, and limits by name)."""
    made: list[tuple[Runners, Tasks]] = []

    def make(*, clock: Any = None, commands: Any = None, **limits: Any) -> Runners:
        tasks = Tasks()
        runners = Runners(
            clock or SystemClock(),
            tasks,
            limits=replace(Limits(), **limits),
            commands=commands or (lambda _: Everything()),
        )
        runners.tell = told
        made.append((runners, tasks))
        return runners

    yield make
    for runners, tasks in made:
        await runners.close()
        await tasks.close()


@pytest.fixture
def runners(make_runners: MakeRunners) -> Runners:
    return make_runners()


def server_of(sshd: Sshd, **changes: Any) -> Server:
    """Return how the account gets into a server by key."""
    server = Server(
        key="web",
        address=sshd.host,
        port=sshd.port,
        user=sshd.account.name,
        private_key=sshd.client_key,
        host_keys=(sshd.host_key,),
    )
    return replace(server, **changes)


def by_password(sshd: Sshd, **changes: Any) -> Server:
    """Return how the account gets into a server by password."""
    given = {"private_key": None, "password": sshd.account.password, **changes}
    return server_of(sshd, **given)


@pytest.fixture
def web(runners: Runners, sshd: Sshd) -> SSHRunner:
    """The account's runner on a real server, every program allowed."""
    runners.put(server_of(sshd))
    return runners.host("web", "tests")


def names(folder: Path) -> list[str]:
    """Return the names in a folder, sorted."""
    return sorted(path.name for path in folder.iterdir())


_WATCH: list[list[str]] = []


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if not _WATCH or event != "open":
        return
    path, mode, flags = arguments
    written = any(letter in (mode or "") for letter in "wax+")
    if written or (isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR)):
        _WATCH[-1].append(str(path))


@pytest.fixture
def opened_for_writing() -> Iterator[list[str]]:
    """The files that Python code of this process opens for writing from now on."""
    if not getattr(sys, "_hub_watches_files", False):
        sys.addaudithook(_hook)
        sys._hub_watches_files = True  # type: ignore[attr-defined]
    found: list[str] = []
    _WATCH.append(found)
    yield found
    _WATCH.remove(found)
