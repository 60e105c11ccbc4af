"""HTTP over a socket: whole answers, kept connections, and servers that misbehave."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from hub.cli.wire import Address, Wire, WireError, quote


@contextmanager
def server(*answers: bytes | None) -> Iterator[tuple[Address, list[bytes]]]:
    """Answer each connection's requests with these bytes in turn; None = hang up."""
    asked: list[bytes] = []
    left = list(answers)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(30)

        def serve() -> None:
            while left:
                try:
                    link, _ = listening.accept()
                except OSError:
                    return
                with link:
                    link.settimeout(30)
                    while left and (data := link.recv(1 << 16)):
                        asked.append(data)
                        answer = left.pop(0)
                        if answer is None:
                            break
                        link.sendall(answer)
                        if b"close" in answer or b"Content" not in answer:
                            break

        thread = threading.Thread(target=serve)
        thread.start()
        yield Address(host="127.0.0.1", port=listening.getsockname()[1]), asked
        listening.close()
        thread.join(30)


def get(wire: Wire, path: str = "/", seconds: float = 30) -> tuple[int, bytes]:
    answer = wire.exchange("GET", path, {}, b"", seconds)
    return answer.status, answer.body


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.mark.parametrize(
    ("raw", "body"),
    [
        (OK, b"ok"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, b"ok"),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nto the end", b"to the end"),
        (
            (
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: close\r\n\r\n"
                b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX: y\r\n\r\n"
            ),
            b"abcde",
        ),
        (b"HTTP/1.1 204 No Content\r\nX: close\r\n\r\n", b""),
        (b"HTTP/1.0 200 OK\r\ncontent-length:2\r\n\r\nok", b"ok"),
    ],
)
def test_whole_answers(raw: bytes, body: bytes) -> None:
    with server(raw) as (address, _):
        wire = Wire(address)
        assert get(wire)[1] == body
        wire.close()


@pytest.mark.parametrize(
    "raw",
    [
        None,
        b"SSH-2.0-OpenSSH_9\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 99999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: close\r\n\r\nxyz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: close\r\n\r\n-5\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * (80 << 10) + b" close\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransf",
    ],
)
def test_what_is_no_answer_is_told(raw: bytes | None) -> None:
    with server(raw) as (address, _):
        wire = Wire(address)
        with pytest.raises(WireError):
            get(wire)
        wire.close()


def test_a_connection_is_kept_and_renewed() -> None:
    with server(
        OK, OK, b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbye", OK
    ) as (
        address,
        asked,
    ):
        wire = Wire(address)
        assert [get(wire, f"/{number}")[1] for number in range(4)] == [b"ok", b"ok", b"bye", b"ok"]
        assert [data.split()[1] for data in asked] == [b"/0", b"/1", b"/2", b"/3"]
        wire.close()


def test_a_connection_that_the_hub_dropped_is_opened_anew() -> None:
    with server(OK.replace(b"\r\n\r\n", b"\r\nX: close\r\n\r\n"), OK) as (address, asked):
        wire = Wire(address)
        assert get(wire)[1] == b"ok"
        end = time.monotonic() + 30
        while not wire._stale() and time.monotonic() < end:
            time.sleep(0.01)
        assert get(wire)[1] == b"ok"
        assert len(asked) == 2
        wire.close()


def test_a_silent_hub_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        wire = Wire(Address(host="127.0.0.1", port=listening.getsockname()[1]))
        with pytest.raises(TimeoutError):
            get(wire, seconds=0.05)


def test_addresses_in_words() -> None:
    assert str(Address(path="/run/hub.sock")) == "unix:/run/hub.sock"
    assert str(Address(host="::1", port=8123)) == "http://[::1]:8123"
    assert Address(host="hub.lan", port=443, tls=True).authority == "hub.lan"
    assert Address(host="hub.lan", port=8123).authority == "hub.lan:8123"
    assert quote("a/b c?ü") == "a%2Fb%20c%3F%C3%BC"
