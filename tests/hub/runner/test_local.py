"""Commands on this machine: the same outcomes as over SSH, and nothing left behind."""

import asyncio
import os
import signal
import stat
from pathlib import Path

import pytest
import uvloop

from hub.errors import NotFound
from hub.runner import Runners, process
from hub.runner.command import Kind
from hub.runner.errors import CommandFailed, DiskFull, SudoRefused, TooLarge
from hub.runner.local import LocalRunner
from hub.util.clock import SystemClock
from hub.util.tasks import Tasks
from tests.hub.runner.conftest import Everything, Told, names
from tests.hub.runner.test_ssh import nap, sleeping
from tests.peers.ports import wait_until


@pytest.fixture
def here(runners: Runners) -> LocalRunner:
    return runners.local("tests")


@pytest.mark.parametrize(
    ("argv", "kind", "status", "signal_name"),
    [
        (["true"], Kind.OK, 0, None),
        (["sh", "-c", "exit 3"], Kind.EXIT, 3, None),
        (["sh", "-c", "kill -KILL $$"], Kind.SIGNAL, None, "KILL"),
        (["no-such-program"], Kind.EXIT, 127, None),
        (["/etc/passwd"], Kind.EXIT, 126, None),
    ],
    ids=str,
)
async def test_ends(
    here: LocalRunner, argv: list[str], kind: Kind, status: int | None, signal_name: str | None
) -> None:
    outcome = await here.run(argv)
    assert (outcome.kind, outcome.status, outcome.signal) == (kind, status, signal_name)


async def test_input_and_both_outputs(here: LocalRunner) -> None:
    data = os.urandom(3_000_000)
    outcome = await here.run(["sh", "-c", "cat; echo wrong >&2"], stdin=data)
    assert outcome.check().stdout == data
    assert outcome.stderr == b"wrong\n"
    assert (await here.run(["cat"])).check().stdout == b""
    assert (await here.run(["true"], stdin=data)).ok


async def test_no_shell_reads_the_arguments(here: LocalRunner) -> None:
    assert (await here.run(["printf", "%s|", "$HOME", "`id`", "*"])).text == "$HOME|`id`|*|"


async def test_output_is_bounded(here: LocalRunner) -> None:
    outcome = await here.run(["head", "-c", "3000000", "/dev/zero"], max_output=1000)
    assert (outcome.kind, len(outcome.stdout), outcome.truncated) == (Kind.OK, 1000, True)


async def test_the_whole_group_ends_when_it_is_late(here: LocalRunner) -> None:
    outcome = await here.run(
        ["sh", "-c", f"echo begun; sleep {nap(975)} & sleep {nap(974)}"], timeout=5
    )
    assert outcome.kind is Kind.TIMEOUT
    assert outcome.stdout == b"begun\n"
    await wait_until(lambda: not sleeping(975) + sleeping(974))


async def test_one_that_ignores_the_polite_end_is_killed(here: LocalRunner) -> None:
    outcome = await here.run(
        ["sh", "-c", f"trap '' TERM; sleep {nap(973)}; sleep {nap(972)}"], timeout=0.5
    )
    assert outcome.kind is Kind.TIMEOUT
    await wait_until(lambda: not sleeping(973) + sleeping(972))


async def test_a_cancelled_command_is_killed(here: LocalRunner) -> None:
    running = asyncio.create_task(here.run(["sleep", nap(971)]))
    await wait_until(lambda: sleeping(971))
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await wait_until(lambda: not sleeping(971))


async def test_a_daemon_left_behind_does_not_hold_the_answer(here: LocalRunner) -> None:
    async with asyncio.timeout(30):
        outcome = await here.run(["sh", "-c", "sleep 60 & echo $!"])
    os.kill(int(outcome.check().text), signal.SIGKILL)


async def test_nothing_of_the_hub_is_in_the_environment(
    here: LocalRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "very-secret")
    monkeypatch.setenv("HUB_TOKEN", "very-secret")
    text = (await here.run(["env"])).text
    assert "very-secret" not in text
    assert "PATH=/usr/local/sbin:" in text
    assert (await here.run(["pwd"])).text == "/\n"


async def test_commands_are_told_and_kept(here: LocalRunner, runners: Runners, told: Told) -> None:
    await here.run(["sh", "-c", "echo token-123; exit 4"], secrets=["token-999"])
    [kept] = runners.transcripts()
    assert (kept.target, kept.status, kept.stdout) == ("local", 4, "token-123\n")
    [(_, target, result, data)] = told.of("host.run")
    assert (target, result, data["status"]) == ("local", "failed", 4)


async def test_files(here: LocalRunner, tmp_path: Path, told: Told) -> None:
    path = tmp_path / "a file"
    await here.upload(str(path), b"old")
    await here.upload(str(path), b"new", mode=0o640, sudo=True)
    assert await here.read(str(path)) == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert names(tmp_path) == ["a file"]
    with pytest.raises(NotFound):
        await here.read(f"{tmp_path}/none")
    with pytest.raises(TooLarge):
        await here.read(str(path), limit=2)
    (tmp_path / "folder").mkdir()
    with pytest.raises(CommandFailed):
        await here.upload(f"{tmp_path}/folder", b"x")
    assert names(tmp_path) == ["a file", "folder"]
    assert [entry[2] for entry in told.of("host.read")] == ["ok", "failed", "failed"]


async def test_a_full_disk_leaves_nothing(here: LocalRunner, small_disk: Path) -> None:
    await here.upload(f"{small_disk}/kept", b"kept")
    with pytest.raises(DiskFull):
        await here.upload(f"{small_disk}/kept", b"x" * 100_000)
    assert names(small_disk) == ["kept"]
    assert (small_disk / "kept").read_bytes() == b"kept"


async def test_a_user_becomes_root(
    here: LocalRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the hub ran as another user: the real sudo, which lets root become root."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert (await here.run(["id", "-u"], sudo=True)).check().text == "0\n"
    path = f"{tmp_path}/file"
    await here.upload(path, b"data", sudo=True, mode=0o640)
    assert await here.read(path, sudo=True) == b"data"
    assert names(tmp_path) == ["file"]
    with pytest.raises(TooLarge):
        await here.read(path, sudo=True, limit=2)
    with pytest.raises(NotFound):
        await here.read(f"{tmp_path}/none", sudo=True)
    failed = await here.run(["sh", "-c", "echo sorry >&2; exit 1"], sudo=True)
    assert failed.kind is Kind.EXIT


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("echo 'sudo: a password is required' >&2; exit 1", "add a NOPASSWD rule"),
        (None, "sudo is not installed"),
    ],
    ids=["no right", "no sudo"],
)
async def test_a_user_may_not_become_root(
    here: LocalRunner,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    program: str | None,
    words: str,
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(process, "_PATH", str(tmp_path))
    if program is not None:
        (tmp_path / "sudo").write_text(f"#!/bin/sh\n{program}\n")
        (tmp_path / "sudo").chmod(0o755)
    with pytest.raises(SudoRefused, match=words):
        await here.run(["id"], sudo=True)


async def test_fifty_at_once(here: LocalRunner) -> None:
    outcomes = await asyncio.gather(*(here.run(["echo", str(n)]) for n in range(50)))
    assert [outcome.text for outcome in outcomes] == [f"{n}\n" for n in range(50)]


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_both_event_loops(loop: str, tmp_path: Path) -> None:
    """The hub runs on uvloop when it is there, whose processes and pipes are others."""
    factory = asyncio.new_event_loop if loop == "asyncio" else uvloop.new_event_loop

    async def work() -> None:
        tasks = Tasks()
        here = Runners(SystemClock(), tasks, commands=lambda _: Everything()).local("tests")
        data = os.urandom(2_000_000)
        outcome = await here.run(["sh", "-c", "cat; echo wrong >&2; exit 3"], stdin=data)
        assert (outcome.stdout, outcome.stderr, outcome.status) == (data, b"wrong\n", 3)
        assert (await here.run(["sleep", nap(966)], timeout=0.3)).kind is Kind.TIMEOUT
        assert (await here.run(["sh", "-c", "sleep 5 & echo hi"])).text == "hi\n"
        assert (await here.run(["true"], stdin=data)).ok
        running = asyncio.create_task(here.run(["sleep", nap(965)]))
        await wait_until(lambda: sleeping(965))
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        await tasks.close()

    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(work())
    assert not sleeping(965) + sleeping(966)
