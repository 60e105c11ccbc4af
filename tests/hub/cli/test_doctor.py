"""`hub doctor`: what is wrong, with the hub running, stopped, damaged or misplaced."""

import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.config.settings import Profile
from tests.hub.cli.conftest import clean_environment
from tests.peers.hub import HubProcess, run_hub
from tests.peers.ports import free_port_number

Report = dict[str, tuple[str, str]]


@pytest.fixture
def examine(tmp_path: Path) -> Callable[..., tuple[int, Report]]:
    """Return a function that runs the doctor and returns status and level, message by check."""

    def run(config: Path, data: Path, **environment: str) -> tuple[int, Report]:
        done = run_hub(
            "doctor", "--config", str(config), "--data", str(data), "-o", "json",
            **clean_environment(tmp_path), **environment,
        )  # fmt: skip
        assert done.stderr == ""
        found = json.loads(done.stdout)
        return done.returncode, {item["name"]: (item["level"], item["message"]) for item in found}

    return run


Examine = Callable[..., tuple[int, Report]]


@pytest.fixture
def place(tmp_path: Path) -> tuple[Path, Path]:
    """Return the folders of a hub that never ran."""
    config, data = tmp_path / "config", tmp_path / "data"
    config.mkdir()
    port = free_port_number()
    (config / "hub.yaml").write_text(f"http:\n  port: {port}\nmqtt:\n  enabled: false\n")
    return config, data


def test_a_running_hub_is_well(start_hub: Callable[..., HubProcess], examine: Examine) -> None:
    hub = start_hub()
    status, report = examine(hub.config, hub.data)
    assert status == 0
    for name in ("config", "data folder", "key file", "database", "disk space", "clock", "hub"):
        assert report[name][0] == "ok", report
    assert "state RUNNING" in report["hub"][1]
    assert report["health"][0] in ("ok", "warn")
    assert report["port"] == ("warn", "the hub runs, but 127.0.0.1:8123 is free") or (
        report["port"][0] == "ok"
    )
    hub.stop()
    status, report = examine(hub.config, hub.data)
    assert status == 0
    assert report["database"][0] == "ok"
    assert report["hub"] == ("warn", f"it does not run on {hub.data}")
    assert "health" not in report


def test_before_the_first_run(place: tuple[Path, Path], examine: Examine) -> None:
    status, report = examine(*place)
    assert status == 0
    assert report["config"][0] == "ok"
    assert Profile.DEVELOPMENT in report["config"][1]
    assert report["data folder"][0] == "warn"
    assert report["port"][0] == "ok"
    assert not place[1].exists()


def test_every_problem_of_the_configuration(place: tuple[Path, Path], examine: Examine) -> None:
    (place[0] / "hub.yaml").write_text("hubb: 1\n")
    status, report = examine(*place)
    assert status == 1
    assert report["config"][0] == "fail"
    assert f"{place[0]}/hub.yaml:1: unknown section 'hubb'" in report["config"][1]


def test_a_port_that_another_program_has(place: tuple[Path, Path], examine: Examine) -> None:
    port = int((place[0] / "hub.yaml").read_text().split("port: ")[1].split()[0])
    with socket.create_server(("127.0.0.1", port)):
        status, report = examine(*place)
    assert status == 1
    assert report["port"][0] == "fail"
    assert str(port) in report["port"][1]


def test_what_others_may_read(hub_process: HubProcess, examine: Examine) -> None:
    hub_process.stop()
    hub_process.data.chmod(0o755)
    (hub_process.data / "keys/sealing.json").chmod(0o644)
    status, report = examine(hub_process.config, hub_process.data)
    assert status == 1
    assert report["data folder"][0] == "warn"
    assert report["key file"][0] == "fail"
    hub_process.data.chmod(0o777)
    assert examine(hub_process.config, hub_process.data)[1]["data folder"][0] == "fail"
    (hub_process.data / "keys/sealing.json").unlink()
    lost = examine(hub_process.config, hub_process.data)[1]["key file"]
    assert (lost[0], "does not exist" in lost[1]) == ("fail", True)


def test_a_damaged_database(hub_process: HubProcess, examine: Examine) -> None:
    hub_process.stop()
    file = hub_process.data / "hub.db"
    content = bytearray(file.read_bytes())
    content[8192:40960] = b"\x55" * (40960 - 8192)
    file.write_bytes(content)
    status, report = examine(hub_process.config, hub_process.data)
    assert status == 1
    assert report["database"][0] == "fail"


def test_lines_for_people(hub_process: HubProcess, tmp_path: Path) -> None:
    hub_process.stop()
    done = run_hub(
        "doctor", "--config", str(hub_process.config), "--data", str(hub_process.data),
        **clean_environment(tmp_path),
    )  # fmt: skip
    assert "ok    database       " in done.stdout
    assert "warn  hub            it does not run" in done.stdout
    assert "  -> start it with `hub run`\n" in done.stdout
