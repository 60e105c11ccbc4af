"""The runners as one object, `hub.runners`: this machine and every `host.server`."""

import contextlib
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from hub.runner.allow import Commands, commands_of
from hub.runner.limits import Limits
from hub.runner.local import LocalRunner
from hub.runner.pool import Pool
from hub.runner.runner import Records
from hub.runner.ssh import SSHRunner
from hub.runner.transcripts import Tell, Transcript, Transcripts

if TYPE_CHECKING:
    from hub.events import Context
    from hub.runner.hostkeys import HostKey
    from hub.runner.server import Server
    from hub.util.clock import Clock
    from hub.util.tasks import Tasks

LOCAL: Final = "local"


class Runners:
    """Hands out runners and keeps what they share: connections, transcripts, audit."""

    def __init__(
        self,
        clock: "Clock",
        tasks: "Tasks",
        *,
        limits: Limits | None = None,
        commands: Commands = commands_of,
    ) -> None:
        """Begin without servers; `commands` tells what an integration may run."""
        self.tell: Tell | None = None
        """Takes what is to be audited; set by the composition root."""
        self._clock = clock
        self._commands = commands
        self._transcripts = Transcripts()
        self._pool = Pool(clock, tasks, limits or Limits(), self.note)

    def local(self, integration: str) -> LocalRunner:
        """Return the runner of an integration for this machine."""
        return LocalRunner(self._records(LOCAL, integration))

    def host(self, key: str, integration: str) -> SSHRunner:
        """Return the runner of an integration for the resource `host.server/<key>`.

        Nothing is connected or looked up before the first use.
        """
        return SSHRunner(key, self._pool, self._records(f"host.server/{key}", integration))

    @contextlib.asynccontextmanager
    async def trial(self, server: "Server", integration: str) -> AsyncIterator[SSHRunner]:
        """Lend a runner with a connection of its own, for settings that are not kept yet."""
        name = f"{server.key} {secrets.token_hex(4)}"
        line = self._pool.add(name, server)
        try:
            yield SSHRunner(name, self._pool, self._records(server.id, integration))
        finally:
            self._pool.remove(name)
            await line.close()

    def find(self, source: "Callable[[str], Server | None] | None") -> None:
        """Set who is asked for servers that were not `put` yet."""
        self._pool.source = source

    def put(self, server: "Server") -> None:
        """Take over a new or changed server; a changed way in closes the old connection."""
        self._pool.put(server)

    def remove(self, key: str) -> None:
        """Forget a server and its connection."""
        self._pool.remove(key)
        self._transcripts.forget(f"host.server/{key}")

    def reconnect(self, key: str) -> None:
        """Drop the connection and forget refusals; the next use connects anew."""
        self._pool.line(key).drop()

    def uses(self, key: str) -> bool:
        """Tell whether a server is known here."""
        return self._pool.knows(key)

    def server(self, key: str) -> "Server":
        """Return what is known of a server; raises `NotFound`."""
        return self._pool.line(key).server

    async def fetch_host_key(self, address: str, port: int) -> "HostKey":
        """Ask a host for its key without logging in: only when a person asked for it.

        sshd counts it against this address; raises `Unreachable`.
        """
        from hub.runner.connect import fetch_host_key

        async with self._pool.turns.at(address, port):
            return await fetch_host_key(address, port, self._pool.limits)

    def transcripts(self, target: str = LOCAL) -> list[Transcript]:
        """Return the last commands on `local` or `host.server/<key>`, oldest first."""
        return self._transcripts.of(target)

    def snapshot(self) -> dict[str, dict[str, Any]]:
        """Return connection and counters of each server in use, by its id; no secrets."""
        return self._pool.snapshot()

    def note(
        self,
        action: str,
        target: str,
        result: str,
        context: "Context | None",
        data: Mapping[str, Any],
    ) -> None:
        """Tell the audit log of something about a host; `data` holds no secrets."""
        if self.tell is not None:
            self.tell(action, target, result, context, data)

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.close()

    def _records(self, target: str, integration: str) -> Records:
        return Records(
            target,
            integration,
            commands=self._commands,
            transcripts=self._transcripts,
            tell=self.note,
            clock=self._clock,
        )
