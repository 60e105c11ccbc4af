"""`kill -9` between every two steps of an apply: the next start finishes or takes back."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
FIRST = {"one": "1", "two": "2", "three": "3"}
SECOND = {"one": "A", "two": "B", "four": "D"}
STEPS = ["planned", *(f"{word} {n}" for n in range(4) for word in ("begun", "done")), "proved"]
"""Write one, write two, write four, remove three."""


def start(folder: Path, recovery: str, mode: str, step: str) -> subprocess.CompletedProcess[str]:
    places = [str(folder / name) for name in ("config", "data", "outside")]
    program = [sys.executable, "-m", "tests.hub.resources.crashing", *places, recovery, mode, step]
    return subprocess.run(
        program, capture_output=True, text=True, cwd=ROOT, env=os.environ, check=False
    )


def crash(folder: Path, recovery: str, step: str, then: str | None = None) -> dict[str, Any]:
    """End a hub at a step, start it again and return what it made of that.

    `then` = the step of that start at which it is ended once more.
    """
    for name in ("config", "outside"):
        (folder / name).mkdir()
    (folder / "config/hub.yaml").write_text("mqtt:\n  enabled: false\n")
    ended = start(folder, recovery, "crash", step)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    if then is not None:
        ended = start(folder, recovery, "again", then)
        assert ended.returncode == -signal.SIGKILL, ended.stderr
    after = start(folder, recovery, "after", step)
    assert after.returncode == 0, after.stderr
    found: dict[str, Any] = json.loads(after.stdout)
    return found


@pytest.mark.parametrize("step", STEPS)
def test_a_cut_off_apply_is_finished(tmp_path: Path, step: str) -> None:
    found = crash(tmp_path, "finish", step)
    assert found["files"] == SECOND
    assert (found["phase"], found["observed_revision"]) == ("in_sync", 2)
    assert ["resource.apply", "interrupted"] in found["jobs"]
    assert found["interrupted"] == 0


@pytest.mark.parametrize("step", STEPS)
def test_a_cut_off_apply_is_taken_back_and_done_anew(tmp_path: Path, step: str) -> None:
    found = crash(tmp_path, "roll_back", step)
    assert found["files"] == SECOND
    assert (found["phase"], found["observed_revision"]) == ("in_sync", 2)
    recovered = ["resource.recover", "done"] in found["jobs"]
    assert recovered == (step != "planned")
    assert found["interrupted"] == 0


@pytest.mark.parametrize("step", [f"undoing {number}" for number in (2, 1, 0)])
def test_a_cut_off_taking_back_is_gone_on_with(tmp_path: Path, step: str) -> None:
    found = crash(tmp_path, "roll_back", step)
    assert found["files"] == FIRST
    assert (found["phase"], found["outcome"]) == ("failed", "rolled_back")
    assert found["observed_revision"] == 1


@pytest.mark.parametrize("then", ["undoing 2", "undoing 0", "planned", "begun 1"])
def test_a_recovery_may_be_cut_off_too(tmp_path: Path, then: str) -> None:
    found = crash(tmp_path, "roll_back", "done 2", then)
    assert found["files"] == SECOND
    assert (found["phase"], found["observed_revision"]) == ("in_sync", 2)
    assert found["interrupted"] == 0
