"""Time and memory of whole `hub get` commands against a running hub, beside bare interpreters.

Prints JSON: milliseconds (best, median of RUNS) and peak memory in MB, both of the whole process;
the memory is never told below that of this program, which starts them (14 MB).
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
RUNS = 30
CONFIG = "mqtt:\n  enabled: false\ndemo:\n"
CLIENT = [sys.executable, "-c", "from hub.cli.app import main; main()"]


def measured(command: list[str], environment: dict[str, str]) -> dict[str, Any]:
    """Run a command often; raises when it fails."""
    seconds, memory = [], 0
    for _ in range(RUNS):
        begun = time.perf_counter()
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment, cwd=ROOT)
        _, status, usage = os.wait4(child.pid, 0)
        seconds.append(time.perf_counter() - begun)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            raise SystemExit(f"{command} exited {child.returncode}")
        memory = max(memory, usage.ru_maxrss)
    return {
        "best_ms": round(min(seconds) * 1000, 1),
        "median_ms": round(statistics.median(seconds) * 1000, 1),
        "peak_mb": round(memory / 1024, 1),
    }


def main() -> None:
    """Start a hub, run the commands, print what they took."""
    with tempfile.TemporaryDirectory() as home:
        config, data = Path(home, "config"), Path(home, "data")
        config.mkdir()
        (config / "hub.yaml").write_text(CONFIG)
        environment = {**os.environ, "HUB_DATA": str(data), "XDG_CONFIG_HOME": home}
        folders = ["--config", str(config), "--data", str(data)]
        with Path(home, "log").open("wb") as log:
            hub = subprocess.Popen(
                [*CLIENT, "run", *folders, "--port", "0"], stderr=log, env=environment, cwd=ROOT
            )
        try:
            while (
                not (data / "hub.sock").exists()
                or b" runs at " not in Path(home, "log").read_bytes()
            ):
                time.sleep(0.1)
            bare = [sys.executable, "-c"]
            complete = environment | {
                "COMP_WORDS": "hub get host.server/",
                "COMP_CWORD": "2",
                "_HUB_COMPLETE": "bash_complete",
            }
            found = {
                "runs": RUNS,
                "python -c pass": measured([*bare, "pass"], environment),
                "python -c 'import click'": measured([*bare, "import click"], environment),
                "hub get": measured([*CLIENT, "get"], environment),
                "hub get host.server": measured([*CLIENT, "get", "host.server"], environment),
                "hub states -o json": measured([*CLIENT, "states", "-o", "json"], environment),
                "completion of a key": measured(CLIENT, complete),
            }
            if _there("typer"):
                found["python -c 'import typer'"] = measured([*bare, "import typer"], environment)
            print(json.dumps(found, indent=2))
        finally:
            hub.terminate()
            hub.wait(10)


def _there(module: str) -> bool:
    """Tell whether a library that is no longer ours happens to be installed."""
    from importlib.util import find_spec

    return find_spec(module) is not None


if __name__ == "__main__":
    main()
