"""`kill -9` while statistics are made or rows are purged: the next start goes on (T7)."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]


def run(
    folder: Path, number: int = 0, when: str = "before", where: str = "statistics"
) -> dict[str, Any] | None:
    """Return what was found at the end, None when the process was killed."""
    folder.mkdir(exist_ok=True)
    program = [sys.executable, "-m", "tests.hub.recorder.crash_upkeep"]
    ended = subprocess.run(
        [*program, str(folder), str(number), when, where],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ,
        check=False,
    )
    if ended.returncode == -signal.SIGKILL:
        return None
    assert ended.returncode == 0, ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def test_killed_again_and_again(tmp_path: Path) -> None:
    whole = run(tmp_path / "whole")
    assert whole is not None
    assert whole.pop("writes") > 8
    cut = tmp_path / "cut"
    kills = [(5, "before", "statistics"), (20, "after", "statistics")]
    kills += [(2, "before", "purge"), (3, "after", "purge")]
    for kill in kills:
        assert run(cut, *kill) is None, kill
    found = run(cut)
    assert found is not None
    found.pop("writes")
    assert found["check"] == "ok"
    assert found["states"] == whole["states"]
    for name, rows in whole.items():
        if isinstance(rows, list):
            assert found[name] == [pytest.approx(row) for row in rows], name
