"""Rules that no test of behaviour would notice: how hosts are never to be reached."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FILES = [path for room in ("hub", "integrations") for path in sorted((ROOT / room).rglob("*.py"))]
SSH = {"connect.py", "files.py", "link.py", "session.py"}


@pytest.mark.parametrize(
    "forbidden",
    [
        r"known_hosts\s*=\s*None",
        r"shell\s*=\s*True",
        r"create_subprocess_shell",
        r"os\.(system|popen)\(",
        r"StrictHostKeyChecking",
    ],
)
def test_nowhere(forbidden: str) -> None:
    found = [path for path in FILES if re.search(forbidden, path.read_text())]
    assert found == []


def test_every_connection_ignores_the_users_own_settings() -> None:
    """S9: `~/.ssh/config` and an agent would decide otherwise."""
    text = (ROOT / "hub/runner/connect.py").read_text()
    calls = re.findall(
        r"asyncssh\.(?:connect|get_server_host_key)\((.*?)\n    +\)", text, re.DOTALL
    )
    assert len(calls) == 2
    assert all("config=None" in call for call in calls)
    assert "agent_path=None" in calls[0]


def test_only_four_files_know_the_ssh_library() -> None:
    found = {
        str(path.relative_to(ROOT))
        for path in FILES
        if re.search(r"^\s*(import|from) asyncssh", path.read_text(), re.MULTILINE)
    }
    assert found == {f"hub/runner/{name}" for name in SSH}


@pytest.mark.parametrize("module", ["hub.runner", "hub.resources.types.host_server"])
def test_the_ssh_library_is_loaded_when_first_needed(module: str) -> None:
    program = f"import json, sys, {module}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert {"asyncssh", "cryptography"}.isdisjoint(json.loads(done.stdout))
