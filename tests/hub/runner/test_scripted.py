"""Servers that do what sshd does not: scripted ones of asyncssh, on a loopback port."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncssh
import pytest

from hub.runner import Runners, Server, SSHRunner
from hub.runner.command import Kind
from hub.runner.errors import Unreachable
from tests.hub.runner.conftest import MakeRunners

Handler = Callable[[asyncssh.SSHServerProcess[bytes]], Awaitable[None] | None]
Serve = Callable[..., Awaitable[Server]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Return a function that starts a server with a handler and says how to get in."""
    servers: list[asyncssh.SSHAcceptor] = []
    hostkey = asyncssh.generate_private_key("ssh-ed25519")
    client = asyncssh.generate_private_key("ssh-ed25519")

    async def start(handler: Handler | None, **options: Any) -> Server:
        server = await asyncssh.listen(
            "127.0.0.1",
            0,
            server_host_keys=[hostkey],
            authorized_client_keys=asyncssh.import_authorized_keys(
                client.export_public_key().decode()
            ),
            process_factory=handler,
            encoding=None,
            **options,
        )
        servers.append(server)
        return Server(
            "web",
            "127.0.0.1",
            "tester",
            server.sockets[0].getsockname()[1],
            private_key=client.export_private_key().decode(),
            host_keys=(hostkey.export_public_key().decode().strip(),),
        )

    yield start
    for server in servers:
        server.close()
        await server.wait_closed()


async def test_dying_in_mid_command_is_unknown(runners: Runners, serve: Serve) -> None:
    """S1 without a kill: status, signal and error are all missing."""

    def die(process: asyncssh.SSHServerProcess[bytes]) -> None:
        process.stdout.write(b"part")
        process.get_extra_info("connection").abort()

    runners.put(await serve(die))
    outcome = await runners.host("web", "tests").run(["deploy"])
    assert (outcome.kind, outcome.status, outcome.ok) == (Kind.UNKNOWN, None, False)


async def test_closing_without_a_status_is_unknown(runners: Runners, serve: Serve) -> None:
    def leave(process: asyncssh.SSHServerProcess[bytes]) -> None:
        process.close()

    runners.put(await serve(leave))
    assert (await runners.host("web", "tests").run(["deploy"])).kind is Kind.UNKNOWN


@pytest.mark.parametrize("status", [0, 1, 255])
async def test_statuses(runners: Runners, serve: Serve, status: int) -> None:
    runners.put(await serve(lambda process: process.exit(status)))
    outcome = await runners.host("web", "tests").run(["x"])
    assert outcome.status == status
    assert outcome.kind is (Kind.OK if status == 0 else Kind.EXIT)


async def test_a_signal(runners: Runners, serve: Serve) -> None:
    """S12: the status alone would be -1."""
    runners.put(await serve(lambda process: process.exit_with_signal("SEGV")))
    outcome = await runners.host("web", "tests").run(["x"])
    assert (outcome.kind, outcome.status, outcome.signal) == (Kind.SIGNAL, None, "SEGV")


async def test_a_server_that_never_answers(make_runners: MakeRunners, serve: Serve) -> None:
    """No limit on that host holds, so the one here does."""

    async def hang(_: asyncssh.SSHServerProcess[bytes]) -> None:
        await asyncio.Event().wait()

    runners = make_runners(slack=-3.0)
    runners.put(await serve(hang))
    outcome = await runners.host("web", "tests").run(["x"], timeout=1)
    assert outcome.kind is Kind.TIMEOUT


async def test_a_server_without_commands(runners: Runners, serve: Serve) -> None:
    """It opens sessions and refuses to run anything: nothing was started."""
    runners.put(await serve(None))
    outcome = await runners.host("web", "tests").run(["x"])
    assert outcome.kind is Kind.TRANSPORT
    with pytest.raises(Unreachable, match="not started"):
        outcome.check()


async def test_a_server_without_files(runners: Runners, serve: Serve) -> None:
    runners.put(await serve(lambda process: process.exit(0)))
    web = runners.host("web", "tests")
    with pytest.raises(Unreachable, match="opens no session"):
        await web.read("/etc/passwd")
    assert (await web.run(["x"])).ok


async def test_what_the_server_runs_is_one_quoted_line(runners: Runners, serve: Serve) -> None:
    lines: list[str | None] = []

    def note(process: asyncssh.SSHServerProcess[bytes]) -> None:
        lines.append(process.command)
        process.exit(0)

    runners.put(await serve(note))
    await runners.host("web", "tests").run(["a", "b c", "$d"], timeout=7)
    assert lines == ["exec timeout -k 5 7 a 'b c' '$d'"]


async def test_hostile_reasons_are_made_harmless(make_runners: MakeRunners, serve: Serve) -> None:
    class Rude(asyncssh.SSHServer):
        def begin_auth(self, username: str) -> bool:
            raise asyncssh.DisconnectError(99, "go\x1b[2J\naway" + "!" * 9000)

    runners = make_runners()
    runners.put(await serve(None, server_factory=Rude))
    with pytest.raises(Unreachable) as caught:
        await runners.host("web", "tests").run(["x"])
    assert "\x1b" not in caught.value.message
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 400


async def test_too_many_attempts_are_a_refusal(runners: Runners, serve: Serve) -> None:
    """OpenSSH says so with another code than that of a refused login."""

    class Full(asyncssh.SSHServer):
        def begin_auth(self, username: str) -> bool:
            raise asyncssh.DisconnectError(2, "Too many authentication failures")

    runners.put(await serve(None, server_factory=Full))
    with pytest.raises(Exception, match="refuses user tester"):
        await runners.host("web", "tests").run(["x"])


async def test_handshakes_are_limited_per_host_and_in_all(
    make_runners: MakeRunners, serve: Serve
) -> None:
    now = {"open": 0, "most": 0}

    class Slow(asyncssh.SSHServer):
        def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
            now["open"] += 1
            now["most"] = max(now["most"], now["open"])

        async def begin_auth(self, username: str) -> bool:
            await asyncio.sleep(0.05)
            return True

        def auth_completed(self) -> None:
            now["open"] -= 1

    runners = make_runners(handshakes=16, handshakes_per_host=8)
    first = await serve(lambda process: process.exit(0), server_factory=Slow)
    work: list[SSHRunner] = []
    for number in range(40):
        key = f"web{number}"
        runners.put(Server(key, first.address, first.user, first.port,
                           private_key=first.private_key, host_keys=first.host_keys))  # fmt: skip
        work.append(runners.host(key, "tests"))
    outcomes = await asyncio.gather(*(runner.run(["x"]) for runner in work))
    assert all(outcome.ok for outcome in outcomes)
    assert 1 < now["most"] <= 8
