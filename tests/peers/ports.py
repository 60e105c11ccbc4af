"""Free loopback ports, and waiting for a peer to answer on one."""

import asyncio
import os
import secrets
import shutil
import socket
import time
from collections.abc import Callable, Iterator

import pytest

_LOWEST, _HIGHEST = 11_000, 31_000
"""The kernel gives ports above 32767 to outgoing connections, at any moment to anybody."""
_WORKERS = 8
"""Slices of the range: workers of one run never meet (a ninth shares with the first)."""


def _ports() -> Iterator[int]:
    """Yield the ports of this worker's slice round and round, from a random place."""
    size = (_HIGHEST - _LOWEST) // _WORKERS
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _WORKERS
    at = secrets.randbelow(size)
    while True:
        at = (at + 1) % size
        yield _LOWEST + worker * size + at


_next = _ports()


def free_port_number() -> int:
    """Return a port of 127.0.0.1 (TCP and UDP) that is free and that nobody is given meanwhile."""
    for port in _next:
        with socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as datagrams:
            try:
                stream.bind(("127.0.0.1", port))
                datagrams.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("the ports go round for ever")


def require(program: str, install: str) -> str:
    """Return the path of a program; fail the test with its install line when it is missing."""
    found = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is not None:
        return found
    reason = f"{program} is missing: {install}"
    if os.environ.get("HUB_TEST_ALLOW_SKIP") == "1":
        pytest.skip(reason)
    pytest.fail(reason, pytrace=False)


def wait_for_port(
    port: int, *, timeout: float = 30.0, alive: Callable[[], bool] | None = None
) -> None:
    """Return when 127.0.0.1:port accepts; fail after `timeout` seconds or when `alive` says no."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if alive is not None and not alive():
            pytest.fail(f"the peer for port {port} ended before it listened")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    pytest.fail(f"nothing listens on 127.0.0.1:{port} after {timeout} s")


def wait_for(condition: Callable[[], object], what: str, *, timeout: float = 30.0) -> None:
    """Return when `condition()` is true; fail naming `what` after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"still waiting for {what} after {timeout} s")
        time.sleep(0.01)


async def wait_until(condition: Callable[[], object], *, timeout: float = 30.0) -> None:
    """Return when `condition()` is true, looked at once per 10 ms; fail after `timeout` seconds."""
    try:
        async with asyncio.timeout(timeout):
            while not condition():
                await asyncio.sleep(0.01)
    except TimeoutError:
        pytest.fail(f"still not so after {timeout} s: {condition}")


@pytest.fixture
def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on."""
    return free_port_number()


@pytest.fixture
def free_ports() -> Callable[[], int]:
    """A function that returns another free port at each call."""
    return free_port_number
