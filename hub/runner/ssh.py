"""The runner for a host that is reached over SSH."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from hub.errors import HubError
from hub.runner import sudo as become
from hub.runner.command import KILL_AFTER, Kind, Outcome, limited, quote, whole_seconds
from hub.runner.errors import (
    CommandFailed,
    CommandTimedOut,
    OutcomeUnknown,
    SudoRefused,
    TooLarge,
    Unreachable,
)
from hub.runner.facts import Facts, question
from hub.runner.facts import read as read_facts
from hub.runner.link_errors import FilesLost, NotStarted
from hub.runner.runner import FILE_SECONDS, MAX_FILE, MAX_OUTPUT, Records, file_path
from hub.runner.server import Sudo

if TYPE_CHECKING:
    from hub.events import Context
    from hub.runner.link import Link
    from hub.runner.pool import Line, Pool

T = TypeVar("T")

FACTS_SECONDS = 20.0
REFUSAL_SECONDS = 60.0
"""How long a missing right in sudo is believed; a wrong password stays wrong."""


class SSHRunner:
    """Runs an integration's commands on one `host.server`."""

    def __init__(self, key: str, pool: "Pool", records: Records) -> None:
        """Use the pool's connection to the server `key`."""
        self._key = key
        self._pool = pool
        self._records = records

    @property
    def target(self) -> str:
        """Return `host.server/<key>`."""
        return self._records.target

    async def run(
        self,
        argv: Sequence[str],
        *,
        stdin: bytes | None = None,
        timeout: float = 30.0,  # noqa: ASYNC109 - it is the command's, and also holds on the host
        sudo: bool = False,
        max_output: int = MAX_OUTPUT,
        context: "Context | None" = None,
        secrets: Collection[str] = (),
    ) -> Outcome:
        """Run a program; see `Runner.run`."""
        line = self._pool.line(self._key)
        redactor = line.redactor.more(secrets)
        command = self._records.admit(argv, redactor, context)
        try:
            outcome = await self._run(line, command, stdin, timeout, max_output, sudo=sudo)
        except HubError as error:
            self._records.failed(command, error, redactor, context)
            raise
        self._records.ran(outcome, redactor, context, sudo=sudo)
        return outcome

    async def script(
        self,
        name: str,
        arguments: Sequence[str] = (),
        *,
        stdin: bytes | None = None,
        timeout: float = 30.0,  # noqa: ASYNC109
        sudo: bool = False,
        max_output: int = MAX_OUTPUT,
        context: "Context | None" = None,
        secrets: Collection[str] = (),
    ) -> Outcome:
        """Run a script of the integration; see `Runner.script`."""
        line = self._pool.line(self._key)
        redactor = line.redactor.more(secrets)
        command, shown = self._records.script(name, arguments, redactor, context)
        try:
            outcome = await self._run(line, command, stdin, timeout, max_output, sudo=sudo)
        except HubError as error:
            self._records.failed(shown, error, redactor, context)
            raise
        outcome = replace(outcome, argv=shown)
        self._records.ran(outcome, redactor, context, sudo=sudo)
        return outcome

    async def upload(
        self,
        path: str,
        data: bytes,
        *,
        mode: int = 0o600,
        sudo: bool = False,
        timeout: float = FILE_SECONDS,  # noqa: ASYNC109
        context: "Context | None" = None,
    ) -> None:
        """Replace a file as a whole; see `Runner.upload`."""
        name = file_path(path)
        line = self._pool.line(self._key)
        try:
            if sudo and line.server.user != "root":
                await self._upload_as_root(line, name, data, mode, timeout)
            else:
                await self._upload(line, name, data, mode, timeout)
        except HubError as error:
            self._records.file("host.upload", name, context, size=len(data), error=error)
            raise
        self._records.file("host.upload", name, context, size=len(data))

    async def read(
        self,
        path: str,
        *,
        limit: int = MAX_FILE,
        sudo: bool = False,
        timeout: float = FILE_SECONDS,  # noqa: ASYNC109
        context: "Context | None" = None,
    ) -> bytes:
        """Return a file; see `Runner.read`."""
        name = file_path(path)
        line = self._pool.line(self._key)
        try:
            if sudo and line.server.user != "root":
                data = await self._read_as_root(line, name, limit, timeout)
            else:
                data = await self._read(line, name, limit, timeout)
        except HubError as error:
            self._records.file("host.read", name, context, error=error)
            raise
        self._records.file("host.read", name, context)
        return data

    async def facts(self) -> Facts:
        """Ask the host what it is; not audited, as it changes nothing and is asked often."""
        line = self._pool.line(self._key)
        argv, mark = question()
        outcome = await self._run(line, argv, None, FACTS_SECONDS, 1 << 18, sudo=False)
        found = read_facts(outcome.check().stdout, mark)
        if found is None:
            raise CommandFailed(f"{self.target}: the answer about facts is not whole")
        return found

    async def rights(self) -> become.Rights:
        """Tell what sudo lets the user do; raises `SudoRefused`."""
        return await self._rights(self._pool.line(self._key))

    async def close(self) -> None:
        """Do nothing: the connection is shared, and closed when nobody has used it for a while."""

    async def _run(
        self,
        line: "Line",
        argv: Sequence[str],
        stdin: bytes | None,
        seconds: float,
        max_output: int,
        *,
        sudo: bool,
    ) -> Outcome:
        """Run a checked command, with a time limit on the host and a longer one here."""
        if not sudo:
            return await self._execute(
                line, argv, limited(argv, seconds), stdin, seconds, max_output
            )
        granted = await self._rights(line)
        command, given = become.wrapped(line.server, granted, argv, seconds, stdin)
        outcome = await self._execute(line, argv, command, given, seconds, max_output)
        if (error := become.refused(line.server, granted, outcome)) is not None:
            if granted is become.Rights.ALL:
                line.rights = None
            raise error
        return outcome

    async def _execute(
        self,
        line: "Line",
        argv: Sequence[str],
        command: Sequence[str],
        stdin: bytes | None,
        seconds: float,
        max_output: int,
    ) -> Outcome:
        text = f"exec {quote(command)}"
        limit = whole_seconds(seconds)
        patience = limit + KILL_AFTER + self._pool.limits.slack
        try:
            reply = await line.use(lambda link: link.execute(text, stdin, patience, max_output))
        except NotStarted as error:
            return Outcome(Kind.TRANSPORT, tuple(argv), self.target, stderr=str(error).encode())
        kind = reply.kind
        late = reply.status in {124, 137} or reply.signal in {"KILL", "TERM"}
        if late and reply.seconds >= limit:
            kind = Kind.TIMEOUT
        return Outcome(
            kind,
            tuple(argv),
            self.target,
            reply.status,
            reply.signal,
            reply.stdout,
            reply.stderr,
            reply.seconds,
            reply.truncated,
        )

    async def _rights(self, line: "Line") -> become.Rights:
        """Ask once what sudo allows; the answer holds until something changes."""
        async with line.rights_lock:
            known = line.rights
            if isinstance(known, become.Rights):
                return known
            if known is not None and self._pool.clock.monotonic() < line.rights_until:
                raise known.with_traceback(None)
            question = become.preflight(line.server)
            if question is None:
                line.rights = become.Rights.ROOT
                return line.rights
            argv, given = question
            server = line.server
            outcome = await self._execute(
                line, argv, argv, given, become.PREFLIGHT_SECONDS, 1 << 16
            )
            try:
                granted = become.rights(server, outcome)
            except SudoRefused as error:
                if server is line.server:
                    line.rights = error
                    line.rights_until = self._pool.clock.monotonic() + _believed(server.sudo)
                raise
            if server is line.server:
                line.rights = granted
            return granted

    async def _upload(
        self, line: "Line", path: str, data: bytes, mode: int, seconds: float
    ) -> None:
        temporary = ""

        async def work(link: "Link") -> None:
            nonlocal temporary
            from hub.runner import files

            # the same name at the second try, so that a lost first one leaves nothing
            temporary = temporary or files.beside(path)
            await files.write(link, self.target, path, temporary, data, mode)

        await self._with_files(line, work, seconds, path)

    async def _read(self, line: "Line", path: str, limit: int, seconds: float) -> bytes:
        async def work(link: "Link") -> bytes:
            from hub.runner import files

            return await files.read(link, self.target, path, limit)

        return await self._with_files(line, work, seconds, path)

    async def _with_files(
        self, line: "Line", work: "Callable[[Link], Awaitable[T]]", seconds: float, path: str
    ) -> T:
        """Do work over SFTP; twice when the session was lost, as it can be done again."""
        try:
            async with asyncio.timeout(seconds):
                try:
                    return await line.use(work)
                except FilesLost:
                    return await line.use(work)
        except TimeoutError:
            raise CommandTimedOut(
                f"{self.target}: {path} took longer than {seconds:.0f} s"
            ) from None
        except NotStarted as error:
            raise Unreachable(f"{self.target}: {error}") from None
        except FilesLost:
            raise OutcomeUnknown(f"{self.target}: the connection was lost at {path}") from None

    async def _upload_as_root(
        self, line: "Line", path: str, data: bytes, mode: int, seconds: float
    ) -> None:
        if await self._rights(line) is become.Rights.SOME:
            raise SudoRefused(
                f"{self.target}: writing {path} as root needs the right to run any command"
            )
        argv = become.write_file(path, mode, len(data))
        outcome = await self._run(line, argv, data, seconds, 1 << 16, sudo=True)
        self._check_file(outcome, path)

    async def _read_as_root(self, line: "Line", path: str, limit: int, seconds: float) -> bytes:
        outcome = await self._run(line, ["cat", "--", path], None, seconds, limit, sudo=True)
        if outcome.truncated:
            raise TooLarge(f"{self.target}: {path} is larger than {limit} bytes")
        self._check_file(outcome, path)
        return outcome.stdout

    def _check_file(self, outcome: Outcome, path: str) -> None:
        if (error := become.file_error(outcome, path)) is not None:
            raise error
        outcome.check()


def _believed(mode: Sudo) -> float:
    """Return for how long a refusal is believed: a wrong password locks accounts."""
    return float("inf") if mode is Sudo.PASSWORD else REFUSAL_SECONDS
