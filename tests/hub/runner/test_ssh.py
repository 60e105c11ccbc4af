"""Commands on a real sshd: how they end, what comes back, what is seen of them."""

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.errors import HubError
from hub.events import Context
from hub.runner import Outcome, Runners, SSHRunner
from hub.runner.command import Kind
from hub.runner.errors import CommandNotAllowed
from tests.hub.runner.conftest import MakeRunners, Told, by_password, server_of
from tests.peers.ports import wait_until
from tests.peers.sshd import Sshd, descendants


@pytest.mark.parametrize(
    ("script", "kind", "status", "signal_name"),
    [
        ("exit 0", Kind.OK, 0, None),
        ("exit 3", Kind.EXIT, 3, None),
        ("exit 124", Kind.EXIT, 124, None),
        ("exit 137", Kind.EXIT, 137, None),
        ("kill -SEGV $$", Kind.SIGNAL, None, "SEGV"),
        ("exec no-such-program", Kind.EXIT, 127, None),
    ],
)
async def test_ends(
    web: SSHRunner, script: str, kind: Kind, status: int | None, signal_name: str | None
) -> None:
    outcome = await web.run(["sh", "-c", script])
    if kind is Kind.SIGNAL:
        # the time limit around it tells a signal as a status
        assert (outcome.kind, outcome.status) in {(Kind.EXIT, 139), (Kind.SIGNAL, None)}
        return
    assert (outcome.kind, outcome.status, outcome.signal) == (kind, status, signal_name)


async def test_both_outputs_and_the_input(web: SSHRunner) -> None:
    outcome = await web.run(["sh", "-c", "cat; echo wrong >&2"], stdin=b"in\0put")
    assert (outcome.stdout, outcome.stderr) == (b"in\0put", b"wrong\n")


async def test_without_input_a_reader_ends(web: SSHRunner) -> None:
    """S3: an open standard input would be read for ever."""
    assert (await web.run(["cat"])).check().stdout == b""


async def test_arguments_arrive_as_they_are(web: SSHRunner) -> None:
    arguments = ["$HOME", "`id`", "a  b", "'", '"', "\\", "*", "", "; echo x", "-n", "ü"]
    outcome = await web.run(["printf", "%s|", *arguments])
    assert outcome.text == "|".join(arguments) + "|"


async def test_output_that_is_no_text_disturbs_nobody(web: SSHRunner) -> None:
    """S2: in text mode one bad byte ends the connection and every command on it."""
    beside = asyncio.create_task(web.run(["sh", "-c", "sleep 0.3; echo fine"]))
    bad = await web.run(["printf", "\\377\\376"])
    assert bad.check().stdout == b"\xff\xfe"
    assert (await beside).check().text == "fine\n"


async def test_megabytes_arrive_whole(web: SSHRunner) -> None:
    data = os.urandom(3_000_000)
    assert (await web.run(["cat"], stdin=data)).check().stdout == data


async def test_output_is_bounded(web: SSHRunner) -> None:
    outcome = await web.run(["head", "-c", "300000", "/dev/zero"], max_output=1000)
    assert outcome.kind is Kind.OK
    assert len(outcome.stdout) == 1000
    assert outcome.truncated


async def test_a_flood_is_cut_off(web: SSHRunner) -> None:
    outcome = await web.run(["cat", "/dev/zero"], max_output=1000)
    assert outcome.kind is Kind.UNKNOWN
    assert outcome.truncated
    assert len(outcome.stdout) == 1000
    assert (await web.run(["true"])).ok


async def test_a_late_command_ends_on_the_host_too(web: SSHRunner, tmp_path: Path) -> None:
    """S5: giving up here would leave it running there."""
    outcome = await web.run(["sh", "-c", f"echo begun; exec sleep {nap(987)}"], timeout=5)
    assert outcome.kind is Kind.TIMEOUT
    assert outcome.stdout == b"begun\n"
    assert not sleeping(987)
    with pytest.raises(HubError) as caught:
        outcome.check()
    assert caught.value.code == "timeout"


async def test_one_that_ignores_the_polite_end_is_killed(
    web: SSHRunner,
) -> None:
    outcome = await web.run(
        ["sh", "-c", f"trap '' TERM; sleep {nap(986)} & wait; sleep {nap(986)}"], timeout=1
    )
    assert outcome.kind is Kind.TIMEOUT
    await wait_until(lambda: not sleeping(986))


async def test_a_daemon_left_behind_does_not_hold_the_answer(
    make_runners: MakeRunners, sshd: Sshd
) -> None:
    runners = make_runners(linger=0.2)
    runners.put(server_of(sshd))
    async with asyncio.timeout(30):
        outcome = await runners.host("web", "tests").run(["sh", "-c", "sleep 60 & echo $!"])
    os.kill(int(outcome.check().text), signal.SIGKILL)


async def test_output_after_the_end_still_counts(make_runners: MakeRunners, sshd: Sshd) -> None:
    runners = make_runners(linger=30)
    runners.put(server_of(sshd))
    web = runners.host("web", "tests")
    outcome = await web.run(["sh", "-c", "echo first; (sleep 0.3; echo later) &"])
    assert outcome.check().text == "first\nlater\n"


async def test_a_cancelled_command_frees_its_session(make_runners: MakeRunners, sshd: Sshd) -> None:
    runners = make_runners(slots=1)
    runners.put(server_of(sshd))
    web = runners.host("web", "tests")
    await web.run(["true"])
    begun = asyncio.create_task(web.run(["sleep", nap(985)], timeout=15))
    await wait_until(lambda: sleeping(985))
    begun.cancel()
    assert (await web.run(["true"])).ok
    assert open_channels(runners) == 0
    await wait_until(lambda: not sleeping(985))


async def test_giving_up_closes_the_session(make_runners: MakeRunners, sshd: Sshd) -> None:
    """The limit on the host failed, as when it is frozen for a while: the one here holds."""
    runners = make_runners(slack=-30.0)  # 5 s here, 30 s there
    runners.put(server_of(sshd))
    web = runners.host("web", "tests")
    running = asyncio.create_task(web.run(["sleep", nap(978)], timeout=30))
    await wait_until(lambda: sleeping(978))
    for pid in descendants_of(sshd):
        os.kill(pid, signal.SIGSTOP)
    assert (await running).kind is Kind.TIMEOUT
    assert open_channels(runners) == 0


async def test_connection_killed_in_mid_command(web: SSHRunner, sshd: Sshd) -> None:
    """S1: asyncssh returns normally; here it is an outcome that nobody takes for success."""
    running = asyncio.create_task(web.run(["sh", "-c", f"echo part; sleep {nap(984)}"], timeout=15))
    await wait_until(lambda: sleeping(984))
    for pid in sshd.connections:
        os.kill(pid, signal.SIGKILL)
    outcome = await running
    assert outcome.kind is Kind.UNKNOWN
    assert outcome.status is None
    assert outcome.stdout == b"part\n"
    with pytest.raises(HubError, match="may have done its work or not") as caught:
        outcome.check()
    assert caught.value.code == "outcome_unknown"


async def test_a_lost_command_is_not_run_again(web: SSHRunner, sshd: Sshd, tmp_path: Path) -> None:
    log = f"{sshd.account.home}/runs"
    script = f"echo run >> {log}; sleep {nap(983)}"
    running = asyncio.create_task(web.run(["sh", "-c", script], timeout=15))
    await wait_until(lambda: sleeping(983))
    for pid in sshd.connections:
        os.kill(pid, signal.SIGKILL)
    assert (await running).kind is Kind.UNKNOWN
    assert (await web.run(["cat", log])).check().text == "run\n"


async def test_transcripts_hold_no_secret_and_the_audit_no_output(
    runners: Runners, sshd: Sshd, told: Told
) -> None:
    runners.put(by_password(sshd))
    web = runners.host("web", "tests")
    context = Context("anna")
    password = sshd.account.password
    await web.run(
        ["cat"], stdin=f"{password} and token-1234".encode(), context=context,
        secrets=["token-1234"],
    )  # fmt: skip
    [transcript] = runners.transcripts("host.server/web")
    assert transcript.stdout == "*** and ***"
    assert (transcript.user_id, transcript.kind, transcript.status) == ("anna", "ok", 0)
    [(_, target, result, data)] = told.of("host.run")
    assert (target, result) == ("host.server/web", "ok")
    assert data == {"argv": ["cat"], "integration": "tests", "outcome": "ok"}
    assert told.contexts[-1] is context
    assert password not in repr(told.entries)


async def test_the_own_password_is_refused_as_an_argument(
    runners: Runners, sshd: Sshd, told: Told
) -> None:
    runners.put(by_password(sshd))
    with pytest.raises(CommandNotAllowed, match="holds a secret"):
        await runners.host("web", "tests").run(["echo", sshd.account.password])
    assert sshd.account.password not in repr(told.entries)


async def test_only_the_last_transcripts_are_kept(web: SSHRunner, runners: Runners) -> None:
    for number in range(60):
        await web.run(["echo", str(number)])
    kept = runners.transcripts("host.server/web")
    assert [item.argv[1] for item in kept] == [str(number) for number in range(10, 60)]


async def test_the_language_of_the_host_does_not_matter(
    runners: Runners, start_sshd: Callable[..., Sshd]
) -> None:
    runners.put(server_of(start_sshd("AcceptEnv LANG LC_*")))
    outcome = await runners.host("web", "tests").run(["sh", "-c", "echo $LC_ALL"])
    assert outcome.text == "C\n"


async def test_facts_over_ssh(web: SSHRunner, told: Told) -> None:
    facts = await web.facts()
    assert facts.hostname == os.uname().nodename
    assert facts.disks
    assert told.of("host.run") == []


async def test_no_secret_in_any_process_list(
    make_runners: MakeRunners, start_sshd: Callable[..., Sshd]
) -> None:
    """Test 15 of the facts: looked at from outside, again and again, while a job runs."""
    sshd = start_sshd()
    runners = make_runners()
    runners.put(by_password(sshd, sudo_password="another-secret"))
    web = runners.host("web", "tests")
    script = f"cat >/dev/null; sleep {nap(964)}"
    running = asyncio.create_task(web.run(["sh", "-c", script], stdin=b"third!", timeout=60))
    seen, looks = "", 0
    while looks < 20:
        seen += (shown := "\n".join(command_lines()))
        looks += f"sleep\0{nap(964)}\0" in shown.splitlines()
        await asyncio.sleep(0.02)
    for pid in descendants_of(sshd):
        os.kill(pid, signal.SIGKILL)
    for secret in (sshd.account.password, "another-secret", "third!"):
        assert secret not in seen
    assert isinstance(await running, Outcome)


async def test_keys_never_become_files(
    runners: Runners, sshd: Sshd, opened_for_writing: list[str]
) -> None:
    """Test 14 of the facts: no file is opened for writing from connecting to closing."""
    runners.put(server_of(sshd))
    web = runners.host("web", "tests")
    await web.run(["true"])
    await web.facts()
    await runners.close()
    assert opened_for_writing == []


def command_lines() -> list[str]:
    """Return the command lines of all processes of this machine."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(place.read_bytes().decode("utf-8", "replace"))
        except OSError:
            continue
    return found


def nap(number: int) -> str:
    """Return seconds to sleep that no other test process sleeps: about `number`, or 0.7."""
    return f"{number or '0.7'}{'.' if number else ''}{os.getpid()}"


def sleeping(number: int) -> list[str]:
    """Return the processes that take such a nap."""
    return [line for line in command_lines() if line == f"sleep\0{nap(number)}\0"]


def open_channels(runners: Runners) -> int:
    """Return how many sessions of the connection were not closed from here."""
    link = runners._pool.line("web")._link
    assert link is not None
    return sum(item._send_state != "closed" for item in link._connection._channels.values())


def descendants_of(sshd: Sshd) -> list[int]:
    """Return the processes that run commands for the account's connection."""
    return [pid for one in sshd.connections for pid in descendants(one)]
