"""The runner for the machine that the hub runs on."""

import asyncio
import contextlib
import errno
import os
import tempfile
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from hub.errors import HubError, NotFound
from hub.runner import sudo as become
from hub.runner.command import Outcome
from hub.runner.errors import (
    AccessDenied,
    CommandFailed,
    CommandTimedOut,
    DiskFull,
    SudoRefused,
    TooLarge,
)
from hub.runner.facts import Facts, question
from hub.runner.facts import read as read_facts
from hub.runner.process import execute
from hub.runner.redact import Redactor
from hub.runner.runner import FILE_SECONDS, MAX_FILE, MAX_OUTPUT, Records, file_path

if TYPE_CHECKING:
    from hub.events import Context

T = TypeVar("T")

FACTS_SECONDS: Final = 20.0
_FULL: Final = {errno.ENOSPC, errno.EDQUOT}


class LocalRunner:
    """Runs an integration's commands on this machine."""

    def __init__(self, records: Records) -> None:
        """Write what is run into `records`."""
        self._records = records

    @property
    def target(self) -> str:
        """Return `local`."""
        return self._records.target

    async def run(
        self,
        argv: Sequence[str],
        *,
        stdin: bytes | None = None,
        timeout: float = 30.0,  # noqa: ASYNC109 - the process group is ended with it
        sudo: bool = False,
        max_output: int = MAX_OUTPUT,
        context: "Context | None" = None,
        secrets: Collection[str] = (),
    ) -> Outcome:
        """Run a program; see `Runner.run`."""
        redactor = Redactor(secrets)
        command = self._records.admit(argv, redactor, context)
        outcome = await self._run(command, stdin, timeout, max_output, sudo=sudo)
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
        redactor = Redactor(secrets)
        command, shown = self._records.script(name, arguments, redactor, context)
        outcome = await self._run(command, stdin, timeout, max_output, sudo=sudo)
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
        try:
            if sudo and os.geteuid() != 0:
                await self._upload_as_root(name, data, mode, timeout)
            else:
                await self._in_thread(lambda: _write(name, data, mode), name, timeout)
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
        try:
            if sudo and os.geteuid() != 0:
                data = await self._read_as_root(name, limit, timeout)
            else:
                data = await self._in_thread(lambda: _read(name, limit), name, timeout)
        except HubError as error:
            self._records.file("host.read", name, context, error=error)
            raise
        self._records.file("host.read", name, context)
        return data

    async def facts(self) -> Facts:
        """Ask this machine what it is."""
        argv, mark = question()
        outcome = await self._run(argv, None, FACTS_SECONDS, 1 << 18, sudo=False)
        found = read_facts(outcome.check().stdout, mark)
        if found is None:
            raise CommandFailed(f"{self.target}: the answer about facts is not whole")
        return found

    async def rights(self) -> become.Rights:
        """Tell what the hub's user may do here; raises `SudoRefused`."""
        if os.geteuid() == 0:
            return become.Rights.ROOT
        outcome = await execute(
            become.ASK_NOPASSWD,
            become.ASK_NOPASSWD,
            None,
            become.PREFLIGHT_SECONDS,
            1 << 16,
            self.target,
        )
        words = outcome.text.split()
        if "hub-all" in words:
            return become.Rights.ALL
        if "hub-some" in words:
            return become.Rights.SOME
        raise SudoRefused(f"{self.target}: the hub's user has no NOPASSWD rule in sudo; add one")

    async def close(self) -> None:
        """Do nothing: there is no connection."""

    async def _run(
        self,
        argv: Sequence[str],
        stdin: bytes | None,
        seconds: float,
        max_output: int,
        *,
        sudo: bool,
    ) -> Outcome:
        as_root = sudo and os.geteuid() != 0
        command = ["sudo", "-n", "--", *argv] if as_root else list(argv)
        outcome = await execute(argv, command, stdin, seconds, max_output, self.target)
        if as_root:
            if outcome.status == 127 and outcome.error_text.startswith("sudo:"):
                raise SudoRefused(f"{self.target}: sudo is not installed")
            if outcome.status == 1 and outcome.error_text.startswith(("sudo: ", "Sorry, user ")):
                raise SudoRefused(
                    f"{self.target}: the hub's user may not run {argv[0]} with sudo;"
                    " add a NOPASSWD rule"
                )
        return outcome

    async def _upload_as_root(self, path: str, data: bytes, mode: int, seconds: float) -> None:
        argv = become.write_file(path, mode, len(data))
        outcome = await self._run(argv, data, seconds, 1 << 16, sudo=True)
        self._check_file(outcome, path)

    async def _read_as_root(self, path: str, limit: int, seconds: float) -> bytes:
        outcome = await self._run(["cat", "--", path], None, seconds, limit, sudo=True)
        if outcome.truncated:
            raise TooLarge(f"{self.target}: {path} is larger than {limit} bytes")
        self._check_file(outcome, path)
        return outcome.stdout

    def _check_file(self, outcome: Outcome, path: str) -> None:
        if (error := become.file_error(outcome, path)) is not None:
            raise error
        outcome.check()

    async def _in_thread(self, work: Callable[[], T], path: str, seconds: float) -> T:
        """Do file work beside the loop, with the host's errors in the runner's words."""
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.to_thread(work)
        except TimeoutError:
            raise CommandTimedOut(
                f"{self.target}: {path} took longer than {seconds:.0f} s"
            ) from None
        except FileNotFoundError:
            raise NotFound(f"{self.target}: there is no {path}") from None
        except PermissionError:
            raise AccessDenied(f"{self.target}: the hub may not touch {path}") from None
        except OSError as error:
            if error.errno in _FULL:
                raise DiskFull(f"{self.target}: no room for {path}") from None
            raise CommandFailed(f"{self.target}: {path}: {error.strerror}") from None


def _write(path: str, data: bytes, mode: int) -> None:
    """Write beside, flush to the disk, rename over; on failure nothing is left behind."""
    target = Path(path)
    handle, name = tempfile.mkstemp(prefix=f".{target.name[:100]}.hub-", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def _read(path: str, limit: int) -> bytes:
    with Path(path).open("rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise TooLarge(f"local: {path} is larger than {limit} bytes")
    return data
