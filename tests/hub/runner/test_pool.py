"""The connection that all commands of a server share: made once, bounded, lost, replaced."""

import asyncio
import os
import signal
from collections.abc import Callable
from dataclasses import replace

import pytest

from hub.errors import HubError, NotFound
from hub.runner import Runners, Server, SSHRunner
from hub.runner.command import Kind
from hub.runner.errors import (
    AuthFailed,
    HostKeyChanged,
    HostKeyUnknown,
    InvalidCredential,
    Unreachable,
)
from hub.runner.hostkeys import host_key
from hub.util.clock import FakeClock
from tests.hub.runner.conftest import MakeRunners, Told, by_password, server_of
from tests.hub.runner.test_ssh import nap, sleeping
from tests.peers.ports import wait_until
from tests.peers.sshd import Sshd

StartSshd = Callable[..., Sshd]


async def test_a_hundred_tasks_share_one_connection(
    web: SSHRunner, runners: Runners, sshd: Sshd
) -> None:
    outcomes = await asyncio.gather(*(web.run(["true"]) for _ in range(100)))
    assert all(outcome.ok for outcome in outcomes)
    assert runners.snapshot()["host.server/web"]["connects"] == 1
    assert sshd.count("Accepted publickey") == 1


async def test_four_hundred_commands_with_six_slots(make_runners: MakeRunners, sshd: Sshd) -> None:
    runners = make_runners(slots=6)
    runners.put(server_of(sshd))
    web = runners.host("web", "tests")
    outcomes = await asyncio.gather(*(web.run(["true"]) for _ in range(400)))
    assert [outcome for outcome in outcomes if not outcome.ok] == []
    assert runners.snapshot()["host.server/web"]["connects"] == 1


async def test_a_server_with_few_sessions(
    make_runners: MakeRunners, start_sshd: StartSshd, told: Told
) -> None:
    """S11, S18: more slots here than sessions there, SFTP among them; everything passes."""
    sshd = start_sshd("MaxSessions 2")
    runners = make_runners(slots=6, open_tries=200)
    runners.put(server_of(sshd))
    web = runners.host("web", "tests")
    path = f"{sshd.account.home}/few"
    await web.upload(path, b"x")
    outcomes = await asyncio.gather(*(web.run(["true"]) for _ in range(50)))
    assert [outcome for outcome in outcomes if not outcome.ok] == []
    assert await web.read(path) == b"x"
    counted = runners.snapshot()["host.server/web"]
    assert counted["channel_retries"] > 0
    assert counted["connects"] == 1


async def test_no_room_for_a_session_at_all(
    make_runners: MakeRunners, start_sshd: StartSshd
) -> None:
    """The command was never started: a kind of its own, and the connection stays."""
    sshd = start_sshd("MaxSessions 1")
    runners = make_runners(open_tries=3)
    runners.put(server_of(sshd))
    web = runners.host("web", "tests")
    long = asyncio.create_task(web.run(["sleep", nap(982)], timeout=15))
    await wait_until(lambda: sleeping(982))
    outcome = await web.run(["true"])
    assert outcome.kind is Kind.TRANSPORT
    with pytest.raises(Unreachable, match="not started: the host opens no session"):
        outcome.check()
    long.cancel()
    assert runners.snapshot()["host.server/web"]["connects"] == 1


async def test_a_dead_connection_is_replaced_before_a_command_starts(
    web: SSHRunner, runners: Runners, sshd: Sshd
) -> None:
    """S11, the other meaning of the same error: here another connection helps."""
    await web.run(["true"])
    kill_connections(sshd)
    assert (await web.run(["true"])).ok
    assert runners.snapshot()["host.server/web"]["connects"] == 2


async def test_a_restarted_server_is_found_again(
    web: SSHRunner, runners: Runners, sshd: Sshd
) -> None:
    await web.run(["true"])
    sshd.stop()
    sshd.start()
    assert (await web.run(["true"])).ok
    assert runners.snapshot()["host.server/web"]["lost"] == 1


async def test_a_frozen_server_is_noticed(make_runners: MakeRunners, sshd: Sshd) -> None:
    """S4: without keepalive it would be waited for without end."""
    runners = make_runners(keepalive=0.4, keepalive_count=2)
    runners.put(server_of(sshd))
    web = runners.host("web", "tests")
    running = asyncio.create_task(web.run(["sleep", nap(981)], timeout=60))
    await wait_until(lambda: sleeping(981))
    for pid in sshd.connections:
        os.kill(pid, signal.SIGSTOP)
    assert (await running).kind is Kind.UNKNOWN
    assert (await web.run(["true"])).ok
    assert runners.snapshot()["host.server/web"]["connects"] == 2


async def test_a_frozen_server_opens_no_session(make_runners: MakeRunners, sshd: Sshd) -> None:
    runners = make_runners(slack=-5.0)
    runners.put(server_of(sshd))
    web = runners.host("web", "tests")
    await web.run(["true"])
    for pid in sshd.connections:
        os.kill(pid, signal.SIGSTOP)
    outcome = await web.run(["true"], timeout=1)
    assert outcome.kind is Kind.TRANSPORT
    assert (await web.run(["true"])).ok


async def test_a_changed_credential_closes_the_old_connection(
    web: SSHRunner, runners: Runners, sshd: Sshd
) -> None:
    await web.run(["true"])
    old = sshd.connections
    runners.put(by_password(sshd))
    await wait_until(lambda: not set(old) & set(sshd.connections))
    assert (await web.run(["true"])).ok
    assert sshd.count("Accepted password") == 1


async def test_running_commands_may_end_on_the_old_connection(
    web: SSHRunner, runners: Runners, sshd: Sshd
) -> None:
    go = sshd.folder / "go"
    script = f"until [ -e {go} ]; do sleep {nap(0)}; done; echo done"
    running = asyncio.create_task(web.run(["sh", "-c", script]))
    await wait_until(lambda: sleeping(0))
    old = sshd.connections
    runners.put(by_password(sshd))
    go.touch()
    assert (await running).check().text == "done\n"
    await wait_until(lambda: not set(old) & set(sshd.connections))


async def test_a_new_name_keeps_the_connection(
    web: SSHRunner, runners: Runners, sshd: Sshd
) -> None:
    await web.run(["true"])
    runners.put(server_of(sshd))
    runners.put(server_of(sshd, sudo_password="later"))
    await web.run(["true"])
    assert runners.snapshot()["host.server/web"]["connects"] == 1


async def test_a_removed_server_is_left(web: SSHRunner, runners: Runners, sshd: Sshd) -> None:
    await web.run(["true"])
    runners.remove("web")
    await wait_until(lambda: not sshd.connections)
    with pytest.raises(NotFound, match=r"no host\.server/web"):
        await web.run(["true"])


async def test_servers_are_looked_up_when_first_used(runners: Runners, sshd: Sshd) -> None:
    asked: list[str] = []

    def find(key: str) -> Server | None:
        asked.append(key)
        return server_of(sshd) if key == "web" else None

    runners.find(find)
    web = runners.host("web", "tests")
    assert asked == []
    assert (await web.run(["true"])).ok
    assert (await web.run(["true"])).ok
    assert asked == ["web"]
    with pytest.raises(NotFound):
        await runners.host("other", "tests").run(["true"])


async def test_an_unused_connection_is_closed(make_runners: MakeRunners, sshd: Sshd) -> None:
    clock = FakeClock()
    runners = make_runners(clock=clock, idle=600)
    runners.put(server_of(sshd))
    web = runners.host("web", "tests")
    await web.run(["true"])
    await clock.advance(599)
    await web.run(["true"])
    await clock.advance(599)
    assert sshd.connections
    await clock.advance(2)
    await wait_until(lambda: not sshd.connections)
    assert (await web.run(["true"])).ok


async def test_a_wrong_password_is_tried_once(runners: Runners, sshd: Sshd, told: Told) -> None:
    """Test 18 of the facts, counted where it matters: at the server."""
    runners.put(by_password(sshd, password="not-the-password"))
    web = runners.host("web", "tests")
    for _ in range(5):
        with pytest.raises(AuthFailed, match="refuses user") as caught:
            await web.run(["true"])
    assert caught.value.code == "auth_failed"
    # the server writes that down after it has answered
    await wait_until(lambda: sshd.count("Failed password"))
    assert sshd.count("Failed password") == 1
    assert len(told.of("host.connect")) == 1
    runners.put(by_password(sshd))
    assert (await web.run(["true"])).ok
    assert sshd.count("Failed password") == 1


async def test_a_server_that_asks_for_the_password_by_dialogue(
    runners: Runners, start_sshd: StartSshd
) -> None:
    sshd = start_sshd("PasswordAuthentication no", "KbdInteractiveAuthentication yes", "UsePAM yes")
    runners.put(by_password(sshd))
    web = runners.host("web", "tests")
    assert (await web.run(["true"])).ok
    runners.put(by_password(sshd, password="not-the-password"))
    for _ in range(3):
        with pytest.raises(AuthFailed):
            await web.run(["true"])
    await wait_until(lambda: sshd.count("Failed keyboard-interactive"))
    await wait_until(lambda: not unauthenticated(sshd))
    assert sshd.count("Failed keyboard-interactive") == 1


async def test_another_password_is_not_sent_after_the_first(
    runners: Runners, start_sshd: StartSshd
) -> None:
    """A server with both ways in sees one attempt, not two."""
    sshd = start_sshd("KbdInteractiveAuthentication yes", "UsePAM yes")
    runners.put(by_password(sshd, password="not-the-password"))
    with pytest.raises(AuthFailed):
        await runners.host("web", "tests").run(["true"])
    await wait_until(lambda: sshd.count("Failed "))
    await wait_until(lambda: not unauthenticated(sshd))
    assert sshd.count("Failed ") == 1


async def test_a_wrong_key_is_tried_once(
    runners: Runners, sshd: Sshd, start_sshd: StartSshd
) -> None:
    other = start_sshd()
    runners.put(server_of(sshd, private_key=other.client_key))
    for _ in range(3):
        with pytest.raises(AuthFailed):
            await runners.host("web", "tests").run(["true"])
    assert sshd.count("Connection from") == 1


async def test_a_damaged_key_never_connects(runners: Runners, sshd: Sshd) -> None:
    runners.put(server_of(sshd, private_key="-----BEGIN nothing-----"))
    with pytest.raises(InvalidCredential, match="not a private key"):
        await runners.host("web", "tests").run(["true"])
    assert sshd.count("Connection from") == 0


async def test_a_changed_host_key_stops_before_credentials_are_sent(
    web: SSHRunner, runners: Runners, sshd: Sshd
) -> None:
    await web.run(["true"])
    old = host_key(sshd.host_key).fingerprint
    sshd.change_host_key()
    new = host_key(sshd.host_key).fingerprint
    before = sshd.log
    with pytest.raises(HostKeyChanged) as caught:
        await web.run(["true"])
    assert old in caught.value.message
    assert new in caught.value.message
    assert str(caught.value.seen) == sshd.host_key
    later = sshd.log[len(before) :]
    assert "Failed" not in later
    assert "Accepted" not in later
    # and it is final: nobody knocks again
    with pytest.raises(HostKeyChanged):
        await web.run(["true"])
    assert sshd.log[len(before) :].count("Connection from") == 1
    runners.put(server_of(sshd))
    assert (await web.run(["true"])).ok


async def test_a_password_is_not_sent_to_a_stranger(runners: Runners, sshd: Sshd) -> None:
    runners.put(by_password(sshd, host_keys=("SHA256:" + "A" * 43,)))
    with pytest.raises(HostKeyChanged):
        await runners.host("web", "tests").run(["true"])
    assert sshd.count("Accepted") == sshd.count("Failed") == 0


@pytest.mark.parametrize("kind", ["ecdsa", "rsa"])
async def test_a_key_of_another_kind_is_seen_as_changed(
    web: SSHRunner, sshd: Sshd, kind: str
) -> None:
    sshd.change_host_key(kind)
    with pytest.raises(HostKeyChanged, match=kind):
        await web.run(["true"])


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
async def test_keys_and_fingerprints_of_every_kind_are_pinned(
    runners: Runners, start_sshd: StartSshd, kind: str
) -> None:
    sshd = start_sshd(key_type=kind)
    web = runners.host("web", "tests")
    for pinned in (sshd.host_key, host_key(sshd.host_key).fingerprint):
        runners.put(server_of(sshd, host_keys=(pinned,)))
        assert (await web.run(["true"])).ok


async def test_both_keys_of_a_planned_change(web: SSHRunner, runners: Runners, sshd: Sshd) -> None:
    old = sshd.host_key
    sshd.change_host_key()
    runners.put(server_of(sshd, host_keys=(old, sshd.host_key)))
    assert (await web.run(["true"])).ok


async def test_without_a_trusted_key_nothing_is_sent(runners: Runners, sshd: Sshd) -> None:
    runners.put(by_password(sshd, host_keys=()))
    web = runners.host("web", "tests")
    for _ in range(3):
        with pytest.raises(HostKeyUnknown, match=r"host\.trust_key") as caught:
            await web.run(["true"])
    assert host_key(sshd.host_key).fingerprint in caught.value.message
    assert sshd.count("Connection from") == 1
    assert sshd.count("Accepted") == sshd.count("Failed") == 0


async def test_a_host_key_is_fetched_on_request(runners: Runners, sshd: Sshd) -> None:
    found = await runners.fetch_host_key(sshd.host, sshd.port)
    assert str(found) == sshd.host_key


async def test_nobody_listens(runners: Runners, sshd: Sshd, free_port: int, told: Told) -> None:
    runners.put(server_of(sshd, port=free_port))
    web = runners.host("web", "tests")
    with pytest.raises(Unreachable, match="refused"):
        await web.run(["true"])
    with pytest.raises(HubError, match="refused"):
        await runners.fetch_host_key("127.0.0.1", free_port)
    [(_, _, result, data)] = told.of("host.run")
    assert (result, data["error"]) == ("failed", "unreachable")


async def test_a_silent_listener_is_given_up_and_not_probed(
    make_runners: MakeRunners, sshd: Sshd
) -> None:
    """S7, and test 17 of the facts: one connection for each attempt, and pauses between them."""
    connections = 0

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(accept, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    clock = FakeClock()
    runners = make_runners(clock=clock, connect=0.2, failures=2, pause=30)
    runners.put(server_of(sshd, port=port))
    web = runners.host("web", "tests")
    for _ in range(6):
        with pytest.raises(Unreachable):
            await web.run(["true"])
    assert connections == 2
    await clock.advance(60)
    with pytest.raises(Unreachable, match="no answer within"):
        await web.run(["true"])
    assert connections == 3
    silent.close()
    await silent.wait_closed()


async def test_only_one_connection_is_ever_seen(
    web: SSHRunner, runners: Runners, sshd: Sshd
) -> None:
    """Test 17 of the facts: looks at a server go over the connection that is there."""
    for _ in range(5):
        await web.facts()
        await web.run(["true"])
    assert sshd.count("Connection from") == 1


async def test_after_reconnect_a_refusal_is_forgotten(runners: Runners, sshd: Sshd) -> None:
    runners.put(server_of(sshd))
    keys = sshd.folder / "authorized_keys"
    kept = keys.read_text()
    keys.write_text("")
    web = runners.host("web", "tests")
    with pytest.raises(AuthFailed):
        await web.run(["true"])
    keys.write_text(kept)
    with pytest.raises(AuthFailed):
        await web.run(["true"])
    runners.reconnect("web")
    assert (await web.run(["true"])).ok


async def test_handshakes_take_turns(make_runners: MakeRunners, start_sshd: StartSshd) -> None:
    """sshd drops unauthenticated connections beyond MaxStartups; none may be lost."""
    sshd = start_sshd("MaxStartups 8:100:8")
    runners = make_runners()
    for number in range(30):
        runners.put(replace(server_of(sshd), key=f"web{number}"))
    outcomes = await asyncio.gather(
        *(runners.host(f"web{number}", "tests").run(["true"]) for number in range(30))
    )
    assert all(outcome.ok for outcome in outcomes)


async def test_a_change_while_connecting(make_runners: MakeRunners, sshd: Sshd) -> None:
    runners = make_runners()
    runners.put(server_of(sshd))
    web = runners.host("web", "tests")
    running = asyncio.create_task(web.run(["true"]))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    runners.put(by_password(sshd))
    assert (await running).ok
    await wait_until(lambda: len(sshd.connections) == 1)
    assert runners.snapshot()["host.server/web"]["connects"] == 1
    assert sshd.count("Accepted password") == 1


def kill_connections(sshd: Sshd) -> None:
    """Kill the server's end of every connection of the account."""
    for pid in sshd.connections:
        os.kill(pid, signal.SIGKILL)


def unauthenticated(sshd: Sshd) -> int:
    """Return how many connections the server has not heard the end of."""
    begun, ended = sshd.count("Connection from"), sshd.count("Connection closed by")
    return begun - ended - sshd.count("Connection reset") - sshd.count("Accepted ")
