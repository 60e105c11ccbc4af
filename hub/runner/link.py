"""One living SSH connection and what is done on it. Imports asyncssh: import it lazily."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar

import asyncssh

from hub.runner.command import Kind, printable
from hub.runner.counters import Counters
from hub.runner.link_errors import NotStarted
from hub.runner.session import Session

if TYPE_CHECKING:
    from hub.runner.limits import Limits
    from hub.util.clock import Clock

T = TypeVar("T")

# It writes every command at level INFO, arguments included.
_SSH_LOG: Final = logging.getLogger("asyncssh")
if _SSH_LOG.level == logging.NOTSET:
    _SSH_LOG.setLevel(logging.WARNING)

_CLOSE_SECONDS: Final = 2.0
_ENVIRONMENT: Final[dict[bytes | str, bytes | str]] = {"LC_ALL": "C"}
"""What programs write should not depend on the language of the host; most sshd accept LC_*."""
_NO_ROOM: Final = {asyncssh.OPEN_CONNECT_FAILED, asyncssh.OPEN_RESOURCE_SHORTAGE}


@dataclass(frozen=True, slots=True)
class Reply:
    """How a command on the connection ended."""

    kind: Kind
    status: int | None = None
    signal: str | None = None
    stdout: bytes = field(default=b"", repr=False)
    stderr: bytes = field(default=b"", repr=False)
    seconds: float = 0.0
    truncated: bool = False


class Link:
    """A connection with a bounded number of sessions and one kept SFTP session."""

    def __init__(
        self,
        connection: asyncssh.SSHClientConnection,
        limits: "Limits",
        clock: "Clock",
        counters: Counters,
    ) -> None:
        """Take over an authenticated connection."""
        self._connection = connection
        self._limits = limits
        self._clock = clock
        self._counters = counters
        self._slots = asyncio.Semaphore(limits.slots)
        self._sftp: asyncssh.SFTPClient | None = None
        self._sftp_lock = asyncio.Lock()
        self.busy = 0
        self.last_used = clock.monotonic()
        self.retired = False

    @property
    def closed(self) -> bool:
        """Tell whether the connection is gone."""
        return bool(self._connection.is_closed())

    async def execute(
        self, command: str, stdin: bytes | None, seconds: float, max_output: int
    ) -> Reply:
        """Run one command line, at most `seconds`; raises `NotStarted` when nothing was run."""
        started = time.perf_counter()
        session = Session(self._clock, max_output, self._limits.linger)
        async with self._used(), self._slot():
            try:
                async with asyncio.timeout(seconds):
                    await self._start(command, session)
                    self._feed(session, stdin)
                    # shielded: giving up is not the end of the session
                    await asyncio.shield(session.closed)
            except TimeoutError:
                if not session.opened:
                    # a host that does not even open a session is frozen or gone
                    self._connection.abort()
                    raise NotStarted("the host does not answer", lost=False) from None
                kind = Kind.TIMEOUT
            else:
                kind = session.kind
            finally:
                if not session.closed.done():
                    session.end()
        took = time.perf_counter() - started
        self._counters.commands += 1
        self._counters.seconds += took
        return Reply(
            kind,
            session.status,
            session.signal,
            session.stdout,
            session.stderr,
            took,
            session.truncated,
        )

    @contextlib.asynccontextmanager
    async def files(self) -> AsyncIterator[asyncssh.SFTPClient]:
        """Lend the kept SFTP session; raises `NotStarted` when there can be none."""
        async with self._used():
            yield await self._kept_sftp()

    def drop_files(self, sftp: asyncssh.SFTPClient) -> None:
        """Forget an SFTP session that failed; the next use opens another."""
        if self._sftp is sftp:
            self._sftp = None
            self._slots.release()
            sftp.exit()

    def retire(self) -> None:
        """Take no more work: close now, or when what runs is done, at the latest after a while."""
        self.retired = True
        if not self.busy:
            self._connection.close()
        else:
            self._clock.call_later(self._limits.retire, self._connection.close)

    async def close(self) -> None:
        """Close the connection and wait for its end."""
        self.retired = True
        self._connection.close()
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._connection.wait_closed()
        except TimeoutError:
            self._connection.abort()

    async def _start(self, command: str, session: Session) -> None:
        """Open the session and start the command; when cancelled, what opens late is closed."""

        async def open_session() -> None:
            await self._connection.create_session(
                lambda: session, command, env=_ENVIRONMENT, encoding=None
            )

        opening = asyncio.ensure_future(self._patiently(open_session, lambda: session.opened))
        try:
            await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(lambda done: _end_late(done, session))
            raise

    async def _patiently(
        self, attempt: Callable[[], Awaitable[T]], opened: Callable[[], bool]
    ) -> T | None:
        """Open a session, again and again while the host has no room for another.

        sshd counts a session until after the client has seen its end, so that a semaphore alone
        is not enough. None = it was opened and then lost: the outcome is unknown.
        """
        wait = self._limits.open_first
        for tries_left in reversed(range(self._limits.open_tries)):
            try:
                return await attempt()
            except (asyncssh.Error, OSError) as error:
                if self.closed and opened():
                    return None
                if self.closed:
                    raise NotStarted("the connection was lost", lost=True) from None
                code = error.code if isinstance(error, asyncssh.ChannelOpenError) else None
                if opened() or code not in _NO_ROOM or not tries_left:
                    reason = printable(str(getattr(error, "reason", error)))
                    raise NotStarted(f"the host opens no session: {reason}", lost=False) from None
            self._counters.channel_retries += 1
            await self._clock.sleep(wait)
            wait = min(wait * 2, self._limits.open_last)
        return None

    def _feed(self, session: Session, stdin: bytes | None) -> None:
        """Give the input and end it: an open standard input would be waited on for ever."""
        channel = session.channel
        if channel is None or session.closed.done():
            return
        with contextlib.suppress(OSError):
            if stdin:
                channel.write(stdin)
            channel.write_eof()

    async def _kept_sftp(self) -> asyncssh.SFTPClient:
        async with self._sftp_lock:
            if self._sftp is not None:
                return self._sftp
            await self._acquire()
            try:
                sftp = await self._patiently(self._connection.start_sftp_client, lambda: False)
            except BaseException:
                self._slots.release()
                raise
            if sftp is None:
                raise NotStarted("the connection was lost", lost=True)
            self._sftp = sftp
            return sftp

    @contextlib.asynccontextmanager
    async def _slot(self) -> AsyncIterator[None]:
        await self._acquire()
        try:
            yield
        finally:
            self._slots.release()

    async def _acquire(self) -> None:
        try:
            async with asyncio.timeout(self._limits.slot_wait):
                await self._slots.acquire()
        except TimeoutError:
            raise NotStarted(
                f"no free session for {self._limits.slot_wait:.0f} s", lost=False
            ) from None

    @contextlib.asynccontextmanager
    async def _used(self) -> AsyncIterator[None]:
        self.busy += 1
        try:
            yield
        finally:
            self.busy -= 1
            self.last_used = self._clock.monotonic()
            if self.retired and not self.busy:
                self._connection.close()


def _end_late(done: "asyncio.Future[None]", session: Session) -> None:
    if not done.cancelled():
        done.exception()
    session.end()
