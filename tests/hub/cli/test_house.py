"""`hub states`, `call`, `watch`, `jobs`: what happens in the house."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from hub.hub import Phase
from hub.jobs import JobState
from tests.hub.cli.conftest import HUB, Shell
from tests.peers.ports import wait_until
from tests.peers.terminal import Terminal


async def test_states_by_pattern(shell: Shell) -> None:
    table = await shell.ok("states", "demo_temperature")
    assert table.splitlines()[0].split() == ["ENTITY", "STATE", "NAME", "CHANGED"]
    assert "sensor.demo_temperature  19.0 °C  Demo Temperature" in table
    found = json.loads(await shell.ok("states", "s*.demo_?am*", "-o", "json"))
    assert [state["entity_id"] for state in found] == ["switch.demo_lamp"]
    assert len(json.loads(await shell.ok("states", "-o", "json"))) >= 10


async def test_a_service_is_called_with_fields_and_targets(shell: Shell) -> None:
    turned = await shell.ok("call", "switch.turn_on", "--target", "entity_id=switch.demo_lamp")
    assert "switch.demo_lamp  on" in turned
    set_ = await shell.ok("call", "number.set_value", "entity_id=number.demo_level", "value=30")
    assert "number.demo_level  30.0 lx" in set_
    again = await shell.hub("call", "switch.turn_on", "entity_id=switch.demo_lamp")
    assert (again.status, again.err) == (0, "done, no state changed\n")
    states = json.loads(
        await shell.ok("call", "switch.turn_off", "entity_id=switch.demo_lamp", "-o", "json")
    )
    assert states[0]["state"] == "off"


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["switch"], 2, "expected DOMAIN.SERVICE"),
        (["switch.turn_on", "entity_id"], 2, "expected key=value"),
        (["switch.turn_on", "--target", "=x"], 2, "expected key=value"),
        (["switch.explode"], 1, "switch.explode not found"),
        (["switch.turn_on", "entity_id=switch.none"], 1, "there is no entity switch.none"),
        (["number.set_value", "entity_id=number.demo_level", "value=x"], 1, "value"),
    ],
)
async def test_a_wrong_call_is_explained(
    shell: Shell, arguments: list[str], status: int, words: str
) -> None:
    done = await shell.hub("call", *arguments)
    assert done.status == status
    assert words in done.err


@asynccontextmanager
async def watching(shell: Shell, *arguments: str) -> AsyncIterator[asyncio.StreamReader]:
    """Run `hub watch` and give its lines."""
    process = await asyncio.create_subprocess_exec(
        *HUB, "watch", *arguments, cwd=shell.home, env=shell.environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    yield process.stdout
    process.terminate()
    await process.communicate()


async def line(reader: asyncio.StreamReader) -> str:
    async with asyncio.timeout(30):
        return (await reader.readline()).decode()


async def until_watched(shell: Shell, count: int = 1) -> None:
    """Wait until so many websockets have subscribed."""
    endpoint = shell.house.running.api._websocket
    await wait_until(
        lambda: sum(bool(each._subscriptions) for each in endpoint.connections) >= count
    )


async def test_states_as_they_change(shell: Shell) -> None:
    async with watching(shell, "states", "sensor.a*") as lines:
        await until_watched(shell)
        shell.hub_.states.set("sensor.other", "1")
        shell.hub_.states.set("sensor.attic", "20")
        shell.hub_.states.set("sensor.attic", "21")
        shell.hub_.states.set("sensor.attic", "21", {"window": "\x1b[open"})
        shell.hub_.states.remove("sensor.attic")
        assert (await line(lines)).endswith(" sensor.attic (new) -> 20\n")
        assert (await line(lines)).endswith(" sensor.attic 20 -> 21\n")
        assert (await line(lines)).endswith(" sensor.attic window=\N{REPLACEMENT CHARACTER}[open\n")
        assert (await line(lines)).endswith(" sensor.attic 21 -> (gone)\n")


async def test_events_as_json_lines(shell: Shell) -> None:
    async with watching(shell, "events", "bell", "-o", "json") as lines:
        await until_watched(shell)
        shell.hub_.bus.fire("other", {})
        shell.hub_.bus.fire("bell", {"door": "front"})
        event = json.loads(await line(lines))
        assert (event["event_type"], event["data"]) == ("bell", {"door": "front"})


async def test_resources_and_their_jobs(shell: Shell) -> None:
    await shell.put("test.note/there", text="before")
    async with watching(shell, "resources") as lines, watching(shell, "jobs") as jobs:
        assert "is test.note/there revision 1 in_sync" in await line(lines)
        await until_watched(shell, 2)
        await shell.put("test.folder/x", lines={"a": "one"})
        assert "added test.folder/x revision 1 pending" in await line(lines)
        seen = ""
        while "(done)" not in seen:
            seen += await line(jobs)
        assert "resource.apply test.folder/x: " in seen


async def test_a_restart_is_waited_for(shell: Shell) -> None:
    async with watching(shell, "states", "sensor.attic") as lines:
        await until_watched(shell)
        api = shell.house.running.api
        port = api.port
        await api.stop()
        await api.start("127.0.0.1", port, shell.hub_.data_dir)
        await until_watched(shell)
        shell.hub_.states.set("sensor.attic", "20")
        assert "sensor.attic (new) -> 20" in await line(lines)
        assert shell.hub_.phase is Phase.RUNNING


async def test_watching_a_hub_that_is_not_there_is_an_error(shell: Shell) -> None:
    done = await shell.hub("watch", HUB_URL="http://127.0.0.1:9")
    assert done.status == 1
    assert "no hub answers at http://127.0.0.1:9" in done.err
    refused = await shell.hub("watch", HUB_URL=shell.house.url, HUB_TOKEN="wrong")
    assert refused.status == 1
    assert "hub login" in refused.err


async def test_ctrl_c_ends_watching(shell: Shell) -> None:
    def person(terminal: Terminal) -> None:
        terminal.expect("is test.note/a")
        assert terminal.interrupt() == 130
        assert "Traceback" not in terminal.screen

    await shell.put("test.note/a", text="x")
    await shell.at_terminal(person, "watch", "resources")


async def test_jobs_are_listed_shown_followed_and_cancelled(shell: Shell) -> None:
    assert (await shell.hub("jobs")).err == "no jobs\n"
    await shell.put("test.folder/x", lines={"a": "one"}, hang_at="a")
    await wait_until(lambda: [job.state for job in shell.hub_.jobs.list()] == [JobState.RUNNING])
    (job,) = shell.hub_.jobs.list()
    assert job.id in await shell.ok("jobs")
    assert job.id in await shell.ok("jobs", "--state", "running")
    assert job.id not in (await shell.hub("jobs", "list", "--state", "done")).out
    shown = await shell.ok("jobs", "show", job.id)
    assert "target   test.folder/x" in shown
    assert "state    running" in shown
    cancelled = await shell.ok("jobs", "cancel", job.id)
    assert cancelled.startswith(f"job {job.id} ")
    assert "cancelled" in cancelled
    log = await shell.hub("jobs", "log", job.id, "--follow")
    assert log.status == 1
    assert "cancelled" in log.err
    unknown = await shell.hub("jobs", "show", "none")
    assert unknown.status == 1
    assert json.loads(await shell.ok("jobs", "list", "-o", "json"))[0]["id"] == job.id
