"""`hub history`, `hub stats`, `hub logbook`: the past on the command line."""

import asyncio
import json
import time

import pytest

from hub.recorder.database.tables import statistics_hour
from tests.hub.api.past import add_past, add_statistics
from tests.hub.cli.conftest import HUB, Shell

HOT = {"unit_of_measurement": "°C"}


@pytest.fixture
async def begin(shell: Shell) -> float:
    """A sensor with three states of the last hour, one of them hostile; when they began."""
    shell.hub_.states.set("sensor.hot", "23", HOT)
    start = float(int(time.time()) - 3600)
    rows = [(start - 90_000, "18"), (start, "20"), (start + 60, "\x1b[31m,x"), (start + 120, "21")]
    await add_past(shell.hub_, "sensor.hot", rows, HOT)
    return start


async def test_history_of_an_entity(shell: Shell, begin: float) -> None:
    table = (await shell.ok("history", "sensor.hot")).splitlines()
    assert table[0].split() == ["TIME", "STATE"]
    assert table[1].endswith("  18 °C")
    assert table[-1].endswith("23 °C")
    assert time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(begin)) in table[2]
    found = json.loads(await shell.ok("history", "sensor.hot", "--since", "2h", "-o", "json"))
    assert [row["state"] for row in found][:2] == ["18", "20"]
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(begin + 90))
    late = await shell.ok("history", "sensor.hot", "--since", moment, "--csv")
    assert "\x1b" not in late
    lines = late.splitlines()
    assert lines[0] == "time,state"
    assert lines[1].endswith('Z,"\N{REPLACEMENT CHARACTER}[31m,x"')
    assert lines[2].split(",")[1] == "21"
    early = await shell.ok("history", "sensor.hot", "--since", "30h", "--until", "2h", "--csv")
    assert [line.split(",")[1] for line in early.splitlines()] == ["state", "18"]
    none = await shell.hub("history", "sensor.nope")
    assert (none.status, none.out) == (0, "")
    assert "no history" in none.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["sensor.hot", "--since", "soon"], "'soon' is neither"),
        (["test.note/list", "--since", "2h"], "is a resource"),
        (["sensor.hot", "--follow", "--until", "1h"], "--follow has no --until"),
        (["sensor.hot", "--csv", "-o", "json"], "choose --csv or -o"),
    ],
)
async def test_wrong_usage(shell: Shell, arguments: list[str], words: str) -> None:
    done = await shell.hub("history", *arguments)
    assert done.status == 2
    assert words in done.err
    bad = await shell.hub("history", "hot")
    assert (bad.status, "Invalid filter_entity_id" in bad.err) == (1, True)


async def test_history_goes_on(shell: Shell, begin: float) -> None:
    process = await asyncio.create_subprocess_exec(
        *HUB, "history", "sensor.hot", "--follow", "-o", "json", cwd=shell.home,
        env=shell.environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            for state in ("18", "20", "\x1b[31m,x", "21", "23"):
                assert json.loads(await process.stdout.readline())["s"] == state
            shell.hub_.states.set("sensor.hot", "24", HOT)
            assert json.loads(await process.stdout.readline())["s"] == "24"
            for client in list(shell.house.running.api._websocket.connections):
                client.close_soon()
            shell.hub_.states.set("sensor.hot", "25", HOT)
            assert json.loads(await process.stdout.readline())["s"] == "25", "it comes back"
    finally:
        process.terminate()
        await process.wait()


async def test_statistics(shell: Shell) -> None:
    start = int(time.time()) // 3600 * 3600 - 3 * 3600
    await add_statistics(
        shell.hub_,
        "sensor.hot",
        {
            statistics_hour: [
                {"start": start, "mean": 20.5, "min": 20.0, "max": 21.0, "coverage": 1.0},
                {"start": start + 3600, "mean": 21.25, "min": 20.0, "max": 23.0, "coverage": 1.0},
            ]
        },
    )
    table = (await shell.ok("stats", "sensor.hot")).splitlines()
    assert table[0].split() == ["START", "MEAN", "MIN", "MAX"]
    assert table[2].split()[2:] == ["21.25", "20", "23"]
    lines = (await shell.ok("stats", "sensor.hot", "--csv", "--since", "1d")).splitlines()
    assert lines[0] == "start,mean,min,max"
    assert lines[1].split(",")[1:] == ["20.5", "20.0", "21.0"]
    year = json.loads(await shell.ok("stats", "sensor.hot", "--period", "year", "-o", "json"))
    assert max(row["max"] for row in year) == 23.0
    none = await shell.hub("stats", "sensor.none")
    assert "no statistics" in none.err
    bad = await shell.hub("stats", "sensor.hot", "--period", "second")
    assert bad.status == 2


async def test_logbook(shell: Shell) -> None:
    await shell.ok("call", "switch.toggle", "entity_id=switch.demo_lamp")
    table = (await shell.ok("logbook", "switch.demo_lamp")).splitlines()
    assert table[0].split() == ["TIME", "WHAT", "STATE", "BY"]
    assert table[1].split()[2:] == ["switch.demo_lamp", "on", "switch.toggle"]
    whole = await shell.ok("logbook")
    assert "Hub" in whole
    rows = json.loads(await shell.ok("logbook", "switch.demo_lamp", "-o", "json"))
    assert rows[0]["context_service"] == "toggle"
    none = await shell.hub("logbook", "switch.nope", "--since", "1m")
    assert (none.out, none.err) == ("", "nothing happened\n")
