"""Commands run as a person runs them: a process of its own against a hub in this one."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hub.hub import Hub
from tests.hub.resources.outside import PLAIN, folder_type
from tests.peers.house import House, MakeHouse
from tests.peers.terminal import OpenTerminal, Terminal

HUB = (sys.executable, "-m", "hub.cli.app")
ROOT = Path(__file__).parents[3]
# The demo does not move: a command may take as long as it likes to tell of it.
CONFIG = "mqtt:\n  enabled: false\ndemo:\n  interval: 86400\n"


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    status: int
    out: str
    err: str


@dataclass
class Shell:
    """A person's environment and folder, and the hub they talk to."""

    house: House
    home: Path
    outside: Path
    environment: dict[str, str]
    open_terminal: OpenTerminal

    @property
    def hub_(self) -> Hub:
        """Return the hub's objects."""
        return self.house.hub

    async def hub(self, *arguments: str, stdin: str | None = None, **environment: str) -> Done:
        """Run one command to its end."""
        process = await asyncio.create_subprocess_exec(
            *HUB, *arguments, cwd=self.home, env={**self.environment, **environment},
            stdin=asyncio.subprocess.DEVNULL if stdin is None else asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        async with asyncio.timeout(30):
            out, err = await process.communicate(None if stdin is None else stdin.encode())
        assert process.returncode is not None
        assert b"Traceback" not in err, err.decode()
        return Done(process.returncode, out.decode(), err.decode())

    async def ok(self, *arguments: str, stdin: str | None = None, **environment: str) -> str:
        """Run a command that must succeed, and return what it wrote."""
        done = await self.hub(*arguments, stdin=stdin, **environment)
        assert done.status == 0, done
        return done.out

    async def at_terminal(
        self, dialogue: Callable[[Terminal], Any], *arguments: str, **environment: str
    ) -> Terminal:
        """Run a command on a terminal, with a person who goes through the dialogue."""
        env = {**self.environment, "TERM": "xterm", **environment}
        terminal = self.open_terminal([*HUB, *arguments], env, self.home)
        await asyncio.to_thread(dialogue, terminal)
        return terminal

    def write(self, name: str, text: str) -> str:
        """Write a file into the person's folder and return its name."""
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return name

    async def put(self, id: str, **spec: Any) -> None:
        """Write a resource without the command line."""
        await self.hub_.resources.put(*id.split("/"), spec)


MakeShell = Callable[..., Awaitable[Shell]]


def clean_environment(home: Path) -> dict[str, str]:
    """Return an environment without what the person who runs the tests has set."""
    own = {"COLUMNS", "EDITOR", "NO_COLOR", "PYTHONUNBUFFERED", "VISUAL"}
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("HUB_") and name not in own
    }
    place = {"HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config"), "TMPDIR": str(home)}
    return {**kept, **place, "PYTHONPATH": str(ROOT)}


@pytest.fixture
async def make_shell(
    make_house: MakeHouse, tmp_path: Path, open_terminal: OpenTerminal
) -> MakeShell:
    """Return a function that starts a hub with two resource types; options go to the folder's."""

    async def make(config: str = CONFIG, **options: Any) -> Shell:
        house = await make_house(config)
        home, outside = tmp_path / "home", tmp_path / "outside"
        home.mkdir()
        outside.mkdir()
        house.hub.resources.types.register(folder_type(outside, **options))
        house.hub.resources.types.register(PLAIN)
        environment = {**clean_environment(home), "HUB_DATA": str(house.hub.data_dir)}
        return Shell(house, home, outside, environment, open_terminal)

    return make


@pytest.fixture
async def shell(make_shell: MakeShell) -> Shell:
    """Return a person before a running hub."""
    return await make_shell()
