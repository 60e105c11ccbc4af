"""A test that runs out of time says what it waited for."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

STUCK = """
import asyncio
import pytest

class Peer:
    def story(self):
        return "the peer has said nothing"

@pytest.fixture
def peer():
    return Peer()

async def wait_for_the_postman():
    await asyncio.Event().wait()

async def test_it(peer):
    task = asyncio.create_task(wait_for_the_postman(), name="postman")
    while True:
        await asyncio.sleep(0.02)
"""


def test_the_report_shows_tasks_and_peers(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(STUCK)
    options = ["-q", "-p", "no:cacheprovider", "-p", "tests.peers.stuck", "--timeout", "1"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "-o", "asyncio_mode=auto", "test_it.py"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1, done.stdout
    assert "--- postman" in done.stdout
    assert "wait_for_the_postman" in done.stdout
    assert "the peer has said nothing" in done.stdout
