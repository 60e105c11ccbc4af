"""The command line as a person meets it: real processes, real exit codes."""

from pathlib import Path

import pytest

from hub.const import VERSION
from tests.peers.hub import run_hub


def test_version_and_help() -> None:
    assert run_hub("--version").stdout == f"hub {VERSION}\n"
    shown = run_hub("--help").stdout
    for command in ("run", "init", "check-config"):
        assert command in shown


def test_an_unknown_command_is_a_usage_error() -> None:
    done = run_hub("rum")
    assert done.returncode == 2
    assert "No such command" in done.stderr


def test_check_config_says_what_is_fine(tmp_path: Path) -> None:
    (tmp_path / "hub.yaml").write_text("demo:\n")
    done = run_hub("check-config", "--config", str(tmp_path))
    assert done.returncode == 0
    assert "development profile, integrations: demo" in done.stdout


@pytest.mark.parametrize("command", ["check-config", "run"])
def test_every_problem_is_listed_and_nothing_starts(tmp_path: Path, command: str) -> None:
    config, data = tmp_path / "config", tmp_path / "data"
    config.mkdir()
    (config / "hub.yaml").write_text("hubb: 1\nhttp:\n  port: x\n  colour: red\n")
    arguments = ["--data", str(data)] if command == "run" else []
    done = run_hub(command, "--config", str(config), *arguments)
    assert done.returncode == 2
    assert f"{config}/hub.yaml:1: unknown section 'hubb'; did you mean hub?" in done.stderr
    assert f"{config}/hub.yaml:3: http.port: expected a port between 1 and 65535" in done.stderr
    assert f"{config}/hub.yaml:4: unknown key http.colour; known are " in done.stderr
    assert not data.exists()
