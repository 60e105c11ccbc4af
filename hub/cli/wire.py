"""HTTP/1.1 over a unix or TCP socket, as much as one client of one hub needs.

The standard library's http.client brings the whole of `email` and `ssl`: 25 ms and 6 MB, a
quarter of what `hub get` may take. This speaks lengths, chunks and kept connections; `ssl` comes
only for https.
"""

import json
import os
import select
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, NamedTuple
from urllib.parse import quote as percent

from hub.cli.errors import CliError

MAX_PATH: Final = 108
MAX_HEAD: Final = 64 << 10
MAX_BODY: Final = 256 << 20
CONNECT_SECONDS: Final = 5.0
NO_BODY: Final = (204, 304)


class WireError(Exception):
    """The other end does not speak HTTP, or hung up."""


class Address(NamedTuple):
    """Where a hub answers: a socket file, or host and port with or without TLS."""

    path: str | None = None
    host: str = ""
    port: int = 0
    tls: bool = False

    def __str__(self) -> str:
        """Render as people would write it."""
        if self.path is not None:
            return f"unix:{self.path}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"

    @property
    def authority(self) -> str:
        """Return the Host header."""
        if self.path is not None:
            return "localhost"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"


@dataclass(slots=True)
class Answer:
    """A whole answer; header names in small letters."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Parse the body; raises `CliError`."""
        try:
            return json.loads(self.body) if self.body else None
        except ValueError:
            raise CliError(
                "the answer is not JSON", "is it a hub? try `hub doctor`", code="unavailable"
            ) from None


class Wire:
    """One connection, opened when it is needed and again when the hub closed it meanwhile."""

    def __init__(self, address: Address) -> None:
        """Talk to `address`."""
        self.address = address
        self._socket: socket.socket | None = None
        self._file: BinaryIO | None = None

    def exchange(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, seconds: float
    ) -> Answer:
        """Send a request and read the whole answer.

        Raises `OSError` when the hub can not be reached, `TimeoutError` when it is silent for
        `seconds`, `WireError`.
        """
        status, found, parts = self.open(method, path, headers, body, seconds)
        whole = b"".join(parts)
        return Answer(status, found, whole)

    def open(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, seconds: float
    ) -> tuple[int, dict[str, str], Iterator[bytes]]:
        """Send a request; return status, headers and the body piece by piece."""
        if self._socket is not None and self._stale():
            self.close()
        if self._socket is None:
            self._connect()
        assert self._socket is not None  # noqa: S101 - opened above
        self._socket.settimeout(seconds)
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.address.authority}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if body or method in ("POST", "PUT", "PATCH"):
            lines.append(f"Content-Length: {len(body)}")
        try:
            self._socket.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
            status, found = self._head()
        except BaseException:
            self.close()
            raise
        return status, found, self._body(method, status, found)

    def close(self) -> None:
        """Hang up."""
        if self._file is not None:
            self._file.close()
        if self._socket is not None:
            self._socket.close()
        self._socket = self._file = None

    # --- inside

    def _connect(self) -> None:
        address = self.address
        if address.path is not None:
            link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                link.settimeout(CONNECT_SECONDS)
                with short(address.path) as path:
                    link.connect(path)
            except BaseException:
                link.close()
                raise
        else:
            link = socket.create_connection((address.host, address.port), CONNECT_SECONDS)
            if address.tls:
                link = _secured(link, address.host)
        self._socket, self._file = link, link.makefile("rb")

    def _stale(self) -> bool:
        """Tell whether the hub has closed a kept connection: there is something to read."""
        link = self._socket
        return link is not None and bool(select.select([link], [], [], 0)[0])

    def _head(self) -> tuple[int, dict[str, str]]:
        """Read status and headers, interim answers (1xx) passed over."""
        while True:
            start = self._line(MAX_HEAD)
            if not start:
                raise WireError("the connection was closed before an answer came")
            parts = start.split(None, 2)
            if len(parts) < 2 or not parts[0].startswith("HTTP/1.") or not parts[1].isdigit():
                raise WireError("the answer is not HTTP")
            headers = self._headers()
            if not 100 <= int(parts[1]) < 200:
                return int(parts[1]), headers

    def _headers(self) -> dict[str, str]:
        headers: dict[str, str] = {}
        left = MAX_HEAD
        while line := self._line(left).rstrip("\r\n"):
            left -= len(line)
            name, colon, value = line.partition(":")
            if not colon or left <= 0:
                raise WireError("the head of the answer is damaged")
            headers[name.strip().lower()] = value.strip()
        return headers

    def _line(self, limit: int) -> str:
        assert self._file is not None  # noqa: S101 - the connection is open
        line = self._file.readline(limit)
        if line and not line.endswith(b"\n"):
            raise WireError("the answer ended in the middle")
        return line.decode("latin-1")

    def _body(self, method: str, status: int, headers: Mapping[str, str]) -> Iterator[bytes]:
        try:
            if method == "HEAD" or status in NO_BODY:
                return
            if headers.get("transfer-encoding", "").lower() == "chunked":
                yield from self._chunks()
            elif "content-length" in headers:
                yield from self._counted(headers["content-length"])
            else:
                yield from self._rest()
                self.close()
        except BaseException:
            self.close()
            raise
        if headers.get("connection", "").lower() == "close":
            self.close()

    def _counted(self, length: str) -> Iterator[bytes]:
        if not length.isdigit() or int(length) > MAX_BODY:
            raise WireError("the answer is too long")
        left = int(length)
        while left:
            piece = self._read(min(left, 1 << 16))
            if not piece:
                raise WireError("the answer ended in the middle")
            left -= len(piece)
            yield piece

    def _chunks(self) -> Iterator[bytes]:
        total = 0
        while True:
            try:
                size = int(self._line(1024).partition(";")[0], 16)
            except ValueError:
                raise WireError("the answer is damaged") from None
            total += size
            if size < 0 or total > MAX_BODY:
                raise WireError("the answer is too long")
            if size == 0:
                self._headers()
                return
            yield from self._counted(str(size))
            self._line(1024)

    def _rest(self) -> Iterator[bytes]:
        total = 0
        while piece := self._read(1 << 16):
            total += len(piece)
            if total > MAX_BODY:
                raise WireError("the answer is too long")
            yield piece

    def _read(self, count: int) -> bytes:
        assert self._file is not None  # noqa: S101 - the connection is open
        return self._file.read1(count)  # type: ignore[attr-defined,no-any-return]


def _secured(link: socket.socket, host: str) -> socket.socket:
    """Wrap a connection in TLS; certificate and name are always checked."""
    import ssl

    try:
        return ssl.create_default_context().wrap_socket(link, server_hostname=host)
    except BaseException:
        link.close()
        raise


@contextmanager
def short(path: str) -> Iterator[str]:
    """Yield a name of a socket file that fits the 108 bytes that the kernel takes."""
    if len(path.encode()) < MAX_PATH:
        yield path
        return
    folder, _, name = path.rpartition("/")
    handle = os.open(folder or "/", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{handle}/{name}"
    finally:
        os.close(handle)


def quote(text: str) -> str:
    """Return a text as one part of a path or query."""
    return percent(text, safe="")
