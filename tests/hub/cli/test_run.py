"""`hub run`: start, stop, and what it says when it can not start."""

import signal
import socket
from pathlib import Path

from tests.peers.hub import MINIMAL, HubProcess, run_hub


def test_sigterm_ends_it_cleanly_and_it_starts_again(hub_process: HubProcess) -> None:
    assert hub_process.stop(signal.SIGTERM) == 0
    hub_process.start()
    assert hub_process.stop(signal.SIGINT) == 0
    assert "Traceback" not in hub_process.log


def test_a_port_in_use_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "hub.yaml").write_text(MINIMAL)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        folders = ["--config", str(tmp_path), "--data", str(tmp_path / "data")]
        done = run_hub("run", *folders, "--port", port)
    assert done.returncode == 1
    assert port in done.stderr
    assert "in use" in done.stderr
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr
