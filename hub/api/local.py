"""The unix socket in the data folder: who runs programs as the hub's own user is its owner.

Whoever can connect there could read the database and the keys anyway, so no password is asked.
A bearer token still counts, and what looks like a proxy or a browser gets no rights from it.
"""

import asyncio
import contextlib
import errno
import logging
import os
import socket
import stat
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from aiohttp import hdrs, web

from hub.api.errors import PortUnusable
from hub.auth import Role, Session, User

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hub.hub import Hub

_LOGGER = logging.getLogger(__name__)

NAME: Final = "hub.sock"
ORIGIN_NAME: Final = "socket"
"""What `hub.events.ORIGIN` says for orders that came this way."""

ADDRESS: Final = "127.0.0.1"
"""What counts as the client's address: this machine."""

_UCRED: Final = struct.Struct("iII")  # pid, uid, gid; unix(7)
_FOREIGN: Final = (
    "Forwarded",
    "Via",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Real-IP",
    hdrs.ORIGIN,
    hdrs.REFERER,
    "Sec-Fetch-Mode",
)
"""Headers of proxies and browsers: a server in front of the socket must not make owners."""


class LocalSocket:
    """The listening socket file; `start` after the application, `stop` before it."""

    def __init__(self, folder: Path) -> None:
        """Listen in `folder`, the hub's data folder, which the hub has locked."""
        self.path = folder / NAME
        self._site: _Site | None = None

    async def start(self, runner: web.AppRunner) -> None:
        """Listen; without the socket the hub runs all the same, and says why.

        Raises `PortUnusable` when a living program listens there already.
        """
        if not hasattr(socket, "SO_PEERCRED"):
            _LOGGER.info("This system does not tell who connects: no local socket")
            return
        try:
            bound = self._bind()
        except OSError as error:
            _LOGGER.warning("No local socket at %s: %s", self.path, error.strerror or error)
            return
        self._site = _Site(runner, bound, str(self.path))
        await self._site.start()

    def stop(self) -> None:
        """Remove the file; the runner's clean-up closes the socket."""
        if self._site is not None:
            self._site = None
            self.path.unlink(missing_ok=True)

    def _bind(self) -> socket.socket:
        """Return the bound socket, mode 0600; it answers nobody before it listens."""
        with _opened(self.path.parent) as (folder, short):
            _check_folder(folder)
            _clear(folder, short, self.path)
            bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                bound.setblocking(False)
                bound.bind(short)
                os.chmod(NAME, 0o600, dir_fd=folder)
            except BaseException:
                bound.close()
                raise
            return bound


class _Site(web.BaseSite):
    """aiohttp's server on a unix socket that has been bound already."""

    def __init__(self, runner: web.AppRunner, bound: socket.socket, name: str) -> None:
        super().__init__(runner, backlog=128)
        self._bound = bound
        self._path = name

    @property
    def name(self) -> str:
        """Return the address in words."""
        return f"unix:{self._path}"

    async def start(self) -> None:
        """Listen from now on."""
        await super().start()
        server = self._runner.server
        assert server is not None  # noqa: S101 - the runner has been set up
        self._server = await asyncio.get_running_loop().create_unix_server(
            server, sock=self._bound, backlog=self._backlog
        )


def is_local(transport: asyncio.BaseTransport | None) -> bool:
    """Tell whether a connection came over the local socket."""
    return transport is not None and isinstance(transport.get_extra_info("sockname"), str)


def allowed(transport: asyncio.BaseTransport) -> bool:
    """Tell whether the other end of a local connection runs as the hub's own user or as root."""
    uid = peer_uid(transport)
    return uid is not None and uid in (os.geteuid(), 0)


def peer_uid(transport: asyncio.BaseTransport) -> int | None:
    """Return the user id of the program that connected, as the kernel knows it."""
    link: Any = transport.get_extra_info("socket")
    if link is None or link.fileno() < 0:
        return None
    # uvloop's stand-in for a socket has no getsockopt.
    with socket.socket(fileno=os.dup(link.fileno())) as own:
        found = own.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
    return int(_UCRED.unpack(found)[1])


def plain(headers: "Mapping[str, str]") -> bool:
    """Tell whether a request is of a program on this machine, by all it says itself."""
    return headers.get(hdrs.HOST, "") in ("", "localhost") and not any(
        name in headers for name in _FOREIGN
    )


def local_session(hub: "Hub", request: web.BaseRequest) -> Session | None:
    """Return the owner's session for a request over the local socket; None when it is not one."""
    transport = request.transport
    if transport is None or not is_local(transport) or not plain(request.headers):
        return None
    if not allowed(transport):
        return None
    owner = next((user for user in hub.auth.users.all() if user.is_owner), None)
    return Session(_ADMINISTRATOR if owner is None else owner, "")


# The house itself, as far as rights and contexts go: there is no user before the first owner.
_ADMINISTRATOR: Final = User(id=cast("str", None), name="Local administrator", role=Role.ADMIN)


@contextlib.contextmanager
def _opened(folder: Path) -> "Iterator[tuple[int, str]]":
    """Open the folder; yield it with an address of the socket short enough for the kernel (108)."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield handle, f"/proc/self/fd/{handle}/{NAME}"
    finally:
        os.close(handle)


def _check_folder(folder: int) -> None:
    """Refuse a folder in which somebody else could put a socket of theirs."""
    found = os.fstat(folder)
    if found.st_uid not in (os.geteuid(), 0):
        raise OSError(errno.EPERM, "the folder belongs to another user")
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        mode = stat.S_IMODE(found.st_mode)
        raise OSError(errno.EPERM, f"others may write into the folder (mode {mode:04o})")


def _clear(folder: int, short: str, path: Path) -> None:
    """Remove what a hub left that was killed; refuse what is alive, or no socket."""
    try:
        mode = os.stat(NAME, dir_fd=folder, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise OSError(errno.EEXIST, "something that is no socket stands there; move it away")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(short)
        except ConnectionRefusedError:
            os.unlink(NAME, dir_fd=folder)
            return
    raise PortUnusable(f"{path} is in use by another program; stop that program")
