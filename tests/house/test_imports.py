"""What an import costs: heavy libraries stay out until they are needed."""

import json
import subprocess
import sys

import pytest

LAZY = {"alembic", "textual", "asyncssh", "pymodbus", "zeroconf", "typer", "ruamel", "segno"}
CLIENT = {"aiohttp", "sqlalchemy", "paho", "textual", "pydantic", "rich", "voluptuous", "yaml"}


@pytest.mark.parametrize(
    ("module", "forbidden"),
    [
        ("hub.bootstrap", LAZY | {"sqlalchemy"}),
        ("hub.sdk", LAZY | {"sqlalchemy", "aiohttp"}),
        ("hub.cli.app", CLIENT | (LAZY - {"typer"})),
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
