"""A disk that fills up while resources are written: what was acknowledged is there."""

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub import bootstrap
from hub.resources import Resources
from hub.storage.errors import StorageError
from tests.hub.resources.outside import PLAIN


@pytest.fixture
def disk() -> Iterator[Path]:
    """A folder on a disk of 8 MB."""
    folder = Path(tempfile.mkdtemp(prefix="hub-disk-"))
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m,mode=700", "hub-test", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        folder.rmdir()
        pytest.fail(f"a small disk needs the right to mount: {done.stderr}", pytrace=False)
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)
    folder.rmdir()


async def fill(resources: Resources) -> list[str]:
    """Write until the disk is full; return what was acknowledged."""
    written: list[str] = []
    while len(written) < 1000:
        key = f"n{len(written)}"
        try:
            await resources.put("test.note", key, {"text": key + "x" * 40_000})
        except StorageError:
            return written
        written.append(key)
    pytest.fail("the disk never became full")


async def test_a_disk_that_is_really_full_loses_nothing(disk: Path, tmp_path: Path) -> None:
    (tmp_path / "hub.yaml").write_text("mqtt:\n  enabled: false\n")
    settings = bootstrap.load_settings(tmp_path)
    running = await bootstrap.start(settings, tmp_path, disk / "data", port=0)
    resources = running.hub.resources
    resources.types.register(PLAIN)
    ballast = disk / "ballast"
    ballast.write_bytes(b"\0" * 4_000_000)
    written = await fill(resources)
    assert len(written) > 5
    assert [item.key for item in resources.list("test.note")] == sorted(written)
    ballast.unlink()
    await resources.put("test.note", "after", {"text": "there is room again"})
    await bootstrap.stop(running)

    running = await bootstrap.start(settings, tmp_path, disk / "data", port=0)
    resources = running.hub.resources
    found = {item.key: item.spec["text"] for item in resources.list() if item.key != "after"}
    assert sorted(found) == sorted(written)
    assert all(text.startswith(f"{key}x") for key, text in found.items())
    assert resources.get("test.note", "after").spec["text"] == "there is room again"
    assert (await running.hub.audit.verify()).ok
    await bootstrap.stop(running)
