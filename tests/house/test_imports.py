"""What an import costs: heavy libraries stay out until they are needed."""

import json
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.peers.hub import HubProcess

LAZY = {"alembic", "textual", "asyncssh", "pymodbus", "zeroconf", "click", "ruamel", "segno"}
CLIENT = {
    *("aiohttp", "asyncio", "cryptography", "email", "http", "orjson", "paho", "pydantic", "rich"),
    *("sqlalchemy", "ssl", "structlog", "textual", "typer", "voluptuous", "yaml"),
}


@pytest.mark.parametrize(
    ("module", "forbidden"),
    [
        ("hub.bootstrap", LAZY | {"sqlalchemy"}),
        ("hub.sdk", LAZY | {"sqlalchemy", "aiohttp"}),
        ("hub.cli.app", CLIENT | (LAZY - {"click"})),
        ("hub.storage", {"sqlalchemy", "alembic"}),
    ],
)
def test_import_leaves_heavy_libraries_out(module: str, forbidden: set[str]) -> None:
    program = f"import json, sys, {module}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert forbidden.isdisjoint(json.loads(done.stdout))


ASKED = """
import json, sys
from hub.cli.app import run
status = run(sys.argv[1:])
print(json.dumps(sorted(sys.modules)), file=sys.stderr)
sys.exit(status)
"""


def test_a_whole_command_imports_next_to_nothing(start_hub: Callable[..., HubProcess]) -> None:
    """`hub get` may take 100 ms and 30 MB; what it imports decides that."""
    hub = start_hub()
    for arguments in (["get"], ["get", "host.server", "-o", "json"], ["states"], ["jobs"]):
        done = subprocess.run(
            [sys.executable, "-c", ASKED, *arguments, "--data", str(hub.data)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        loaded = set(json.loads(done.stderr.splitlines()[-1]))
        assert CLIENT.isdisjoint(loaded)
        rooms = {name for name in loaded if name.startswith("hub.")}
        assert {name for name in rooms if not name.startswith("hub.cli")} == {"hub.const"}
