"""`hub init`: the first owner and its token, once."""

import json
from pathlib import Path

import aiohttp

from tests.peers.hub import HubProcess, run_hub

INIT = ("init", "--owner", "anna", "--password-stdin")


def test_a_second_owner_is_refused(tmp_path: Path) -> None:
    first = run_hub(*INIT, "--data", str(tmp_path), stdin="correct horse battery\n")
    assert first.returncode == 0, first.stderr
    made = json.loads(first.stdout)
    assert made["username"] == "anna"
    assert len(made["user_id"]) == 32
    second = run_hub(*INIT, "--data", str(tmp_path), stdin="another password\n")
    assert second.returncode == 1
    assert "has an owner already" in second.stderr
    assert second.stdout == ""


def test_without_a_terminal_the_password_comes_from_standard_input(tmp_path: Path) -> None:
    done = run_hub("init", "--owner", "anna", "--data", str(tmp_path))
    assert done.returncode == 2
    assert "--password-stdin" in done.stderr


def test_a_running_hub_keeps_its_data_to_itself(hub_process: HubProcess) -> None:
    done = run_hub(*INIT, "--data", str(hub_process.data), stdin="correct horse battery\n")
    assert done.returncode == 1
    assert "another hub runs on this data folder" in done.stderr


async def test_the_token_opens_the_api(hub_process: HubProcess) -> None:
    async with aiohttp.ClientSession(headers=hub_process.headers) as session:
        async with session.get(f"{hub_process.url}/api/") as answer:
            assert answer.status == 200
        async with session.get(
            f"{hub_process.url}/api/", headers={"Authorization": "Bearer wrong"}
        ) as answer:
            assert answer.status == 401
