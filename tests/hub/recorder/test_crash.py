"""T7: the hub is killed while it writes; what `flush` acknowledged is there."""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from tests.hub.recorder.conftest import MakeDesk

if TYPE_CHECKING:
    from tests.peers.databases import EmptyDatabase

PROGRAM = Path(__file__).with_name("crash.py")


def killed(url: str, batches: int) -> int:
    """Run it until so many batches were acknowledged, kill it, return the last number told."""
    with subprocess.Popen(
        [sys.executable, str(PROGRAM), url], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        told = 0
        for _ in range(batches):
            told = int(process.stdout.readline().split()[1])
        os.kill(process.pid, signal.SIGKILL)
        rest = process.stdout.read().splitlines()
        numbers = [int(line.split()[1]) for line in rest if line.startswith("flushed ")]
        return max([told, *numbers])


async def test_acknowledged_rows_survive_a_kill(
    empty_database: "EmptyDatabase", make_desk: MakeDesk
) -> None:
    told = killed(empty_database.url, 20)
    if empty_database.kind == "sqlite":
        with closing(sqlite3.connect(empty_database.folder / "history.db")) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    desk = await make_desk(empty_database.url)
    found = {int(text) for (text,) in await desk.sql("SELECT state FROM states")}
    assert set(range(1, told + 1)) <= found
    assert found == set(range(1, len(found) + 1)), "no gap behind them"
    lost = "SELECT count(*) FROM states WHERE attributes NOT IN (SELECT id FROM attributes)"
    assert await desk.value(lost) == 0
    desk.states.set("sensor.after", "1", {"n": 3})
    assert await desk.history("sensor.after") == ["1"]
