"""A process that is killed between its notes: what it printed is on the disk."""

import subprocess
import sys
from pathlib import Path

import pytest

from hub.jobs import JobState
from tests.hub.jobs.conftest import OpenShop

SCRIPT = Path(__file__).with_name("crash_jobs.py")
ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("lines", [0, 1, 7, 60])
async def test_what_was_noted_before_a_kill_is_offered_after_it(
    open_shop: OpenShop, tmp_path: Path, lines: int
) -> None:
    with subprocess.Popen(  # noqa: ASYNC220 - the test has nothing else to do
        [sys.executable, str(SCRIPT), str(tmp_path / "hub.db")],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        seen: dict[str, int] = {}
        ids: list[str] = []
        for line in process.stdout:
            first, *rest = line.split()
            if first == "started":
                ids = rest
            else:
                seen[first] = int(rest[0])
            if ids and sum(seen.values()) >= lines:
                process.kill()
                break
        for line in process.stdout:  # what was printed before the kill arrived
            target, number = line.split()
            seen[target] = int(number)
    shop = await open_shop()
    offered = {record.target: record for record in shop.jobs.interrupted()}
    assert {record.id for record in offered.values()} == set(ids)
    for target, number in seen.items():
        record = offered[target]
        assert record.state is JobState.INTERRUPTED
        assert record.journal["step"] - number in (0, 1)
        assert record.finished_at is not None
        assert len(shop.jobs.list(target=target)) == 1
