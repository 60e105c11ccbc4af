"""`hub logs`: the kept warnings, and new ones as they come."""

import asyncio
import json
import logging

from tests.hub.cli.conftest import HUB, Shell
from tests.peers.ports import wait_until

LOGGER = logging.getLogger("hub.test.logs")


def fail(reason: str) -> None:
    LOGGER.error("It failed: %s", reason)


async def test_warnings_are_shown_oldest_first_and_counted(shell: Shell) -> None:
    fail("one")
    fail("one")
    try:
        raise ValueError("\x1b[31mred")
    except ValueError:
        LOGGER.exception("With a traceback")
    lines = (await shell.ok("logs")).splitlines()
    mine = [line for line in lines if "hub.test.logs" in line]
    assert mine[0].endswith("ERROR hub.test.logs: It failed: one (2 times)")
    assert mine[1].endswith("ERROR hub.test.logs: With a traceback")
    assert any(line.startswith("    ValueError: ") for line in lines)
    assert all(line.isprintable() for line in lines)
    found = json.loads(await shell.ok("logs", "-o", "json"))
    assert [entry["count"] for entry in found if entry["name"] == "hub.test.logs"] == [2, 1]


async def test_they_can_be_forgotten(shell: Shell) -> None:
    fail("one")
    await shell.ok("logs", "--clear")
    # A hub that was held up meanwhile says so.
    assert "hub.test.logs" not in await shell.ok("logs")


async def test_new_ones_are_followed(shell: Shell) -> None:
    process = await asyncio.create_subprocess_exec(
        *HUB, "logs", "--follow", cwd=shell.home, env=shell.environment,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    await wait_until(lambda: shell.hub_.bus.counts().get("system_log_event"))
    fail("now")
    line = ""
    async with asyncio.timeout(30):
        while "hub.test.logs" not in line:
            line = (await process.stdout.readline()).decode()
    assert line.endswith("ERROR hub.test.logs: It failed: now\n")
    process.terminate()
    await process.wait()
