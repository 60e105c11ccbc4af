"""T12: a real small disk that becomes full; and one that is nearly full."""

import asyncio
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.recorder.database.disk import Disk
from hub.recorder.errors import RecorderUnavailable
from hub.recorder.state import RecorderState
from hub.util.clock import FakeClock
from tests.hub.recorder.conftest import MakeDesk
from tests.hub.recorder.desk import Desk

MIB = 1 << 20


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A folder on a disk of 6 MiB."""
    folder = Path(tempfile.mkdtemp(prefix="hub-history-", dir="/tmp"))
    mount = ["mount", "-t", "tmpfs", "-o", "size=6m,mode=700", "hub-test", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        folder.rmdir()
        pytest.fail(f"a small disk needs the right to mount: {done.stderr}", pytrace=False)
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)
    folder.rmdir()


async def test_full_disk_recovers_without_a_restart(
    small_disk: Path, make_desk: MakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.recorder.writing.writer.FIRST_RETRY", 0.05)
    monkeypatch.setattr("hub.recorder.writing.writer.LONGEST_RETRY", 0.2)
    desk = await make_desk(f"sqlite:///{small_disk}/history.db")
    await change(desk, 0, 200)
    await desk.writer.flush()
    ballast = small_disk / "ballast"
    fill(ballast)
    count = 200
    while desk.status.state is RecorderState.RECORDING and count < 20_000:
        await change(desk, count, count + 200)
        count += 200
        await asyncio.sleep(0.01)
    await desk.until(RecorderState.WAITING)
    assert "full" in str(desk.status.reason)
    assert str(small_disk) in str(desk.status.reason)
    await change(desk, count, count + 200)
    count += 200
    with pytest.raises(RecorderUnavailable, match="full"):
        await desk.writer.flush()
    assert await desk.value("SELECT count(*) FROM states") >= 200, "reading works"
    ballast.unlink()
    await desk.until(RecorderState.RECORDING)
    await desk.drained()
    assert await desk.history("sensor.a") == [str(number) for number in range(count)]
    assert await desk.value("PRAGMA integrity_check") == "ok"


async def test_disk_full_at_the_start(small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.recorder.writing.writer.FIRST_RETRY", 0.05)
    ballast = small_disk / "ballast"
    fill(ballast)
    desk = Desk(f"sqlite:///{small_disk}/history.db")
    desk.begin()
    try:
        desk.states.set("sensor.a", "1")
        await desk.until(RecorderState.WAITING)
        ballast.unlink()
        await desk.until(RecorderState.RECORDING)
        assert await desk.history("sensor.a") == ["1"]
    finally:
        await desk.close()


async def change(desk: Desk, first: int, end: int) -> None:
    for number in range(first, end):
        desk.states.set("sensor.a", str(number), {"n": number, "text": "x" * 100})


def fill(ballast: Path) -> None:
    """Leave no room at all."""
    with ballast.open("wb", buffering=0) as file:
        for size in (65536, 4096, 512):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue


async def test_nearly_full_disk_pauses_and_goes_on(small_disk: Path, make_desk: MakeDesk) -> None:
    desk = await make_desk(f"sqlite:///{small_disk}/history.db")
    disk = Disk(desk.store, FakeClock(), 3 * MIB, desk.writer.pause)
    desk.states.set("sensor.a", "1")
    await desk.writer.flush()
    await disk.look()
    assert disk.free is not None
    assert disk.free > 3 * MIB
    assert disk.size is not None
    assert desk.status.state is RecorderState.RECORDING

    ballast = small_disk / "ballast"
    ballast.write_bytes(b"\0" * 4 * MIB)
    await disk.look()
    assert desk.status.state is RecorderState.PAUSED
    assert "recorder.min_free_disk is 3" in str(desk.status.reason)
    desk.states.set("sensor.a", "2")
    with pytest.raises(RecorderUnavailable, match="paused"):
        await desk.writer.flush()
    assert await desk.value("SELECT count(*) FROM states") == 1

    ballast.write_bytes(b"\0" * (small_room(small_disk, ballast) - 3 * MIB - MIB // 16))
    await disk.look()
    assert desk.status.state is RecorderState.PAUSED, "a little more than the limit is not enough"
    ballast.unlink()
    await disk.look()
    await desk.until(RecorderState.RECORDING)
    assert await desk.history("sensor.a") == ["1", "2"]


def small_room(folder: Path, ballast: Path) -> int:
    """Return the room that there is without the ballast."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize + ballast.stat().st_size


async def test_the_disk_of_a_server_is_not_looked_at(desk: Desk) -> None:
    disk = Disk(desk.store, FakeClock(), 1 << 60, desk.writer.pause)
    await disk.look()
    paused = desk.status.state is RecorderState.PAUSED
    assert paused == (desk.store.path is not None)
    assert disk.size is not None
