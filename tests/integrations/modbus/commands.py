"""A person with a shell before a hub, or without one."""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.hub.cli.conftest import HUB, Done, clean_environment
from tests.peers.house import House
from tests.peers.ports import wait_until
from tests.peers.terminal import OpenTerminal, Terminal

CONFIG = "mqtt:\n  enabled: false\n"
MAP: dict[str, Any] = {
    "name": "Test map",
    "blocks": [
        {
            "table": "holding",
            "first": 0,
            "registers": {
                "level": {"address": 10, "scale": 0.1, "precision": 1, "unit": "m"},
                "target": {"address": 20, "scale": 0.5, "unit": "°C", "write": {"max": 40}},
                "mode": {"address": 2, "enum": {1: "heat", 2: "cool", 3: "off"}, "write": {}},
                "alarms": {"address": 5, "flags": {0: "low", 2: "high"}},
            },
        },
        {"table": "coil", "first": 0, "registers": {"pump": {"address": 3, "write": {}}}},
    ],
}


@dataclass
class Shell:
    """A person's folder and environment."""

    home: Path
    environment: dict[str, str]
    open_terminal: OpenTerminal

    @classmethod
    def of(cls, folder: Path, open_terminal: OpenTerminal, house: House | None = None) -> "Shell":
        """Make the person's home; `house` is the hub they ask."""
        home = folder / "home"
        home.mkdir()
        environment = clean_environment(home)
        if house is not None:
            environment["HUB_DATA"] = str(house.hub.data_dir)
        return cls(home, environment, open_terminal)

    async def hub(self, *arguments: str, stdin: str | None = None) -> Done:
        """Run one command to its end."""
        process = await asyncio.create_subprocess_exec(
            *HUB, *arguments, cwd=self.home, env=self.environment,
            stdin=asyncio.subprocess.DEVNULL if stdin is None else asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        async with asyncio.timeout(30):
            out, err = await process.communicate(None if stdin is None else stdin.encode())
        assert process.returncode is not None
        assert b"Traceback" not in err, err.decode()
        return Done(process.returncode, out.decode(), err.decode())

    async def ok(self, *arguments: str) -> str:
        """Run a command that must succeed, and return what it wrote."""
        done = await self.hub(*arguments)
        assert done.status == 0, done
        return done.out

    async def json(self, *arguments: str) -> Any:
        """Run a command that must succeed, and return its answer."""
        return json.loads(await self.ok(*arguments, "-o", "json"))

    def at_terminal(self, *arguments: str) -> Terminal:
        """Start a command on a terminal."""
        return self.open_terminal(
            [*HUB, *arguments], {**self.environment, "TERM": "xterm"}, self.home
        )


async def polled(house: House, port: int, unit: int, definition: dict[str, Any] = MAP) -> None:
    """Give a hub the link `cellar` and the device `boiler`, and wait for its first values."""
    resources = house.hub.resources
    transport = {"host": "127.0.0.1", "port": port}
    await resources.put("modbus.definition", "boiler", definition)
    await resources.put(
        "modbus.link", "cellar", {"transport": transport, "timeout": 0.2, "retries": 0}
    )
    intervals = {"fast": 0.2, "normal": 0.2, "slow": 0.2}
    device = {"link": "cellar", "unit": unit, "definition": "boiler", "intervals": intervals}
    await resources.put("modbus.device", "boiler", device)

    def known() -> bool:
        from integrations.modbus.park import park_of

        devices = park_of(house.hub).devices
        return "boiler" in devices and devices["boiler"].version > 0

    await wait_until(
        lambda: bool(house.hub.resources.status("modbus.device", "boiler")) and known()
    )
