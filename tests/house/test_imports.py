"""What an import costs: heavy libraries stay out until they are needed."""

import json
import subprocess
import sys

import pytest

LAZY = {"alembic", "textual", "asyncssh", "pymodbus", "zeroconf", "click", "ruamel", "segno"}
CLIENT = {
    *("aiohttp", "asyncio", "cryptography", "email", "http", "orjson", "paho", "pydantic", "rich"),
    *("sqlalchemy", "ssl", "structlog", "textual", "typer", "urllib", "voluptuous", "yaml"),
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
